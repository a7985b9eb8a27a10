package io.evenkeel.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class HealthConfigTest {

    @Test
    void at_most_a_third_and_at_least_one_may_be_out() {
        HealthConfig config = HealthConfig.defaults();
        int[] most = {1, 1, 1, 1, 1, 2, 2, 2, 3};
        for (int n = 1; n <= most.length; n++) {
            assertThat(config.mostEjected(n)).as("of %d", n).isEqualTo(most[n - 1]);
        }
        for (int n = 3; n <= 30_000; n++) {
            assertThat(config.mostEjected(n)).as("of %d", n).isEqualTo(n / 3);
        }
    }

    @Test
    void a_value_out_of_bounds_is_refused_by_name() {
        refused(b -> b.consecutiveFailures(0), "consecutiveFailures: 0 (expected: 1 to 1000)");
        refused(b -> b.failureRate(0), "failureRate: 0.0 (expected: above 0, at most 1)");
        refused(b -> b.failureRate(Double.NaN), "failureRate: NaN");
        refused(b -> b.minimumCalls(0), "minimumCalls: 0");
        refused(b -> b.baseEjection(Duration.ZERO), "baseEjection: PT0S");
        refused(b -> b.baseEjection(Duration.ofSeconds(31)), "baseEjection: PT31S (expected: PT0.001S to maxEjection");
        refused(b -> b.maxEjection(Duration.ofDays(2)), "maxEjection: PT48H");
        refused(b -> b.maxEjectedFraction(1.1), "maxEjectedFraction: 1.1");
        refused(b -> b.panicThreshold(-0.1), "panicThreshold: -0.1");
    }

    @Test
    void toBuilder_keeps_every_value() {
        HealthConfig config =
                new HealthConfig(false, 7, 0.5, 20, Duration.ofSeconds(1), Duration.ofSeconds(9), 0.25, 0.75);
        assertThat(config.toBuilder().build()).isEqualTo(config);
        assertThat(HealthConfig.defaults().toBuilder().build()).isEqualTo(HealthConfig.defaults());
    }

    private static void refused(UnaryOperator<HealthConfig.Builder> change, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> change.apply(HealthConfig.builder()).build())
                .withMessageContaining(message);
    }
}
