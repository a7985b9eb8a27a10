package io.evenkeel.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import java.util.ArrayList;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@link SubsetTest} in small over real connections: a fleet of clients, each of which uses some of the servers. */
@Timeout(120)
class FleetTest {

    private static final int CLIENTS = 20;
    private static final int CONNECTIONS = 3;
    private static final int SERVERS = 10;

    /** Connections per server, and how many all servers together had accepted by then. */
    private record Spread(String when, IntSummaryStatistics perServer, int accepted) {}

    @Test
    void a_rolling_update_over_tcp_opens_no_connection_twice_and_costs_no_call() throws Exception {
        System.out.printf(
                "%d clients x %d connections over %d servers on loopback:%n%-32s %-24s %4s %4s %9s%n",
                CLIENTS, CONNECTIONS, SERVERS, "policy", "when", "min", "max", "accepted");
        play(
                "random_subsetting_experimental",
                client -> Map.of(
                        "subsetSize", (double) CONNECTIONS, "childPolicy", List.of(Map.of("round_robin", Map.of()))));
        List<Spread> ours = play(
                EvenkeelLoadBalancerProvider.POLICY,
                client -> Map.of("maxConnections", (double) CONNECTIONS, "clientId", "client-" + client));

        assertThat(ours.get(0).accepted()).isEqualTo(CLIENTS * CONNECTIONS);
        // every server is another one afterwards, so fewer is impossible
        assertThat(ours.get(1).accepted()).isEqualTo(2 * CLIENTS * CONNECTIONS);
        assertThat(ours.get(1).perServer().getMax())
                .as("a new server takes over the clients of the one it replaces")
                .isEqualTo(ours.get(0).perServer().getMax());
    }

    private static List<Spread> play(String policy, Function<Integer, Map<String, ?>> config) throws Exception {
        try (Bed bed = new Bed(SERVERS)) {
            List<ManagedChannel> clients = IntStream.range(0, CLIENTS)
                    .mapToObj(client -> bed.channel(Map.of(policy, config.apply(client))))
                    .toList();
            List<PodServer> listed = new ArrayList<>(bed.servers);
            List<Spread> spreads = new ArrayList<>();
            callEach(clients);
            Bed.await(() -> open(listed) == CLIENTS * CONNECTIONS);
            spreads.add(spread("at the start", bed, listed));
            for (int i = 0; i < SERVERS; i++) {
                PodServer old = listed.get(i);
                listed.set(i, bed.add());
                bed.show(listed.toArray(PodServer[]::new));
                // gRPC keeps a connection that isn't wanted any more open for 5 s, so there may be more.
                Bed.await(() -> {
                    callEach(clients);
                    return open(listed) >= CLIENTS * CONNECTIONS;
                });
                old.stop();
                callEach(clients);
            }
            Bed.await(() -> open(listed) == CLIENTS * CONNECTIONS);
            spreads.add(spread("after a rolling update", bed, listed));
            spreads.forEach(spread -> System.out.printf(
                    Locale.ROOT,
                    "%-32s %-24s %4d %4d %9d%n",
                    policy,
                    spread.when(),
                    spread.perServer().getMin(),
                    spread.perServer().getMax(),
                    spread.accepted()));
            return spreads;
        }
    }

    /** Throws if one fails. */
    private static void callEach(List<ManagedChannel> clients) {
        clients.forEach(Bed::echo);
    }

    private static int open(List<PodServer> servers) {
        return servers.stream().mapToInt(server -> server.openConnections.get()).sum();
    }

    private static Spread spread(String when, Bed bed, List<PodServer> listed) {
        return new Spread(
                when,
                listed.stream().mapToInt(server -> server.openConnections.get()).summaryStatistics(),
                bed.servers.stream()
                        .mapToInt(server -> server.connections.get())
                        .sum());
    }
}
