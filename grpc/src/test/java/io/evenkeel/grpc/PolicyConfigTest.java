package io.evenkeel.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.NameResolver.ConfigOrError;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PolicyConfigTest {

    @Test
    void values_are_read_as_a_json_parser_gives_them() {
        PolicyConfig config = PolicyConfig.parse(Map.of(
                "connectionsPerPod", 2.0, "maxConnections", 64.0, "drainDeadline", "1.5s", "connectTimeout", "0.25s"));
        assertThat(config.connectionsPerPod()).isEqualTo(2);
        assertThat(config.maxConnections()).isEqualTo(64);
        assertThat(config.drainDeadline()).isEqualTo(Duration.ofMillis(1_500));
        assertThat(config.connectTimeout()).isEqualTo(Duration.ofMillis(250));
        assertThat(PolicyConfig.parse(Map.of("clientId", "c")).clientId()).isEqualTo("c");
        assertThat(PolicyConfig.DEFAULTS.connectTimeout()).isEqualTo(Duration.ofSeconds(5));
        assertThat(PolicyConfig.DEFAULTS.maxConnections()).isEqualTo(32);
    }

    @ParameterizedTest
    @CsvSource({
        "connectionsPerPod, 0, connectionsPerPod: 0 (expected: 1 or more)",
        "drainDeadline, 5, 'drainDeadline: 5 (expected: seconds, as in \"25s\" or \"0.5s\")'",
        "connectTimeout, 0s, 'connectTimeout: PT0S (expected: '",
        "connectTimeout, 500ms, 'connectTimeout: 500ms (expected: seconds, as in \"25s\" or \"0.5s\")'",
        "name, ' ', name:   (expected: a text that is not blank)",
        "windows, 1, 'evenkeel policy: \"windows\" (expected: one of'",
    })
    void what_cannot_be_used_is_refused_by_name(String name, String value, String message) {
        Object given = value.matches("[0-9]+") && !name.equals("drainDeadline") ? Double.valueOf(value) : value;
        assertThatThrownBy(() -> PolicyConfig.parse(Map.of(name, given)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
        ConfigOrError asGrpcSees =
                new EvenkeelLoadBalancerProvider().parseLoadBalancingPolicyConfig(Map.of(name, given));
        assertThat(asGrpcSees.getError().getDescription()).contains("evenkeel");
    }
}
