package io.evenkeel.source;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.Target;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * {@code hanging:///127.0.0.1:5432}: a source that reports this endpoint and then never returns from any call, not even
 * when it is interrupted, until a test lets all of them go. For adapters' tests, which find it by its scheme.
 */
public final class HangingSourceProvider implements EndpointSourceProvider {

    private static final AtomicInteger HANGING = new AtomicInteger();
    private static volatile CountDownLatch letGo = new CountDownLatch(1);

    /** How many calls have not returned. */
    public static int hanging() {
        return HANGING.get();
    }

    /** Lets all calls return; later ones hang again. */
    public static void letGo() {
        CountDownLatch before = letGo;
        letGo = new CountDownLatch(1);
        before.countDown();
    }

    @Override
    public Set<String> schemes() {
        return Set.of("hanging");
    }

    @Override
    public EndpointSource create(Target target, SourceContext context) {
        HostPort address = HostPort.parse(target.path(), "address", target.toString(), "hanging:///127.0.0.1:1");
        return new EndpointSource() {
            @Override
            public void start(Observer observer) {
                observer.on(new Endpoints(List.of(Endpoint.of(address.host(), address.port()))));
                hang();
            }

            @Override
            public long requests() {
                hang();
                return 0;
            }

            @Override
            public void close() {
                hang();
            }
        };
    }

    private static void hang() {
        CountDownLatch until = letGo;
        HANGING.incrementAndGet();
        boolean over = false;
        while (!over) {
            try {
                until.await();
                over = true;
            } catch (InterruptedException swallowed) {
                // As code that ignores interrupts.
            }
        }
        HANGING.decrementAndGet();
    }
}
