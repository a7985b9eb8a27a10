package io.evenkeel.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SliceTest {
    @Test
    void share_is_of_the_answered_queries() {
        Slice slice = new Slice(List.of(answer("a", 1), answer("a", 1), answer("b", 1), answer("c", 1), failure("a")));
        assertThat(slice.share("a")).isEqualTo(0.5);
        assertThat(slice.share("d")).isZero();
        assertThat(slice.answered()).isEqualTo(4);
        assertThat(slice.failures()).hasSize(1);
    }

    @Test
    void pods_without_an_answer_count_in_the_mean() {
        Slice slice = new Slice(List.of(answer("a", 1), answer("a", 1), answer("b", 1)));
        assertThat(slice.maxOverMean(List.of("a", "b", "c"))).isEqualTo(2.0);
    }

    @Test
    void p99_is_the_smallest_latency_that_99_of_100_do_not_exceed() {
        List<Sample> samples = new ArrayList<>();
        for (int i = 1; i <= 100; i++) {
            samples.add(answer("a", i * 1_000_000L));
        }
        assertThat(new Slice(samples).p99Millis()).isEqualTo(99.0);
    }

    @Test
    void latency_counts_from_when_the_query_was_due() {
        Sample late = new Sample("a", 0, 5_000_000, 7_000_000, null);
        assertThat(new Slice(List.of(late)).p99Millis()).isEqualTo(7.0);
    }

    private static Sample answer(String pod, long nanos) {
        return new Sample(pod, 0, 0, nanos, null);
    }

    private static Sample failure(String pod) {
        return new Sample(pod, 0, 0, 1, "broken");
    }
}
