package io.evenkeel.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.endpoint.EndpointKey;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ZonePreferenceTest {

    private final List<Endpoint> endpoints = new ArrayList<>();

    @Test
    void evenZonesOfThree_ownZoneIsPreferred() {
        add(3, "a", 1);
        add(3, "b", 1);
        add(3, "c", 1);
        assertThat(ZonePreference.prefer(endpoints, "b")).isEqualTo(endpoints.subList(3, 6));
    }

    @Test
    void unknownOwnZone_isNoPreference() {
        add(3, "a", 1);
        add(3, "b", 1);
        assertThat(ZonePreference.prefer(endpoints, null)).isEqualTo(endpoints);
        assertThat(ZonePreference.prefer(endpoints, "elsewhere")).isEqualTo(endpoints);
        assertThat(ZonePreference.prefer(List.of(), "a")).isEmpty();
    }

    @Test
    void fewerThanThreeAtHome_isNoPreference() {
        add(2, "a", 1);
        add(2, "b", 1);
        assertThat(ZonePreference.prefer(endpoints, "a")).isEqualTo(endpoints);
    }

    @Test
    void homeThatWouldCarryMoreThanItsShare_isNoPreference() {
        // Half of the load on 5 of 12 is 1.2 times an even spread, on 5 of 13 it is 1.3 times.
        add(5, "a", 1);
        add(7, "b", 1);
        assertThat(ZonePreference.prefer(endpoints, "a")).hasSize(5);
        add(1, "b", 1);
        assertThat(ZonePreference.prefer(endpoints, "a")).hasSize(13);
        assertThat(ZonePreference.prefer(endpoints, "b")).hasSize(8);
    }

    @Test
    void shareIsMeasuredInWeights() {
        add(3, "a", 1);
        add(3, "b", 3);
        assertThat(ZonePreference.prefer(endpoints, "a")).hasSize(6);
        assertThat(ZonePreference.prefer(endpoints, "b")).hasSize(3);
    }

    @Test
    void endpointOfUnknownZone_isNoPreference() {
        add(3, "a", 1);
        add(3, "b", 1);
        add(1, null, 1);
        assertThat(ZonePreference.prefer(endpoints, "a")).isEqualTo(endpoints);
    }

    @Test
    void hintsOnEveryEndpoint_decide() {
        addHinted(2, "a", "a");
        addHinted(2, "b", "a");
        addHinted(9, "b", "b");
        assertThat(ZonePreference.prefer(endpoints, "a")).isEqualTo(endpoints.subList(0, 4));
        assertThat(ZonePreference.prefer(endpoints, "c")).isEqualTo(endpoints);
    }

    @Test
    void oneEndpointWithoutAHint_andHintsAreIgnored() {
        addHinted(3, "a", "b");
        addHinted(2, "b", "a");
        add(1, "b", 1);
        assertThat(ZonePreference.prefer(endpoints, "a")).isEqualTo(endpoints.subList(0, 3));
    }

    @Test
    void fewerThanThreeHinted_isNoPreference() {
        addHinted(2, "a", "a");
        addHinted(2, "b", "b");
        assertThat(ZonePreference.prefer(endpoints, "a")).isEqualTo(endpoints);
    }

    private void add(int count, @Nullable String zone, double weight) {
        for (int i = 0; i < count; i++) {
            endpoints.add(endpoint(zone, weight, List.of()));
        }
    }

    private void addHinted(int count, String zone, String hint) {
        for (int i = 0; i < count; i++) {
            endpoints.add(endpoint(zone, 1, List.of(hint)));
        }
    }

    private Endpoint endpoint(@Nullable String zone, double weight, List<String> hints) {
        EndpointKey key = new EndpointKey("pod-" + endpoints.size(), "10.0.0." + endpoints.size(), 5432);
        return new Endpoint(key, zone, null, weight, EndpointCondition.READY, hints);
    }
}
