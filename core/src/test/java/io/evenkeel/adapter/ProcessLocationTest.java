package io.evenkeel.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.balance.RebalancerConfig;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ProcessLocationTest {

    @Test
    void the_environment_says_zone_and_node() {
        assertThat(ProcessLocation.of(Map.of("EVENKEEL_ZONE", "a", "EVENKEEL_NODE", "n1", "NODE_NAME", "n2")::get))
                .isEqualTo(new ProcessLocation("a", "n1"));
        assertThat(ProcessLocation.of(Map.of("EVENKEEL_ZONE", " ", "NODE_NAME", "n2")::get))
                .isEqualTo(new ProcessLocation(null, "n2"));
    }

    @Test
    void what_is_configured_comes_before_the_environment() {
        RebalancerConfig.Builder builder = RebalancerConfig.builder().clientId("c");
        assertThat(builder.build().orPlacedAt("a", "n1").zone()).isEqualTo("a");
        assertThat(builder.build().orPlacedAt("a", "n1").node()).isEqualTo("n1");

        RebalancerConfig configured = builder.zone("b").build();
        assertThat(configured.orPlacedAt("a", "n1")).isEqualTo(configured);
    }
}
