package io.evenkeel.benchmarks;

import static io.evenkeel.benchmarks.Quantiles.quantile;

import com.sun.management.OperatingSystemMXBean;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * Unary calls over TCP to servers that echo in another process, {@value #WIDTH} in flight, by gRPC's own
 * {@code round_robin} and by the policy {@code evenkeel}, over the same resolver, one and four servers. In short rounds
 * as in {@link RSocketRounds}, and for the same reason: each round's ratio compares what ran within seconds of each
 * other. Which of the two is first changes from round to round.
 *
 * <pre>{@code
 * mvn -q -pl benchmarks -am test-compile exec:exec -Dexec.executable=java \
 *     -Dexec.args="-cp %classpath io.evenkeel.benchmarks.GrpcRounds"
 * }</pre>
 */
public final class GrpcRounds {

    static final int WIDTH = 64;

    private static final int ROUNDS = 9;
    private static final long ROUND_NANOS = 1_000_000_000L;
    private static final long SETTLE_NANOS = 300_000_000L;
    private static final int BATCH = 2_000;
    private static final byte[] DATA = new byte[64];
    private static final List<Integer> SERVERS = List.of(1, 4);
    private static final String OURS = "evenkeel";
    private static final String THEIRS = "round_robin";

    private record Subject(String policy, int servers) {
        @Override
        public String toString() {
            return policy + "-" + servers;
        }
    }

    /** @param cpuMicros processor time of this process per call, which says more where the machine does other work */
    private record Score(double perSecond, double p99Micros, double cpuMicros) {}

    private GrpcRounds() {}

    /** Prints the table; the argument is the number of rounds, {@value #ROUNDS} without. */
    public static void main(String[] arguments) throws Exception {
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : ROUNDS;
        Map<Subject, List<Score>> scores = new LinkedHashMap<>();
        try (GrpcServers servers = GrpcServers.start(SERVERS.get(SERVERS.size() - 1))) {
            // The first two rounds compile, and don't count.
            for (int round = -2; round < rounds; round++) {
                for (Subject subject : subjects(round % 2 == 0)) {
                    Score score = run(subject, servers);
                    if (round >= 0) {
                        scores.computeIfAbsent(subject, key -> new ArrayList<>())
                                .add(score);
                    }
                }
            }
        }
        print(scores, rounds);
    }

    private static List<Subject> subjects(boolean oursFirst) {
        List<Subject> subjects = new ArrayList<>();
        for (int servers : SERVERS) {
            subjects.add(new Subject(oursFirst ? OURS : THEIRS, servers));
            subjects.add(new Subject(oursFirst ? THEIRS : OURS, servers));
        }
        return subjects;
    }

    private static Score run(Subject subject, GrpcServers servers) throws Exception {
        String target = servers.ports().subList(0, subject.servers()).stream()
                .map(port -> "127.0.0.1:" + port)
                .collect(Collectors.joining(",", "static:///", ""));
        ManagedChannel channel = NettyChannelBuilder.forTarget(target)
                .usePlaintext()
                .directExecutor()
                .defaultLoadBalancingPolicy(subject.policy())
                .build();
        try {
            RequestWindow window = new RequestWindow(WIDTH, slot -> sender(channel, slot));
            window.sendFor(SETTLE_NANOS, BATCH);
            window.takePercentile(99);
            return measured(window);
        } finally {
            channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
        }
    }

    private static Score measured(RequestWindow window) throws InterruptedException {
        long cpu = cpu();
        long begun = System.nanoTime();
        long sent = window.sendFor(ROUND_NANOS, BATCH);
        double seconds = (System.nanoTime() - begun) / 1e9;
        return new Score(sent / seconds, window.takePercentile(99) / 1e3, (cpu() - cpu) / 1e3 / sent);
    }

    private static long cpu() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
    }

    private static Runnable sender(ManagedChannel channel, RequestWindow.Slot slot) {
        StreamObserver<byte[]> answers = new StreamObserver<>() {
            @Override
            public void onNext(byte[] answer) {
                // what counts is that the call has ended
            }

            @Override
            public void onError(Throwable cause) {
                slot.failed(cause);
            }

            @Override
            public void onCompleted() {
                slot.answered();
            }
        };
        return () -> ClientCalls.asyncUnaryCall(channel.newCall(GrpcServers.ECHO, CallOptions.DEFAULT), DATA, answers);
    }

    private static void print(Map<Subject, List<Score>> scores, int rounds) {
        System.out.printf(
                "%-16s%9s%7s%14s%9s%7s%14s%9s%7s%14s%n",
                "policy",
                "calls/s",
                "ratio",
                "quartiles",
                "p99 us",
                "ratio",
                "quartiles",
                "cpu us",
                "ratio",
                "quartiles");
        for (int servers : SERVERS) {
            List<Score> theirs = of(scores, THEIRS, servers);
            for (String policy : List.of(THEIRS, OURS)) {
                List<Score> all = of(scores, policy, servers);
                System.out.printf("%-16s", new Subject(policy, servers));
                print(all, theirs, Score::perSecond);
                print(all, theirs, Score::p99Micros);
                print(all, theirs, Score::cpuMicros);
                System.out.println();
            }
        }
        System.out.println("medians of " + rounds + " rounds of a second; a round's ratios are to " + THEIRS
                + " over as many servers, in the same round; processor time is that of the client's process, per call");
    }

    private static void print(List<Score> all, List<Score> theirs, ToDoubleFunction<Score> figure) {
        double[] values = all.stream().mapToDouble(figure).toArray();
        double[] ratios = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            ratios[i] = values[i] / figure.applyAsDouble(theirs.get(i));
        }
        System.out.printf(
                "%9.0f%7.2f%7.2f%7.2f",
                quantile(values, 0.5), quantile(ratios, 0.5), quantile(ratios, 0.25), quantile(ratios, 0.75));
    }

    private static List<Score> of(Map<Subject, List<Score>> scores, String policy, int servers) {
        Subject subject = new Subject(policy, servers);
        return Objects.requireNonNull(scores.get(subject), subject.toString());
    }
}
