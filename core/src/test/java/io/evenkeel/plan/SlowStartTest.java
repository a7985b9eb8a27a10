package io.evenkeel.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class SlowStartTest {

    private static final Duration WINDOW = Duration.ofSeconds(30);

    @Test
    void factorClimbsFromATenthToOneInEqualSteps() {
        TreeSet<Double> factors = new TreeSet<>();
        double last = 0;
        for (int millis = 0; millis <= 31_000; millis += 10) {
            double factor = SlowStart.factor(Duration.ofMillis(millis), WINDOW);
            assertThat(factor).as("at %d ms", millis).isGreaterThanOrEqualTo(last);
            factors.add(factor);
            last = factor;
        }
        assertThat(factors).hasSize(SlowStart.STEPS + 1);
        assertThat(factors.first()).isEqualTo(0.1);
        assertThat(factors.last()).isEqualTo(1);
        double before = factors.first();
        for (double factor : factors.tailSet(before, false)) {
            assertThat(factor - before).isCloseTo(0.09, within(1e-9));
            before = factor;
        }
    }

    @Test
    void factorIsOneOnlyWhenTheWindowIsOver() {
        assertThat(SlowStart.factor(WINDOW.minusMillis(1), WINDOW)).isCloseTo(0.91, within(1e-9));
        assertThat(SlowStart.factor(WINDOW, WINDOW)).isEqualTo(1);
        assertThat(SlowStart.factor(Duration.ofSeconds(Long.MAX_VALUE), WINDOW)).isEqualTo(1);
    }

    @Test
    void noWindow_isOneAtOnce() {
        assertThat(SlowStart.factor(Duration.ZERO, Duration.ZERO)).isEqualTo(1);
    }

    @Test
    void negativeAge_countsAsZero() {
        assertThat(SlowStart.factor(Duration.ofSeconds(-5), WINDOW)).isEqualTo(0.1);
        assertThat(SlowStart.factor(Duration.ofSeconds(-5), Duration.ZERO)).isEqualTo(1);
    }

    @Test
    void negativeWindow_isRefused() {
        assertThatThrownBy(() -> SlowStart.factor(Duration.ZERO, Duration.ofSeconds(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("window: PT-1S (expected: >= 0)");
    }
}
