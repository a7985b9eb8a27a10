package io.evenkeel.amqp;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class MoveBackoffTest {

    private static final Duration DEADLINE = Duration.ofSeconds(5);

    @Test
    void the_wait_doubles_from_30_s_to_10_min_and_a_move_ends_it() {
        MoveBackoff backoff = new MoveBackoff();
        long now = 7;
        long[] seconds = {30, 60, 120, 240, 480, 600, 600};
        for (long wait : seconds) {
            assertThat(backoff.left(now)).isZero();
            backoff.rolledBack(now, "busy");
            assertThat(backoff.left(now)).isEqualTo(Duration.ofSeconds(wait));
            now += Duration.ofSeconds(wait).toNanos();
        }
        assertThat(backoff.reason()).isEqualTo("busy");
        backoff.moved();
        assertThat(backoff.isActive()).isFalse();
        assertThat(backoff.left(now)).isZero();
    }

    @Test
    void a_connection_that_is_never_quiet_is_stopped_for_less_than_one_hundredth_of_the_time() {
        MoveBackoff backoff = new MoveBackoff();
        double stopped = 0;
        double passed = 0;
        for (int i = 0; i < 12; i++) {
            double patience = backoff.patience(DEADLINE).toNanos();
            backoff.rolledBack(0, "busy");
            stopped += patience;
            passed += patience + backoff.left(0).toNanos();
        }
        assertThat(stopped / passed).isLessThan(0.01);
    }

    @Test
    void the_first_move_gets_one_second_and_none_gets_more_than_the_deadline() {
        MoveBackoff backoff = new MoveBackoff();
        assertThat(backoff.patience(DEADLINE)).isEqualTo(Duration.ofSeconds(1));
        assertThat(backoff.patience(Duration.ofMillis(50))).isEqualTo(Duration.ofMillis(50));
        for (int i = 0; i < 8; i++) {
            backoff.rolledBack(0, "busy");
        }
        assertThat(backoff.patience(DEADLINE)).isEqualTo(DEADLINE);
    }
}
