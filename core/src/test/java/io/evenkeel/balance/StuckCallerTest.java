package io.evenkeel.balance;

import static io.evenkeel.balance.BalanceBed.config;
import static io.evenkeel.balance.BalanceBed.pods;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.event.EvenkeelEvent.ConnectionExpired;
import io.evenkeel.event.EvenkeelEvent.ConnectionRetired;
import io.evenkeel.event.EvenkeelEvent.EndpointLeft;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A caller that never returns its connection costs its pool that one seat and no more: whatever retirement got hold of it
 * (scale-out, resize, age, drain), later moves, renewals, resizes and drains go on, and the pool keeps to its size.
 */
class StuckCallerTest {

    /** What retires the connection that is never returned. */
    enum Retirement {
        SCALE,
        RESIZE,
        AGE,
        DRAIN
    }

    private static BalanceBed bed(int seats, int surge) {
        return new BalanceBed(seats, config().surge(surge).build(), 7);
    }

    private static int total(BalanceBed bed) {
        return bed.connections.total();
    }

    @ParameterizedTest
    @CsvSource({"SCALE,0", "SCALE,1", "RESIZE,0", "RESIZE,1", "AGE,0", "AGE,1", "DRAIN,0", "DRAIN,1"})
    void whatever_retires_the_connection_every_later_move_is_made(Retirement by, int surge) {
        Duration age = by == Retirement.AGE ? Duration.ofMinutes(2) : Duration.ZERO;
        BalanceBed bed =
                new BalanceBed(8, config().surge(surge).maxConnectionAge(age).build(), 7);
        List<Endpoint> first = pods(2);
        bed.publish(first);
        bed.passSeconds(1);
        Endpoint held = first.get(1);
        // All are in use, so it is marked; the others are returned a moment later.
        bed.connections.stick(held);
        bed.connections.acquireAll();
        List<Endpoint> pods = retire(by, bed, first);
        bed.passSeconds(2);
        returnAll(bed, pods(3));
        bed.passSeconds(120);
        int seats = bed.rebalancer.status().seats();
        assertThat(total(bed)).as("connections, %s", bed.rebalancer.status()).isEqualTo(seats);

        pods.add(pods(5).get(3));
        bed.publish(pods);
        bed.passSeconds(90);
        // What is left over where the plan has nothing takes the place of one that the plan has.
        int placed = by == Retirement.DRAIN ? seats - 1 : seats;
        assertThat(bed.connections.open(pods(5).get(3)))
                .as("a Pod that came later, %s", bed.rebalancer.status())
                .isBetween(placed / pods.size(), (seats + pods.size() - 1) / pods.size());
        assertThat(total(bed)).isEqualTo(seats);
        assertThat(bed.connections.mostAtOnce()).isLessThanOrEqualTo(8 + surge);
        assertThat(bed.rebalancer.status().movesPending()).isZero();
        long rounds = bed.scheduler.run();
        bed.passSeconds(600);
        // One each 30 s asks whether the connection is still in use.
        assertThat(bed.scheduler.run() - rounds)
                .as("rounds in ten minutes without news")
                .isLessThanOrEqualTo(age.isZero() ? 600 / 30 + 1 : 600);

        assertThat(bed.connections.unstick(held)).isTrue();
        bed.passSeconds(90);
        evenOver(bed, pods, seats);
    }

    private static List<Endpoint> retire(Retirement by, BalanceBed bed, List<Endpoint> first) {
        List<Endpoint> pods = new ArrayList<>(first);
        switch (by) {
            case SCALE -> {
                pods.add(pods(3).get(2));
                bed.publish(pods);
                bed.passSeconds(10);
            }
            case RESIZE -> bed.resize(4);
            case DRAIN -> {
                pods.remove(first.get(1));
                bed.publish(pods);
            }
            case AGE -> bed.passSeconds(150);
        }
        return pods;
    }

    private static void returnAll(BalanceBed bed, List<Endpoint> pods) {
        for (Endpoint pod : pods) {
            while (bed.connections.release(pod)) {
                bed.pass(Duration.ofMillis(50));
            }
        }
    }

    private static void evenOver(BalanceBed bed, List<Endpoint> pods, int seats) {
        for (Endpoint pod : pods) {
            assertThat(bed.connections.open(pod))
                    .as("connections of %s, %s", pod.key(), bed.rebalancer.status())
                    .isBetween(seats / pods.size(), (seats + pods.size() - 1) / pods.size());
        }
        assertThat(total(bed)).isEqualTo(seats);
    }

