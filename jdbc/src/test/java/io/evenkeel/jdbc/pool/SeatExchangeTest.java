package io.evenkeel.jdbc.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.jdbc.pool.WaitQueue.Waiter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who gets a seat that is given back: step by step, on a clock of the test's own. */
@Timeout(60)
class SeatExchangeTest {
    private static final long IN_TIME = Long.MAX_VALUE;
    private static final long TOO_LATE = -1;

    private final CoarseClock clock = new CoarseClock(() -> {});
    private final Pod pod = BarePods.pod("pod");
    private final SeatExchange exchange = new SeatExchange(() -> 0, clock, 1, seat -> {}, left -> {});

    SeatExchangeTest() {
        clock.wake();
    }

    /** So many seats, all with callers. */
    private List<Seat> taken(int seats) {
        BarePods.addSeats(pod, seats);
        exchange.publish(List.of(pod));
        List<Seat> all = new ArrayList<>();
        for (int i = 0; i < seats; i++) {
            all.add(exchange.take());
        }
        assertThat(all).doesNotContainNull();
        assertThat(exchange.take()).isNull();
        return all;
    }

    private List<Waiter> join(int waiters) {
        List<Waiter> all = new ArrayList<>();
        for (int i = 0; i < waiters; i++) {
            all.add(exchange.join(false));
        }
        return all;
    }

    private void ticks(int count) {
        for (int i = 0; i < count; i++) {
            clock.tick(true);
        }
    }

    @Test
    void a_caller_that_runs_passes_waiters_until_the_first_has_waited_for_more_than_a_tick() {
        Seat seat = taken(1).get(0);
        Waiter waiter = join(1).get(0);
        for (int tick = 0; tick <= WaitQueue.PATIENCE_TICKS; tick++) {
            for (int i = 0; i < 1_000; i++) {
                exchange.putBack(seat);
                assertThat(waiter.isWoken()).as("woken at %s", tick).isTrue();
                assertThat(exchange.take()).as("taken again at %s", tick).isSameAs(seat);
                waiter.looks();
            }
            ticks(1);
        }
        exchange.putBack(seat);
        assertThat(waiter.seat()).isSameAs(seat);
        assertThat(exchange.take()).isNull();
        assertThat(exchange.isEmpty()).isTrue();
    }

    @Test
    void once_the_first_is_due_releases_serve_the_next_in_each_tick_and_none_passes() throws Exception {
        Seat seat = taken(1).get(0);
        List<Waiter> waiters = join(20);
        ticks(WaitQueue.PATIENCE_TICKS + 1);
        for (int i = 0; i < waiters.size(); i++) {
            assertThat(exchange.take()).as("passes at release %s", i).isNull();
            Waiter late = exchange.join(false);
            exchange.putBack(seat);
            assertThat(waiters.get(i).seat()).as("served by release %s", i).isSameAs(seat);
            assertThat(exchange.await(waiters.get(i), TOO_LATE)).isSameAs(seat);
            assertThat(exchange.await(late, TOO_LATE)).isNull();
            if ((i + 1) % WaitQueue.TURNS_PER_TICK == 0) {
                ticks(1);
            }
        }
    }

    @Test
    void callers_that_run_take_what_is_released_after_the_turns_of_a_tick() {
        Seat seat = taken(1).get(0);
        List<Waiter> waiters = join(20);
        int served = 0;
        for (ticks(WaitQueue.PATIENCE_TICKS + 1); served < waiters.size(); ticks(1)) {
            for (int turn = 0; turn < WaitQueue.TURNS_PER_TICK; turn++) {
                assertThat(exchange.take()).isNull();
                exchange.putBack(seat);
                assertThat(waiters.get(served).seat()).isSameAs(seat);
                served++;
            }
            for (int i = 0; i < 1_000; i++) {
                exchange.putBack(seat);
                assertThat(exchange.take()).as("after %s turns", served).isSameAs(seat);
            }
            if (served < waiters.size()) {
                assertThat(waiters.get(served).isWoken())
                        .as("it may take it, too")
                        .isTrue();
            }
        }
    }

    @Test
    void seats_that_are_dispatched_count_as_turns() throws Exception {
        List<Seat> seats = taken(WaitQueue.TURNS_PER_TICK + 1);
        List<Waiter> waiters = join(seats.size() + 1);
        seats.subList(1, seats.size()).forEach(exchange::putBack);
        ticks(WaitQueue.PATIENCE_TICKS + 1);
        exchange.dispatch();
        assertThat(waiters.subList(0, WaitQueue.TURNS_PER_TICK))
                .allSatisfy(waiter -> assertThat(waiter.seat()).isNotNull());
        exchange.putBack(seats.get(0));
        assertThat(exchange.take()).isSameAs(seats.get(0));
    }

    @Test
    void a_free_seat_goes_to_the_first_that_is_due_and_not_to_one_that_joins() throws Exception {
        Seat seat = taken(1).get(0);
        List<Waiter> waiters = join(2);
        exchange.putBack(seat);
        ticks(WaitQueue.PATIENCE_TICKS + 1);
        assertThat(exchange.take()).isNull();
        assertThat(exchange.await(exchange.join(false), TOO_LATE)).isNull();
        assertThat(waiters.get(0).seat()).isSameAs(seat);
        assertThat(waiters.get(1).seat()).isNull();
    }

    @Test
    void when_the_next_has_waited_for_a_moment_only_callers_that_run_pass_again() {
        Seat seat = taken(1).get(0);
        Waiter first = join(1).get(0);
        ticks(WaitQueue.PATIENCE_TICKS + 1);
        Waiter second = join(1).get(0);
        exchange.putBack(seat);
        assertThat(first.seat()).isSameAs(seat);
        exchange.putBack(seat);
        assertThat(second.isWoken()).isTrue();
        assertThat(exchange.take()).isSameAs(seat);
    }

