package io.evenkeel.benchmarks;

import static io.evenkeel.benchmarks.Quantiles.quantile;

import io.rsocket.transport.ClientTransport;
import io.rsocket.transport.netty.client.TcpClientTransport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The same requests as {@link RSocketBenchmark}, in short rounds in one process: every client in turn for a second,
 * with new connections for each round.
 *
 * <p>Forks of one and the same client differ several times over. Likely, not proven: 64 requests on one connection
 * settle in one of two states, answered and sent one by one, each with a system call of its own on both sides, or
 * dozens at a time; the first milliseconds and the machine's other work decide which. In short rounds each client meets
 * both often, and each round's ratio to the plain client compares what ran within seconds of each other.
 *
 * <pre>{@code
 * mvn -q -pl benchmarks -am test-compile exec:exec -Dexec.executable=java \
 *     -Dexec.args="-cp %classpath io.evenkeel.benchmarks.RSocketRounds"
 * }</pre>
 */
public final class RSocketRounds {

    private static final int ROUNDS = 9;
    private static final long ROUND_NANOS = 1_000_000_000L;
    private static final long SETTLE_NANOS = 300_000_000L;
    private static final int BATCH = 2_000;
    private static final int ENDPOINTS = 4;

    private record Score(double perSecond, double p99Micros) {}

    private RSocketRounds() {}

    /** Prints the table; the argument is the number of rounds, {@value #ROUNDS} without. */
    public static void main(String[] arguments) throws Exception {
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : ROUNDS;
        Map<String, List<Score>> scores = new LinkedHashMap<>();
        try (EchoServers servers = EchoServers.start(ENDPOINTS)) {
            // The first two rounds compile, and don't count.
            for (int round = -2; round < rounds; round++) {
                for (String client : RSocketUnderTest.ALL) {
                    Score score = run(client, servers);
                    if (round >= 0) {
                        scores.computeIfAbsent(client, key -> new ArrayList<>()).add(score);
                    }
                }
            }
        }
        print(scores, rounds);
    }

    private static Score run(String client, EchoServers servers) throws Exception {
        RSocketUnderTest underTest = RSocketUnderTest.open(client, transports(servers, client));
        try {
            RequestWindow window = RequestWindow.ofRSocket(RSocketBenchmark.WIDTH, underTest.requests());
            send(window, SETTLE_NANOS);
            window.takePercentile(99);
            double perSecond = send(window, ROUND_NANOS);
            return new Score(perSecond, window.takePercentile(99) / 1e3);
        } finally {
            underTest.closeable().close();
        }
    }

    private static List<ClientTransport> transports(EchoServers servers, String client) throws IOException {
        List<ClientTransport> transports = new ArrayList<>();
        for (InetSocketAddress server : servers.addresses().subList(0, RSocketUnderTest.endpoints(client))) {
            transports.add(TcpClientTransport.create(server.getHostString(), server.getPort()));
        }
        return transports;
    }

    private static double send(RequestWindow window, long nanos) throws InterruptedException {
        long begun = System.nanoTime();
        return window.sendFor(nanos, BATCH) * 1e9 / (System.nanoTime() - begun);
    }

    private static void print(Map<String, List<Score>> scores, int rounds) {
        System.out.printf(
                "%-20s%9s%9s%9s%8s%18s%9s%18s%n",
                "client", "req/s", "lowest", "highest", "ratio", "quartiles", "p99 us", "quartiles");
        scores.forEach((client, all) -> {
            List<Score> plain = Objects.requireNonNull(scores.get(RSocketUnderTest.plain(client)), client);
            double[] rates = all.stream().mapToDouble(Score::perSecond).toArray();
            double[] ratios = new double[rounds];
            for (int i = 0; i < rounds; i++) {
                ratios[i] = all.get(i).perSecond / plain.get(i).perSecond;
            }
            double[] p99 = all.stream().mapToDouble(Score::p99Micros).toArray();
            System.out.printf(
                    "%-20s%9.0f%9.0f%9.0f%8.2f%9.2f%9.2f%9.0f%9.0f%9.0f%n",
                    client,
                    quantile(rates, 0.5),
                    quantile(rates, 0),
                    quantile(rates, 1),
                    quantile(ratios, 0.5),
                    quantile(ratios, 0.25),
                    quantile(ratios, 0.75),
                    quantile(p99, 0.5),
                    quantile(p99, 0.25),
                    quantile(p99, 0.75));
        });
        System.out.println(
                "medians of " + rounds + " rounds of a second; a round's ratio is to the plain client that is asked in"
                        + " the same way, in the same round");
    }
}
