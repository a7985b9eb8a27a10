package io.evenkeel.benchmarks;

import com.sun.management.ThreadMXBean;
import io.rsocket.Payload;
import io.rsocket.transport.ClientTransport;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;

/**
 * What the way through a client costs, without a network: request-response over rsocket-java's real requester to a
 * server that costs next to nothing, on one thread, {@value #WIDTH} requests in flight. Counts this thread's processor
 * time and what it allocates, so that other load on the machine matters little.
 *
 * <p>The clients take turns within one process, many times over, after all of them have warmed up.
 *
 * <pre>{@code
 * mvn -q -pl benchmarks -am test-compile exec:exec -Dexec.executable=java \
 *     -Dexec.args="-cp %classpath io.evenkeel.benchmarks.RSocketPathBenchmark"
 * }</pre>
 */
public final class RSocketPathBenchmark {
    private static final int WIDTH = 64;
    private static final int ROUNDS = 40;
    private static final int WARM_UP_ROUNDS = 15;
    private static final int REQUESTS = 64_000;

    private static final ThreadMXBean THREADS = ManagementFactory.getPlatformMXBean(ThreadMXBean.class);

    private RSocketPathBenchmark() {}

    /** Prints the table; the arguments are the clients to measure, none for all. Takes about a minute. */
    public static void main(String[] arguments) throws Exception {
        List<String> names = arguments.length == 0 ? RSocketUnderTest.ALL : List.of(arguments);
        Map<String, Lane> lanes = new LinkedHashMap<>();
        for (String name : names) {
            lanes.put(name, new Lane(name));
        }
        for (int round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
            List<Lane> turns = new ArrayList<>(lanes.values());
            Collections.rotate(turns, round);
            for (Lane lane : turns) {
                lane.measure(round >= WARM_UP_ROUNDS);
            }
        }
        print(lanes);
        for (Lane lane : lanes.values()) {
            lane.underTest.closeable().close();
        }
        System.exit(0);
    }

    private static void print(Map<String, Lane> lanes) {
        System.out.printf("%-22s%12s%12s%12s%12s%n", "client", "cpu ns/req", "lowest", "ratio", "bytes/req");
        lanes.forEach((name, lane) -> {
            Lane plain = lanes.get(RSocketUnderTest.plain(name));
            System.out.printf(
                    "%-22s%12.0f%12.0f%12.3f%12.0f%n",
                    name,
                    median(lane.cpu),
                    Collections.min(lane.cpu),
                    plain == null ? Double.NaN : median(lane.cpu) / median(plain.cpu),
                    median(lane.bytes));
        });
        System.out.println("medians of " + ROUNDS + " rounds; ratios to the plain one that is asked in the same way");
    }

    private static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.get(sorted.size() / 2);
    }

    /** One client and what was measured of it. */
    private static final class Lane implements CoreSubscriber<Payload> {
        private final EchoWire wire = new EchoWire();
        private final RSocketUnderTest underTest;
        private final List<Double> cpu = new ArrayList<>();
        private final List<Double> bytes = new ArrayList<>();
        private long answered;

        Lane(String name) throws InterruptedException {
            underTest = RSocketUnderTest.open(
                    name, Collections.<ClientTransport>nCopies(RSocketUnderTest.endpoints(name), wire));
            awaitConnected();
        }

        /** The first answers come when another thread has connected. */
        private void awaitConnected() throws InterruptedException {
            underTest.requests().get().subscribe(this);
            for (int i = 0; i < 1_000 && answered == 0; i++) {
                Thread.sleep(10);
                wire.deliver();
            }
            // the other connections
            Thread.sleep(500);
        }

        void measure(boolean counts) {
            long cpuBefore = THREADS.getCurrentThreadCpuTime();
            long bytesBefore = THREADS.getCurrentThreadAllocatedBytes();
            long answeredBefore = answered;
            for (int sent = 0; sent < REQUESTS; sent += WIDTH) {
                for (int i = 0; i < WIDTH; i++) {
                    underTest.requests().get().subscribe(this);
                }
                wire.deliver();
            }
            double requests = answered - answeredBefore;
            if (requests != REQUESTS) {
                throw new IllegalStateException("answers: " + requests + " (expected: " + REQUESTS + ")");
            }
            if (counts) {
                cpu.add((THREADS.getCurrentThreadCpuTime() - cpuBefore) / requests);
                bytes.add((THREADS.getCurrentThreadAllocatedBytes() - bytesBefore) / requests);
            }
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            subscription.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(Payload answer) {
            answer.release();
        }

        @Override
        public void onError(Throwable failure) {
            throw new IllegalStateException("a request failed", failure);
        }

        @Override
        public void onComplete() {
            answered++;
        }
    }
}
