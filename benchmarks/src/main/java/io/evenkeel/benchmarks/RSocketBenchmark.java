package io.evenkeel.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import io.rsocket.transport.ClientTransport;
import io.rsocket.transport.netty.client.TcpClientTransport;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import reactor.core.publisher.Mono;

/**
 * Request-response over TCP to servers that echo in another process, {@value #WIDTH} requests in flight: one plain
 * connection, rsocket-java's load balancer by both its strategies, and Evenkeel, over one and over four endpoints.
 * {@code rsocket} is asked as an {@code RSocket}, {@code client} as an {@code RSocketClient}; rsocket-java's balancer
 * is only the latter.
 *
 * <p>{@link #main} runs the clients one fork after another in turn, so that a machine that slows down slows all of
 * them, and prints the medians. {@code --quick} takes about two minutes.
 *
 * <pre>{@code
 * mvn -q -pl benchmarks -am test-compile exec:exec -Dexec.executable=java \
 *     -Dexec.args="-cp %classpath io.evenkeel.benchmarks.RSocketBenchmark --quick"
 * }</pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
public class RSocketBenchmark {
    static final int WIDTH = 64;
    static final int REQUESTS = 5_000;

    /** What is measured: the client, how it is asked, and the number of endpoints. */
    @Param("plain-rsocket-1")
    public String client = "plain-rsocket-1";

    private final List<AutoCloseable> closeables = new ArrayList<>();
    private RequestWindow window = RequestWindow.ofRSocket(0, Mono::empty);

    /**
     * What JMH itself does not know: the latency of one request, since it only sees {@value #REQUESTS} together, and
     * the processor time of this process, which says more than the rate while the machine has other things to do.
     */
    @AuxCounters(AuxCounters.Type.EVENTS)
    @State(Scope.Thread)
    public static class PerRequest {
        public long p99Nanos;
        public long cpuNanos;

        private long requests;
        private long cpuAtStart;

        @Setup(Level.Iteration)
        public void begin() {
            requests = 0;
            cpuAtStart = cpu();
        }

        @TearDown(Level.Iteration)
        public void end(RSocketBenchmark benchmark) {
            p99Nanos = benchmark.window.takePercentile(99);
            cpuNanos = (cpu() - cpuAtStart) / Math.max(1, requests);
        }

        private static long cpu() {
            return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class)
                    .getProcessCpuTime();
        }
    }

    @Setup(Level.Trial)
    public void open() throws IOException, InterruptedException {
        EchoServers servers = EchoServers.start(RSocketUnderTest.endpoints(client));
        closeables.add(servers);
        List<ClientTransport> transports = servers.addresses().stream()
                .<ClientTransport>map(server -> TcpClientTransport.create(server.getHostString(), server.getPort()))
                .toList();
        RSocketUnderTest underTest = RSocketUnderTest.open(client, transports);
        closeables.add(underTest.closeable());
        window = RequestWindow.ofRSocket(WIDTH, underTest.requests());
        window.send(WIDTH);
    }

    @TearDown(Level.Trial)
    public void close() throws Exception {
        for (int i = closeables.size() - 1; i >= 0; i--) {
            closeables.get(i).close();
        }
    }

    @Benchmark
    @OperationsPerInvocation(REQUESTS)
    public void requestResponse(PerRequest perRequest) throws InterruptedException {
        window.send(REQUESTS);
        perRequest.requests += REQUESTS;
    }

    /** Prints the table; {@code --quick} for fewer forks; any other argument is a client to measure instead of all. */
    public static void main(String[] arguments) throws RunnerException {
        List<String> given = new ArrayList<>(List.of(arguments));
        boolean quick = given.remove("--quick");
        List<String> clients = given.isEmpty() ? RSocketUnderTest.ALL : given;
        Map<String, List<Score>> scores = new LinkedHashMap<>();
        for (int round = 0; round < (quick ? 2 : 5); round++) {
            for (String client : clients) {
                scores.computeIfAbsent(client, key -> new ArrayList<>()).add(run(client));
            }
        }
        print(scores);
    }

    private record Score(double perSecond, double p99Micros, double cpuMicros, double bytes) {}

    private static Score run(String client) throws RunnerException {
        Options options = new OptionsBuilder()
                .include(RSocketBenchmark.class.getName() + ".requestResponse")
                .param("client", client)
                .forks(1)
                .warmupIterations(4)
                .warmupTime(TimeValue.seconds(1))
                .measurementIterations(5)
                .measurementTime(TimeValue.seconds(1))
                .addProfiler(GCProfiler.class)
                .timeout(TimeValue.seconds(30))
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT)
                .build();
        RunResult result = new Runner(options).runSingle();
        return new Score(
                result.getPrimaryResult().getScore(),
                micros(result, "p99Nanos"),
                micros(result, "cpuNanos"),
                bytes(result));
    }

    @SuppressWarnings("rawtypes") // JMH's
    private static double micros(RunResult result, String nanos) {
        return median(result.getBenchmarkResults().stream()
                        .flatMap(fork -> fork.getIterationResults().stream())
                        .map(iteration -> Objects.requireNonNull(
                                        iteration.getSecondaryResults().get(nanos), nanos)
                                .getScore())
                        .toList())
                / 1e3;
    }

    @SuppressWarnings("rawtypes") // JMH's
    private static double bytes(RunResult result) {
        return result.getSecondaryResults().entrySet().stream()
                .filter(entry -> entry.getKey().endsWith("gc.alloc.rate.norm"))
                .mapToDouble(entry -> entry.getValue().getScore())
                .findFirst()
                .orElse(Double.NaN);
    }

    private static void print(Map<String, List<Score>> scores) {
        System.out.printf(
                "%-20s%9s%9s%9s%7s%9s%7s%11s%7s%11s%n",
                "client", "req/s", "lowest", "highest", "ratio", "p99 us", "ratio", "cpu us/req", "ratio", "bytes/req");
        scores.forEach((client, all) -> {
            // like with like: an RSocket with the plain RSocket, a client with the plain client
            List<Score> plain = scores.getOrDefault(RSocketUnderTest.plain(client), List.of());
            System.out.printf(
                    "%-20s%9.0f%9.0f%9.0f%7.2f%9.0f%7.2f%11.2f%7.2f%11.0f%n",
                    client,
                    median(all, Score::perSecond),
                    all.stream().mapToDouble(Score::perSecond).min().orElse(Double.NaN),
                    all.stream().mapToDouble(Score::perSecond).max().orElse(Double.NaN),
                    median(all, Score::perSecond) / median(plain, Score::perSecond),
                    median(all, Score::p99Micros),
                    median(all, Score::p99Micros) / median(plain, Score::p99Micros),
                    median(all, Score::cpuMicros),
                    median(all, Score::cpuMicros) / median(plain, Score::cpuMicros),
                    median(all, Score::bytes));
        });
        System.out.println("medians of forks; ratios to the plain one that is asked in the same way;"
                + " processor time and bytes are those of the client's process");
    }

    private static double median(List<Score> scores, ToDoubleFunction<Score> figure) {
        return median(scores.stream().map(figure::applyAsDouble).toList());
    }

    private static double median(Collection<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        if (sorted.isEmpty()) {
            return Double.NaN;
        }
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }
}
