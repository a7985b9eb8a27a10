package io.evenkeel.amqp;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.assertj.core.api.AbstractLongAssert;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class MoveBudgetTest {

    private final ConnectionBed bed;

    MoveBudgetTest() throws Exception {
        bed = new ConnectionBed();
    }

    private MoveBudget budget(boolean forced, Duration deadline) {
        return new MoveBudget(bed.connection, forced, deadline);
    }

    /** Each look at the clock takes a fraction of a millisecond. */
    private static void is(long nanos, Duration expected) {
        AbstractLongAssert<?> left = assertThat(nanos);
        left.isCloseTo(expected.toNanos(), Offset.offset(Duration.ofMillis(5).toNanos()));
    }

    @Test
    void a_voluntary_move_waits_until_its_deadline_and_no_longer() {
        MoveBudget budget = budget(false, Duration.ofSeconds(10));
        assertThat(budget.isForced()).isFalse();
        is(budget.patience(), Duration.ofSeconds(10));
        bed.elapse(Duration.ofSeconds(7));
        is(budget.left(), Duration.ofSeconds(3));
        is(budget.patience(), Duration.ofSeconds(3));
        assertThat(budget.millisSinceBegun()).isBetween(7000L, 7005L);
        assertThat(budget.goesRegardless()).isFalse();
        assertThat(budget.isLameDuck()).isFalse();
        bed.elapse(Duration.ofSeconds(4));
        assertThat(budget.left()).isNegative();
        assertThat(budget.patience()).isNegative();
    }

    @Test
    void a_forced_move_waits_a_second_for_acknowledgements_and_then_goes_on_without() {
        MoveBudget budget = budget(true, Duration.ofSeconds(10));
        assertThat(budget.isForced()).isTrue();
        assertThat(budget.isLameDuck()).isFalse();
        is(budget.patience(), Duration.ofSeconds(1));
        bed.elapse(Duration.ofMillis(600));
        is(budget.patience(), Duration.ofMillis(400));
        bed.elapse(Duration.ofMillis(500));
        assertThat(budget.isLameDuck()).isTrue();
        assertThat(budget.goesRegardless()).isTrue();
        is(budget.patience(), Duration.ofMillis(8900));
        bed.elapse(Duration.ofSeconds(9));
        assertThat(budget.goesRegardless()).isFalse();
    }

    @Test
    void a_lame_duck_is_one_from_the_start_where_that_is_wanted() {
        bed.dialer.handover = ConsumerHandover.LAME_DUCK;
        assertThat(budget(false, Duration.ofSeconds(10)).isLameDuck()).isTrue();
    }

    @Test
    void a_request_may_take_what_is_left_within_half_a_second_and_five() {
        MoveBudget budget = budget(false, Duration.ofSeconds(10));
        is(budget.request(), Duration.ofSeconds(5));
        bed.elapse(Duration.ofSeconds(7));
        is(budget.request(), Duration.ofSeconds(3));
        bed.elapse(Duration.ofSeconds(4));
        is(budget.request(), Duration.ofMillis(500));
    }
}
