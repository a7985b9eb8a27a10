package io.evenkeel.endpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class EndpointSetTest {

    private static final Endpoint A = Endpoint.of("a", "10.0.0.1", 1);
    private static final Endpoint B = Endpoint.of("b", "10.0.0.2", 1);

    @Test
    void the_order_of_the_list_does_not_matter() {
        assertThat(EndpointSet.of(1, List.of(B, A)))
                .isEqualTo(EndpointSet.of(1, List.of(A, B)))
                .hasSameHashCodeAs(EndpointSet.of(1, List.of(A, B)))
                .isNotEqualTo(EndpointSet.of(2, List.of(A, B)));
        assertThat(EndpointSet.of(1, List.of(B, A)).endpoints()).containsExactly(A, B);
    }

    @Test
    void a_key_twice_is_refused_in_any_order() {
        for (List<Endpoint> twice : List.of(List.of(A, A), List.of(A, B, A), List.of(B, A, B.withZone("z")))) {
            assertThatThrownBy(() -> EndpointSet.of(0, twice))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("twice (expected: once)");
        }
    }

    @Test
    void looking_up_and_comparing_agree_with_maps() {
        long seed = new Random().nextLong();
        System.out.println("seed: " + seed);
        Random random = new Random(seed);
        EndpointSet earlier = EndpointSet.empty();
        for (int round = 0; round < 2_000; round++) {
            EndpointSet now = random(random);
            Map<EndpointKey, Endpoint> before = map(earlier);
            Map<EndpointKey, Endpoint> after = map(now);

            EndpointDiff diff = now.since(earlier);
            List<Endpoint> added = new ArrayList<>(after.values());
            added.removeIf(endpoint -> before.containsKey(endpoint.key()));
            List<Endpoint> removed = new ArrayList<>(before.values());
            removed.removeIf(endpoint -> after.containsKey(endpoint.key()));
            List<EndpointDiff.Change> changed = new ArrayList<>();
            before.forEach((key, endpoint) -> {
                Endpoint then = after.get(key);
                if (then != null && !then.equals(endpoint)) {
                    changed.add(new EndpointDiff.Change(endpoint, then));
                }
            });
            assertThat(diff).as("seed %d", seed).isEqualTo(new EndpointDiff(added, removed, changed));
            assertThat(now.sameEndpoints(earlier)).isEqualTo(before.equals(after));
            for (int i = 0; i < 8; i++) {
                EndpointKey key = endpoint(i).key();
                assertThat(now.get(key)).isEqualTo(after.get(key));
            }
            earlier = now;
        }
    }

    private static Map<EndpointKey, Endpoint> map(EndpointSet set) {
        Map<EndpointKey, Endpoint> map = new TreeMap<>();
        set.endpoints().forEach(endpoint -> map.put(endpoint.key(), endpoint));
        return map;
    }

    private static EndpointSet random(Random random) {
        List<Endpoint> endpoints = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            if (random.nextBoolean()) {
                EndpointCondition condition = EndpointCondition.values()[random.nextInt(3)];
                endpoints.add(endpoint(i).withCondition(condition));
            }
        }
        Collections.shuffle(endpoints, random);
        return EndpointSet.of(random.nextInt(3), endpoints);
    }

    private static Endpoint endpoint(int i) {
        return Endpoint.of("pod-" + i / 2, "10.0.0." + i, 5432);
    }
}
