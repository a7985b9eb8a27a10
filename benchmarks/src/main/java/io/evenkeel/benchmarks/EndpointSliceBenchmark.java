package io.evenkeel.benchmarks;

import com.sun.management.ThreadMXBean;
import io.evenkeel.endpoint.Target;
import io.evenkeel.kubernetes.AddressFamily;
import io.evenkeel.kubernetes.EndpointSlice;
import io.evenkeel.kubernetes.EndpointSliceMapper;
import io.evenkeel.kubernetes.SlicesUnderTest;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.SourceContext;
import io.evenkeel.time.Scheduler;
import io.evenkeel.watch.EndpointWatchers;
import io.evenkeel.watch.WatcherConfig;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Queue;
import java.util.Random;
import java.util.function.IntConsumer;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * What one event of a watch costs: a slice of 100 endpoints in which one has changed its condition, of a Service with
 * few or many slices. What is O(changed slice) costs the same for both. On one thread; run it from the root of the
 * project with
 *
 * <pre>{@code
 * mvn -q -pl benchmarks -am test-compile exec:java -Dexec.mainClass=io.evenkeel.benchmarks.EndpointSliceBenchmark
 * }</pre>
 */
public final class EndpointSliceBenchmark {

    private static final int PER_SLICE = 100;
    private static final int WARM_UP = 5_000;
    private static final int EVENTS = 3_000;
    // The slowest are measured less often.
    private static final int FEW = 20;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private EndpointSliceBenchmark() {}

    /** Prints the median, the 99th percentile and the allocated bytes of each step; takes no arguments. */
    public static void main(String[] arguments) {
        // First of all, while nothing else comes and goes on the heap.
        System.out.printf(
                Locale.ROOT, "kept by the mapper for 10000 endpoints in 100 slices: %.1f MB%n%n", keptBytes() / 1e6);
        measure(false);
        System.out.printf(
                "%-44s %9s %7s %12s %9s %14s%n", "step", "endpoints", "slices", "median µs", "p99 µs", "bytes/event");
        measure(true);
    }

    /** Once for nothing, so that what is measured is compiled for all sizes. */
    private static void measure(boolean printed) {
        for (int slices : new int[] {1, 10, 100}) {
            new Service(slices, printed).measure();
        }
    }

    /** A Service, and the events in which one Pod after another becomes ready or ceases to be. */
    private static final class Service {
        private final int slices;
        private final boolean printed;
        private final List<byte[]> lines = new ArrayList<>();
        private final List<EndpointSlice> events = new ArrayList<>();
        private final EndpointSliceMapper mapper = new EndpointSliceMapper("5432", AddressFamily.IPV4);

        Service(int slices, boolean printed) {
            this.slices = slices;
            this.printed = printed;
            Random random = new Random(7);
            for (int i = 0; i < slices; i++) {
                mapper.put(SlicesUnderTest.read(line(i, -1, 0)));
            }
            for (int i = 0; i < 1_000; i++) {
                lines.add(line(random.nextInt(slices), random.nextInt(PER_SLICE), i + 1));
                events.add(SlicesUnderTest.read(lines.get(i)));
            }
        }

        void measure() {
            print("read the slice", run(EVENTS, i -> SlicesUnderTest.read(lines.get(i % lines.size()))));
            print("map it: what changed", run(EVENTS, i -> mapper.put(events.get(i % events.size()))));
            print("list all endpoints (at most 10 a second)", run(EVENTS, i -> mapper.endpoints()));
            Watched watched = new Watched();
            watched.source.report(mapper.endpoints());
            print("settle: compare all (at most 10 a second)", run(EVENTS, i -> {
                mapper.put(events.get(i % events.size()));
                watched.source.report(mapper.endpoints());
            }));
            List<EndpointSlice> all = mapper.slices();
            print(
                    "for comparison: map all slices anew",
                    run(FEW, i -> EndpointSliceMapper.map("5432", AddressFamily.IPV4, all)));
        }

        private void print(String step, Cost cost) {
            if (!printed) {
                return;
            }
            System.out.printf(
                    Locale.ROOT,
                    "%-44s %9d %7d %12.1f %9.1f %14d%n",
                    step,
                    slices * PER_SLICE,
                    slices,
                    cost.medianMicros,
                    cost.p99Micros,
                    cost.bytes);
        }
    }

    private record Cost(double medianMicros, double p99Micros, long bytes) {}

