package io.evenkeel.time;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BackoffTest {

    private static List<Long> millis(Backoff backoff, int... failures) {
        return IntStream.of(failures)
                .mapToObj(count -> backoff.nominal(count).toMillis())
                .toList();
    }

    @Test
    void it_doubles_up_to_its_most() {
        Backoff backoff = Backoff.exponential(Duration.ofMillis(100), Duration.ofSeconds(10));
        assertThat(millis(backoff, 0, 1, 2, 3, 7, 8, 1_000_000))
                .containsExactly(100L, 100L, 200L, 400L, 6_400L, 10_000L, 10_000L);
    }

    @Test
    void reconnecting_stays_frequent_for_a_minute_and_a_half() {
        Backoff backoff = Backoff.reconnect(Duration.ofSeconds(1));
        assertThat(millis(backoff, 1, 2, 3, 4, 34, 35, 36, 37, Integer.MAX_VALUE))
                .containsExactly(1_000L, 2_000L, 4_000L, 4_000L, 4_000L, 8_000L, 16_000L, 30_000L, 30_000L);
        SplittableRandom random = new SplittableRandom(1);
        double minute = IntStream.rangeClosed(1, 34)
                .mapToDouble(count -> backoff.after(count, random).toMillis() / 1000.0)
                .sum();
        assertThat(minute).isBetween(70.0, 120.0);
    }

    @Test
    void each_wait_is_between_half_and_the_whole() {
        Backoff backoff = Backoff.reconnect(Duration.ofMillis(100));
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 1_000; i++) {
            int failures = 1 + i % 40;
            assertThat(backoff.after(failures, random))
                    .as("after %s", failures)
                    .isBetween(backoff.nominal(failures).dividedBy(2), backoff.nominal(failures));
        }
    }

    @Test
    void what_makes_no_sense_is_refused() {
        assertThatThrownBy(() -> Backoff.exponential(Duration.ZERO, Duration.ofSeconds(1)))
                .hasMessage("first: PT0S (expected: above zero)");
        assertThatThrownBy(() -> Backoff.exponential(Duration.ofSeconds(2), Duration.ofSeconds(1)))
                .hasMessage("plateau: PT1S (expected: from first, PT2S, to most, PT1S)");
    }

    @Test
    void due_times_compare_across_the_overflow_of_the_ticker() {
        DueTime soon = DueTime.at(Long.MAX_VALUE);
        DueTime later = DueTime.at(Long.MIN_VALUE + 5);
        assertThat(soon.or(later)).isEqualTo(soon);
        assertThat(later.or(DueTime.never()).or(soon)).isEqualTo(soon);
        assertThat(later.isDue(Long.MAX_VALUE)).isFalse();
        assertThat(later.delayFrom(Long.MAX_VALUE)).isEqualTo(Duration.ofNanos(6));
        assertThat(soon.ifAfter(Long.MAX_VALUE).isNever()).isTrue();
        assertThat(soon.butNotBefore(later.nanos())).isEqualTo(later);
        assertThat(DueTime.never().isDue(0)).isFalse();
    }
}