    /** The budget is the pool's, and the connection that is never returned is a part of it. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void a_seat_that_is_not_returned_at_an_endpoint_without_a_plan_costs_another_its_idle_one(int surge) {
        BalanceBed bed = bed(4, surge);
        List<Endpoint> pods = pods(4);
        bed.publish(pods);
        bed.passSeconds(1);
        pods.forEach(bed.connections::stick);
        bed.resize(3);
        bed.passSeconds(1);
        Endpoint unplanned = pods.stream()
                .filter(pod -> bed.connections.load(pod.key()).draining() == 1)
                .findFirst()
                .orElseThrow();
        pods.stream().filter(pod -> !pod.equals(unplanned)).forEach(bed.connections::unstick);
        bed.passSeconds(40);
        assertThat(total(bed)).isEqualTo(3);
        assertThat(bed.connections.open(unplanned)).isEqualTo(1);
        bed.connections.unstick(unplanned);
        bed.passSeconds(40);
        assertThat(bed.connections.open(unplanned)).isZero();
        assertThat(total(bed)).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void no_later_move_asks_for_the_same_connection_when_all_the_others_are_busy_all_the_time(int surge) {
        BalanceBed bed = bed(9, surge);
        List<Endpoint> pods = pods(3);
        bed.publish(pods);
        bed.passSeconds(1);
        pods.forEach(bed.connections::stick);
        bed.connections.acquireAll();
        bed.publish(pods(4));
        for (int i = 0; i < 2_400; i++) {
            for (Endpoint pod : pods(4)) {
                if (bed.connections.release(pod) && bed.connections.idle(pod) > 0 && bed.isRoutable(pod)) {
                    bed.connections.acquire(pod);
                }
            }
            bed.pass(Duration.ofMillis(100));
        }
        assertThat(bed.connections.open(pods(4).get(3)))
                .as("connections of the new Pod, %s", bed.rebalancer.status())
                .isBetween(2, 3);
        assertThat(bed.rebalancer.status().moves()).isGreaterThanOrEqualTo(2);
        assertThat(total(bed)).isEqualTo(9);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void the_others_of_its_endpoint_are_renewed_once_an_age_and_it_when_it_is_returned(int surge) {
        Duration age = Duration.ofMinutes(10);
        BalanceBed bed =
                new BalanceBed(6, config().surge(surge).maxConnectionAge(age).build(), 7);
        List<Endpoint> pods = pods(2);
        bed.publish(pods);
        bed.passSeconds(1);
        bed.connections.stick(pods.get(0));
        bed.passSeconds(4 * 600);
        int renewed = bed.events(ConnectionExpired.class).size();
        assertThat(renewed).as("renewals of 5 connections in four ages").isBetween(15, 28);
        int gone = renewed + bed.events(ConnectionRetired.class).size();
        assertThat(bed.connections.opened()).as("opened").isLessThanOrEqualTo(6 + gone);
        assertThat(total(bed)).isEqualTo(6);
        assertThat(bed.connections.load(pods.get(0).key()).draining()).isEqualTo(1);
        bed.connections.unstick(pods.get(0));
        bed.passSeconds(5);
        assertThat(bed.connections.load(pods.get(0).key()).draining()).isZero();
        evenOver(bed, pods, 6);
    }

    @Test
    void a_mark_that_is_not_needed_any_more_is_taken_back_even_if_the_adapter_misses_it_at_first() {
        BalanceBed bed = bed(6, 1);
        List<Endpoint> pods = pods(2);
        bed.publish(pods);
        bed.passSeconds(1);
        bed.connections.acquireAll();
        bed.publish(pods(3));
        bed.passSeconds(12);
        Endpoint marked = pods.stream()
                .filter(pod -> bed.connections.load(pod.key()).draining() == 1)
                .findFirst()
                .orElseThrow();
        bed.connections.missKeeps(3);
        bed.publish(pods);
        bed.passSeconds(40);
        assertThat(bed.connections.load(marked.key()).draining()).isZero();
        int opened = bed.connections.opened();
        returnAll(bed, pods);
        bed.passSeconds(60);
        assertThat(bed.connections.opened()).isEqualTo(opened);
        evenOver(bed, pods, 6);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void a_drain_whose_caller_never_returns_leaves_room_for_a_smaller_pool(int surge) {
        BalanceBed bed = bed(6, surge);
        List<Endpoint> pods = pods(3);
        bed.publish(pods);
        bed.passSeconds(1);
        bed.connections.stick(pods.get(2));
        bed.publish(pods.subList(0, 2));
        bed.passSeconds(60);
        assertThat(total(bed)).isEqualTo(6);
        bed.resize(4);
        bed.passSeconds(40);
        assertThat(total(bed)).as("of them one is not returned").isEqualTo(4);
        bed.publish(pods.get(0), pods.get(1), pods(4).get(3));
        bed.passSeconds(60);
        assertThat(bed.connections.open(pods(4).get(3))).isPositive();
        assertThat(total(bed)).isEqualTo(4);
        bed.connections.unstick(pods.get(2));
        bed.passSeconds(60);
        assertThat(bed.events(EndpointLeft.class)).hasSize(1);
        evenOver(bed, List.of(pods.get(0), pods.get(1), pods(4).get(3)), 4);
    }

    @Test
    void moves_of_a_pool_while_it_was_larger_hold_up_none_after_it_was_made_smaller() {
        BalanceBed bed = bed(20, 0);
        List<Endpoint> pods = pods(2);
        bed.publish(pods);
        bed.passSeconds(1);
        bed.publish(pods(4));
        bed.passSeconds(30);
        assertThat(bed.rebalancer.status().moves()).isEqualTo(10);
        bed.resize(4);
        bed.publish(pods(4).subList(0, 2));
        bed.passSeconds(30);
        bed.publish(pods(4));
        bed.passSeconds(330);
        evenOver(bed, pods(4), 4);
    }

    @Test
    void dials_that_fail_use_up_no_move() {
        BalanceBed bed = bed(4, 1);
        List<Endpoint> pods = pods(2);
        bed.publish(pods);
        bed.passSeconds(1);
        bed.connections.unreachable(pods(3).get(2), true);
        bed.publish(pods(3));
        for (int i = 0; i < 40; i++) {
            bed.passSeconds(10);
            bed.rebalancer.signals().alive(pods(3).get(2).key());
        }
        bed.connections.reachable(pods(3).get(2));
        bed.passSeconds(60);
        assertThat(bed.connections.open(pods(3).get(2))).isEqualTo(1);
    }
}
