package io.evenkeel.rsocket;

import static io.evenkeel.rsocket.PoolBed.leaving;
import static io.evenkeel.rsocket.PoolBed.pod;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.CapturedLog;
import io.evenkeel.FaultInjector;
import io.evenkeel.FaultInjector.Kind;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.status.EndpointStatus;
import io.rsocket.Payload;
import io.rsocket.exceptions.ApplicationErrorException;
import io.rsocket.util.DefaultPayload;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/**
 * Whichever call of foreign code throws, and what, the pool goes on: a scenario over core's rebalancer and connections in memory
 * (start, scale-out, drain, renewal, ejection, close) is run once for each call of connecting, of the RSocket with the
 * application's interceptors, the resumer, the route function, countsAsFailure, the subscribers, the listener and the recorder.
 * That such code may block has tests of its own, over real TCP.
 */
@Timeout(300)
class ForeignCodeTest {

    /** Every so many calls one fails, another one with each kind; 1 to try all of them. */
    private static final int STEP = Integer.getInteger("evenkeel.foreign.step", 5);

    @Test
    void whichever_call_throws_whatever_the_pool_serves_again() {
        FaultInjector counting = FaultInjector.none();
        new Scenario(counting).run();
        Map<Kind, Integer> tried = new EnumMap<>(Kind.class);
        Map<String, Integer> methods = new TreeMap<>();
        for (Kind kind : Kind.values()) {
            for (int n = 1 + kind.ordinal(); kind != Kind.NEVER_COMPLETES && n <= counting.calls(); n += STEP) {
                FaultInjector fault = new FaultInjector(n, kind);
                try (CapturedLog log = new CapturedLog()) {
                    new Scenario(fault).run();
                } catch (Throwable failure) {
                    throw new AssertionError(fault + ": " + failure, failure);
                }
                if (fault.failed() != null) {
                    tried.merge(kind, 1, Integer::sum);
                    methods.merge(fault.failed(), 1, Integer::sum);
                }
            }
        }
        System.out.printf(
                "foreign code, RSocket: %d calls in the scenario, %s; %d runs, by method %s%n",
                counting.calls(),
                tried,
                tried.values().stream().mapToInt(Integer::intValue).sum(),
                methods);
        assertThat(methods)
                .containsKeys("requestResponse", "requestStream", "isDisposed", "delivered", "get", "apply", "test")
                .containsKeys("onNext", "onSubscribe", "onComplete", "on");
    }

    private static final class Scenario {
        private static final Endpoint A = pod("a1");
        private static final Endpoint B = pod("b2");
        private static final Endpoint C = pod("c3");
        private static final Endpoint D = pod("d4");

        private final FaultInjector fault;
        private final PoolBed bed;
        private @Nullable String shown;

        Scenario(FaultInjector fault) {
            this.fault = fault;
            Function<Payload, String> routes = Payload::getDataUtf8;
            Supplier<StreamResumer> resumers = () -> fault.wrap(StreamResumer.class, new StreamResumer() {
                @Override
                public void delivered(Payload payload) {}

                @Override
                public Payload resume() {
                    return DefaultPayload.create("again");
                }
            });
            bed = new PoolBed(
                    settings ->
                            settings.maxConnectionAge(Duration.ofSeconds(30)).moveWindow(Duration.ofSeconds(2)),
                    new StreamPolicies(
                            LongStreamPolicy.stick(),
                            Map.of("long", LongStreamPolicy.resubscribe(fault.wrap(Supplier.class, resumers))),
                            fault.wrap(Function.class, routes)),
                    1,
                    32,
                    fault);
        }

        void run() {
            request();
            publish(A, B);
            pass(3);
            publish(A, B, C);
            pass(3);
            publish(leaving("a1"), B, C);
            pass(5);
            publish(B, C);
            pass(40);
            bed.down.add("b2");
            bed.sockets.stream().filter(socket -> socket.pod.equals("b2")).forEach(FakeRSocket::lose);
            pass(8);
            bed.down.clear();
            pass(8);
            publish(A, B, C, D);
            pass(5);
            settle();
            close();
        }

