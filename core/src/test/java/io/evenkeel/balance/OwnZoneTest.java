package io.evenkeel.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.endpoint.EndpointSet;
import io.evenkeel.spi.SeatPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class OwnZoneTest {

    @Test
    void an_endpoint_on_our_own_node_tells_our_zone() {
        assertThat(zonesUsed(planning(null, "node-b-1"), everywhere())).containsExactly("b");
    }

    @Test
    void without_an_endpoint_on_our_node_no_zone_is_preferred() {
        assertThat(zonesUsed(planning(null, "elsewhere"), everywhere())).containsExactly("a", "b");
    }

    @Test
    void what_is_configured_comes_first() {
        assertThat(zonesUsed(planning("a", "node-b-1"), everywhere())).containsExactly("a");
    }

    @Test
    void our_zone_is_remembered_when_the_endpoint_that_told_it_leaves() {
        Planning planning = planning(null, "node-b-1");
        zonesUsed(planning, everywhere());
        List<Endpoint> without = new ArrayList<>(everywhere());
        without.removeIf(endpoint -> "node-b-1".equals(endpoint.node()));

        assertThat(zonesUsed(planning, without)).containsExactly("b");
    }

    private static Planning planning(@Nullable String zone, @Nullable String node) {
        return new Planning(
                "pool",
                RebalancerConfig.builder()
                        .clientId("client")
                        .zone(zone)
                        .node(node)
                        .build());
    }

    private static List<Endpoint> everywhere() {
        List<Endpoint> endpoints = new ArrayList<>();
        for (String zone : List.of("a", "b")) {
            for (int i = 0; i < 4; i++) {
                endpoints.add(Endpoint.of(zone + i, "10.0.0." + zone + i, 5432)
                        .withZone(zone)
                        .withNode("node-" + zone + "-" + i));
            }
        }
        return endpoints;
    }

    private static Set<String> zonesUsed(Planning planning, List<Endpoint> endpoints) {
        EndpointSet set = EndpointSet.of(1, endpoints);
        Planning.Decision decision =
                Objects.requireNonNull(planning.decide(set, Set.of(), SeatPolicy.budgeted(20), 0), "a decision");
        Set<String> zones = new TreeSet<>();
        for (Map.Entry<EndpointKey, Integer> seats :
                decision.plan().seatsByEndpoint().entrySet()) {
            if (seats.getValue() > 0) {
                zones.add(String.valueOf(
                        Objects.requireNonNull(set.get(seats.getKey())).zone()));
            }
        }
        return zones;
    }
}