    @Test
    void one_whose_seat_was_of_no_use_is_first_again_and_as_due_as_the_next() {
        Seat seat = taken(1).get(0);
        join(1);
        ticks(WaitQueue.PATIENCE_TICKS + 1);
        Waiter again = exchange.join(true);
        assertThat(exchange.take()).isNull();
        exchange.putBack(seat);
        assertThat(again.seat()).isSameAs(seat);
    }

    @Test
    void who_waits_while_the_clock_is_dormant_is_due() {
        Seat seat = taken(1).get(0);
        Waiter waiter = join(1).get(0);
        for (int i = 0; i <= CoarseClock.DORMANT_AFTER; i++) {
            clock.tick(false);
        }
        assertThat(clock.isDormant()).isTrue();
        exchange.putBack(seat);
        assertThat(waiter.seat()).isSameAs(seat);
    }

    @Test
    void a_waiter_that_takes_one_of_several_free_seats_wakes_two_more() throws Exception {
        List<Seat> seats = taken(4);
        List<Waiter> waiters = join(4);
        seats.forEach(exchange::putBack);
        assertThat(waiters).extracting(Waiter::isWoken).containsExactly(true, false, false, false);
        assertThat(exchange.await(waiters.get(0), IN_TIME)).isNotNull();
        assertThat(waiters).extracting(Waiter::isWoken).containsExactly(false, true, true, false);
        assertThat(exchange.await(waiters.get(1), IN_TIME)).isNotNull();
        assertThat(exchange.await(waiters.get(2), IN_TIME)).isNotNull();
        assertThat(waiters.get(3).isWoken()).isTrue();
        assertThat(exchange.await(waiters.get(3), IN_TIME)).isNotNull();
        assertThat(exchange.take()).isNull();
    }

    @Test
    void a_waiter_that_was_woken_and_is_handed_a_seat_passes_the_wake_up_on() throws Exception {
        List<Seat> seats = taken(2);
        List<Waiter> waiters = join(2);
        exchange.putBack(seats.get(0));
        ticks(WaitQueue.PATIENCE_TICKS + 1);
        exchange.putBack(seats.get(1));
        assertThat(exchange.await(waiters.get(0), IN_TIME)).isSameAs(seats.get(1));
        assertThat(waiters.get(1).isWoken()).isTrue();
        assertThat(exchange.await(waiters.get(1), IN_TIME)).isSameAs(seats.get(0));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void a_waiter_that_gives_up_after_it_was_woken_leaves_the_seat_to_the_next(boolean interrupted) throws Exception {
        Seat seat = taken(1).get(0);
        List<Waiter> waiters = join(2);
        exchange.putBack(seat);
        assertThat(exchange.take()).isSameAs(seat);
        if (interrupted) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> exchange.await(waiters.get(0), IN_TIME)).isInstanceOf(InterruptedException.class);
        } else {
            assertThat(exchange.await(waiters.get(0), TOO_LATE)).isNull();
        }
        assertThat(exchange.waiting()).isEqualTo(1);
        exchange.putBack(seat);
        assertThat(waiters.get(1).isWoken()).isTrue();
        assertThat(exchange.await(waiters.get(1), TOO_LATE)).isSameAs(seat);
        assertThat(exchange.waiting()).isZero();
    }

    @Test
    void a_waiter_whose_time_is_over_takes_what_was_freed_before() throws Exception {
        Seat seat = taken(1).get(0);
        Waiter waiter = join(1).get(0);
        exchange.putBack(seat);
        assertThat(exchange.await(waiter, TOO_LATE)).isSameAs(seat);
        assertThat(exchange.isEmpty()).isTrue();
    }

    @Test
    void a_seat_of_a_pod_that_is_left_out_wakes_the_first_when_the_pod_is_back() throws Exception {
        Seat seat = taken(1).get(0);
        Waiter waiter = join(1).get(0);
        pod.route(false);
        exchange.publish(List.of(pod));
        exchange.putBack(seat);
        assertThat(waiter.isDecided() || waiter.isWoken()).isFalse();
        pod.route(true);
        exchange.publish(List.of(pod));
        assertThat(exchange.await(waiter, IN_TIME)).isSameAs(seat);
    }

    @Test
    void who_waits_is_refused_on_close_and_takes_nothing_any_more() throws Exception {
        Seat seat = taken(1).get(0);
        Waiter waiter = join(1).get(0);
        exchange.close();
        exchange.putBack(seat);
        assertThat(exchange.await(waiter, IN_TIME)).isNull();
        assertThat(exchange.await(exchange.join(false), IN_TIME)).isNull();
        assertThat(exchange.take()).isNull();
    }

    /** Four seats are put back in one moment, for four callers that sleep and then keep theirs. */
    @Test
    void callers_that_keep_their_seats_each_get_one() throws Exception {
        List<Seat> seats = taken(4);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        for (int round = 0; round < 500; round++) {
            List<Future<Seat>> callers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                callers.add(threads.submit(() -> exchange.await(exchange.join(false), IN_TIME)));
            }
            Fixture.until(() -> exchange.waiting() == 4);
            seats.forEach(exchange::putBack);
            List<Seat> kept = new ArrayList<>();
            for (Future<Seat> caller : callers) {
                kept.add(caller.get(30, TimeUnit.SECONDS));
            }
            assertThat(kept).as("round %s", round).containsExactlyInAnyOrderElementsOf(seats);
        }
        threads.shutdown();
    }
}