        private void publish(Endpoint... endpoints) {
            bed.publish(endpoints);
        }

        private void pass(int seconds) {
            for (int i = 0; i < seconds; i++) {
                request();
                bed.pass(Duration.ofMillis(500));
                answer();
                bed.pass(Duration.ofMillis(500));
                look();
            }
        }

        private void request() {
            subscribe(() -> new PodsRSocket(bed.router, null, () -> 1).requestResponse(DefaultPayload.create("x")));
            subscribe(() -> new PodsRSocket(bed.router, null, () -> 1).requestStream(DefaultPayload.create("long")));
        }

        private void subscribe(Supplier<Publisher<Payload>> request) {
            try {
                request.get().subscribe(fault.wrap(Subscriber.class, new Asking()));
            } catch (RuntimeException | Error e) {
                // It is the caller's.
            }
        }

        private void answer() {
            for (FakeRSocket socket : List.copyOf(bed.sockets)) {
                for (int i = 0; i < socket.responses.size(); i++) {
                    if (i % 3 == 2) {
                        socket.responses.get(i).tryEmitError(new ApplicationErrorException("the server's"));
                    } else {
                        socket.answer(i, "answer");
                    }
                }
                for (int i = 0; i < socket.streams.size(); i++) {
                    socket.emit(i, "element");
                }
                // Some end, others outlast their connection.
                for (int i = 0; i < socket.streams.size() - 1; i++) {
                    socket.streams.get(i).tryEmitComplete();
                }
            }
        }

        private void look() {
            if (fault.failed() == null || shown != null) {
                return;
            }
            for (EndpointStatus endpoint : bed.rebalancer.status().endpoints()) {
                String error = endpoint.lastError();
                if (error != null && error.contains(FaultInjector.MESSAGE)) {
                    shown = error;
                }
            }
        }

        private void settle() {
            fault.disarm();
            pass(60);
            for (FakeRSocket socket : bed.sockets) {
                socket.received.clear();
            }
            for (int i = 0; i < 20; i++) {
                request();
            }
            for (Endpoint pod : List.of(A, B, C, D)) {
                assertThat(bed.sockets)
                        .as("connections of %s, %s", pod.key(), bed.rebalancer.status())
                        .filteredOn(socket -> socket.pod.equals(pod.identity()) && !socket.isDisposed())
                        .isNotEmpty()
                        .anySatisfy(socket -> assertThat(socket.received).isNotEmpty());
            }
            answer();
            for (FakeRSocket socket : bed.sockets) {
                socket.streams.forEach(stream -> stream.tryEmitComplete());
            }
            bed.pass(Duration.ofSeconds(40));
            assertThat(bed.connected()).as("connections that servers see").isBetween(4, 4 + leftOpen());
            if ("run".equals(fault.failed())) {
                assertThat(shown)
                        .as("the cause of a failed connect in the status")
                        .isNotNull();
            }
        }

        /** Where the RSocket isn't closed, the wire beneath it is, which these connections don't have. */
        private int leftOpen() {
            return "dispose".equals(fault.failed()) ? 1 : 0;
        }

        private void close() {
            bed.rebalancer.close();
            bed.scheduler.runDue();
            bed.connections.shut();
            bed.connections.dispose();
            bed.pass(Duration.ofSeconds(10));
            assertThat(bed.connected())
                    .as("connections that servers see after the close")
                    .isLessThanOrEqualTo(leftOpen());
            assertThat(bed.connections.inFlight()).as("requests in flight").isZero();
        }
    }

    /** Asks for everything. */
    private static final class Asking implements Subscriber<Payload> {
        @Override
        public void onSubscribe(Subscription subscription) {
            subscription.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(Payload payload) {
            payload.release();
        }

        @Override
        public void onError(Throwable failure) {}

        @Override
        public void onComplete() {}
    }
}