    private static Cost run(int times, IntConsumer event) {
        for (int i = 0; i < Math.min(WARM_UP, times * 10); i++) {
            event.accept(i);
        }
        double[] micros = new double[times];
        long allocated = THREADS.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < times; i++) {
            long start = System.nanoTime();
            event.accept(i);
            micros[i] = (System.nanoTime() - start) / 1e3;
        }
        allocated = THREADS.getCurrentThreadAllocatedBytes() - allocated;
        Arrays.sort(micros);
        return new Cost(micros[times / 2], micros[times * 99 / 100], allocated / times);
    }

    /** A watch that never settles, since its time stands still: what is measured is what every report costs. */
    private static final class Watched {
        private final Told source = new Told();

        Watched() {
            Queue<Runnable> due = new ArrayDeque<>();
            Scheduler scheduler = (delay, task) -> {
                if (delay.isZero()) {
                    due.add(task);
                }
                return () -> {};
            };
            SourceContext context = new SourceContext(() -> 0, scheduler, Runnable::run, new Random(7));
            source.due = due;
            WatcherConfig config = WatcherConfig.builder()
                    .settle(Duration.ofHours(1))
                    .settleMax(Duration.ofHours(1))
                    .build();
            new EndpointWatchers(context, (target, c) -> source)
                    .subscribe(Target.parse("k8s:///pg.default:5432"), config, snapshot -> {});
            source.runDue();
        }
    }

    private static final class Told implements EndpointSource {
        private Queue<Runnable> due = new ArrayDeque<>();
        private @Nullable Observer observer;

        @Override
        public void start(Observer toTell) {
            observer = toTell;
        }

        void report(List<io.evenkeel.endpoint.Endpoint> endpoints) {
            Objects.requireNonNull(observer).on(new Endpoints(endpoints));
            runDue();
        }

        void runDue() {
            for (Runnable task = due.poll(); task != null; task = due.poll()) {
                task.run();
            }
        }

        @Override
        public void close() {}
    }

    /** The median of several, since Maven's own garbage comes and goes on the same heap. */
    private static long keptBytes() {
        return LongStream.generate(EndpointSliceBenchmark::keptBytesOnce)
                .limit(5)
                .sorted()
                .skip(2)
                .findFirst()
                .orElseThrow();
    }

    private static long keptBytesOnce() {
        // Loads the classes, so that they are not counted.
        SlicesUnderTest.read(line(0, -1, 0));
        long before = used();
        EndpointSliceMapper mapper = new EndpointSliceMapper("5432", AddressFamily.IPV4);
        for (int i = 0; i < 100; i++) {
            mapper.put(SlicesUnderTest.read(line(i, -1, 0)));
        }
        long after = used();
        // Also keeps the mapper reachable until here.
        if (mapper.endpoints().size() != 100 * PER_SLICE) {
            throw new IllegalStateException("endpoints: " + mapper.endpoints().size() + " (expected: 10000)");
        }
        return after - before;
    }

    private static long used() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    /** As an API server writes it, with the fields that are not read here. */
    private static byte[] line(int slice, int notReady, int version) {
        StringBuilder text = new StringBuilder(60_000);
        text.append(
                        "{\"type\":\"MODIFIED\",\"object\":{\"kind\":\"EndpointSlice\",\"apiVersion\":\"discovery.k8s.io/v1\",")
                .append("\"metadata\":{\"name\":\"pg-")
                .append(slice)
                .append("\",\"generateName\":\"pg-\",\"namespace\":\"default\",")
                .append("\"uid\":\"837d6ca6-c3ee-488d-aa56-")
                .append(slice)
                .append("\",\"resourceVersion\":\"")
                .append(1_000 + version)
                .append("\",\"generation\":")
                .append(version)
                .append(
                        ",\"labels\":{\"kubernetes.io/service-name\":\"pg\"},\"managedFields\":[{\"manager\":\"kube-controller-manager\",")
                .append(
                        "\"operation\":\"Update\",\"fieldsV1\":{\"f:addressType\":{},\"f:endpoints\":{},\"f:ports\":{}}}]},")
                .append("\"addressType\":\"IPv4\",\"endpoints\":[");
        for (int i = 0; i < PER_SLICE; i++) {
            int pod = slice * PER_SLICE + i;
            text.append(i == 0 ? "" : ",")
                    .append("{\"addresses\":[\"10.")
                    .append(pod >> 16)
                    .append('.')
                    .append(pod >> 8 & 255)
                    .append('.')
                    .append(pod & 255)
                    .append("\"],\"conditions\":{\"ready\":")
                    .append(i != notReady)
                    .append(",\"serving\":")
                    .append(i != notReady)
                    .append(
                            ",\"terminating\":false},\"targetRef\":{\"kind\":\"Pod\",\"namespace\":\"default\",\"name\":\"pg-f7f65f4b6-")
                    .append(pod)
                    .append("\",\"uid\":\"717c3f0a-3571-4440-990f-")
                    .append(pod)
                    .append("\"},\"nodeName\":\"node-")
                    .append(pod % 50)
                    .append("\",\"zone\":\"zone-")
                    .append(pod % 3)
                    .append("\"}");
        }
        text.append("],\"ports\":[{\"name\":\"pg\",\"protocol\":\"TCP\",\"port\":5432}]}}\n");
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }
}
