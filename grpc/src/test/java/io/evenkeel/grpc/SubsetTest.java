package io.evenkeel.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.Endpoint;
import io.grpc.ConnectivityState;
import io.grpc.LoadBalancerProvider;
import io.grpc.LoadBalancerRegistry;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Which servers a fleet of clients connects to that each use some of them: the policies themselves, on channels whose
 * connections open when the test says so.
 */
class SubsetTest {

    private static final int CLIENTS = 100;
    private static final int CONNECTIONS = 5;
    private static final int SERVERS = 100;
    private static final int REPLACED_AT_ONCE = 10;

    /** Connections per server, and how many were opened to come there. */
    private record Spread(String when, IntSummaryStatistics perServer, int opened, int kept) {
        double maxOverMean() {
            return perServer.getMax() / perServer.getAverage();
        }
    }

    @Test
    void each_client_comes_back_to_its_servers_and_a_rolling_update_opens_no_connection_twice() {
        LoadBalancerProvider random =
                LoadBalancerRegistry.getDefaultRegistry().getProvider("random_subsetting_experimental");
        Map<String, ?> subset =
                Map.of("subsetSize", (double) CONNECTIONS, "childPolicy", List.of(Map.of("round_robin", Map.of())));
        System.out.printf(
                "%d clients x %d connections over %d servers:%n%-30s %-28s %4s %4s %9s %7s %5s%n",
                CLIENTS, CONNECTIONS, SERVERS, "policy", "when", "min", "max", "max/mean", "opened", "kept");

        int[] seed = {0};
        List<Spread> ours = play(
                "evenkeel",
                client -> new FakeChannel(
                        PolicyConfig.parse(
                                Map.of("maxConnections", (double) CONNECTIONS, "clientId", "client-" + client)),
                        seed[0]++));
        List<Spread> theirs = play(random.getPolicyName(), client -> new FakeChannel(random, subset));

        assertThat(theirs)
                .allSatisfy(spread -> assertThat(spread.perServer().getSum()).isEqualTo(CLIENTS * CONNECTIONS));
        assertThat(ours).allSatisfy(spread -> {
            assertThat(spread.perServer().getSum()).as(spread.when()).isEqualTo(CLIENTS * CONNECTIONS);
        });
        assertThat(ours.get(1).kept()).as("same server after a restart").isEqualTo(CLIENTS * CONNECTIONS);
        // every server is another one afterwards, so fewer is impossible
        assertThat(ours.get(2).opened()).as("opened for the rolling update").isEqualTo(CLIENTS * CONNECTIONS);
        assertThat(ours.get(2).perServer().getMax())
                .as("a new server takes over the clients of the one it replaces")
                .isEqualTo(ours.get(1).perServer().getMax());
    }

    private static List<Spread> play(String policy, IntFunction<FakeChannel> client) {
        List<Spread> spreads = new ArrayList<>();
        List<Endpoint> servers = new ArrayList<>(
                IntStream.range(0, SERVERS).mapToObj(FakeChannel::pod).toList());
        List<FakeChannel> clients = start(client, servers);
        spreads.add(spread("at the start", clients, servers, opened(clients), Set.of()));

        Set<String> used = pairs(clients);
        clients.forEach(FakeChannel::shutdown);
        assertThat(clients).flatExtracting(channel -> channel.panics).isEmpty();
        clients = start(client, servers);
        spreads.add(spread("after a restart of clients", clients, servers, opened(clients), used));

        int before = opened(clients);
        for (int next = SERVERS; next < 2 * SERVERS; next += REPLACED_AT_ONCE) {
            for (int i = next; i < next + REPLACED_AT_ONCE; i++) {
                servers.set(i - SERVERS, FakeChannel.pod(i));
            }
            for (FakeChannel channel : clients) {
                channel.resolve(servers.toArray(Endpoint[]::new));
                channel.settle();
            }
        }
        assertThat(clients).flatExtracting(channel -> channel.panics).isEmpty();
        spreads.add(spread("after a rolling update", clients, servers, opened(clients) - before, Set.of()));
        spreads.forEach(spread -> System.out.printf(
                Locale.ROOT,
                "%-30s %-28s %4d %4d %9.2f %7d %5d%n",
                policy,
                spread.when(),
                spread.perServer().getMin(),
                spread.perServer().getMax(),
                spread.maxOverMean(),
                spread.opened(),
                spread.kept()));
        return spreads;
    }

    private static List<FakeChannel> start(IntFunction<FakeChannel> client, List<Endpoint> servers) {
        List<FakeChannel> clients = IntStream.range(0, CLIENTS).mapToObj(client).toList();
        for (FakeChannel channel : clients) {
            channel.resolve(servers.toArray(Endpoint[]::new));
            channel.settle();
        }
        return clients;
    }

    private static Spread spread(
            String when, List<FakeChannel> clients, List<Endpoint> servers, int opened, Set<String> before) {
        IntSummaryStatistics perServer = servers.stream()
                .mapToInt(server -> (int) clients.stream()
                        .flatMap(channel -> ready(channel).stream())
                        .filter(address -> address.equals(address(server)))
                        .count())
                .summaryStatistics();
        Set<String> kept = pairs(clients);
        kept.retainAll(before);
        return new Spread(when, perServer, opened, kept.size());
    }

    private static List<String> ready(FakeChannel channel) {
        return channel.subchannels.stream()
                .filter(subchannel -> subchannel.state == ConnectivityState.READY)
                .map(subchannel -> subchannel.group.getAddresses().get(0).toString())
                .toList();
    }

    private static String address(Endpoint server) {
        return new InetSocketAddress(server.host(), server.port()).toString();
    }

    private static Set<String> pairs(List<FakeChannel> clients) {
        Set<String> pairs = new HashSet<>();
        for (int i = 0; i < clients.size(); i++) {
            for (String address : ready(clients.get(i))) {
                pairs.add(i + " " + address);
            }
        }
        return pairs;
    }

    private static int opened(List<FakeChannel> clients) {
        return clients.stream().mapToInt(channel -> channel.dials).sum();
    }
}
