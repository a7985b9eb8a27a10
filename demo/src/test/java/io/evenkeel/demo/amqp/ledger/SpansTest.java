package io.evenkeel.demo.amqp.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class SpansTest {
    private final Spans spans = new Spans();

    @Test
    void longest_of_the_spans_that_touch_the_window_counts_whole() {
        spans.record(100, 50);
        spans.record(200, 90);
        spans.record(1_000, 700);
        assertThat(spans.longest(new Window(120, 180)))
                .as("110 to 200 spans the window")
                .isEqualTo(90);
        assertThat(spans.longest(new Window(60, 110))).isEqualTo(90);
        assertThat(spans.longest(new Window(100, 105)))
                .as("it ends with the window's beginning")
                .isEqualTo(50);
        assertThat(spans.longest(new Window(990, 2_000))).isEqualTo(700);
        assertThat(spans.longest(new Window(1_001, 2_000))).isZero();
    }

    @Test
    void many_spans_are_kept() {
        for (int i = 1; i <= 20_000; i++) {
            spans.record(i * 10L, i == 12_345 ? 9 : 1);
        }
        assertThat(spans.longest(new Window(123_445, 123_455))).isEqualTo(9);
    }

    @Test
    void median_and_longest_of_pauses() {
        Pauses pauses = Pauses.of(LongStream.of(5_000_000, 1_000_000, 2_000_000, 40_000_000));
        assertThat(pauses.median()).isEqualTo(Duration.ofMillis(2));
        assertThat(pauses.longest()).isEqualTo(Duration.ofMillis(40));
        assertThat(pauses).hasToString("2.0 / 40.0 ms");
        assertThat(Pauses.of(LongStream.empty()).longest()).isZero();
    }
}
