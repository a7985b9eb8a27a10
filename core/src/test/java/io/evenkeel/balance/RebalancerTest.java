package io.evenkeel.balance;

import static io.evenkeel.balance.BalanceBed.config;
import static io.evenkeel.balance.BalanceBed.pods;
import static io.evenkeel.balance.BalanceBed.terminating;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.event.EvenkeelEvent.ConnectionExpired;
import io.evenkeel.event.EvenkeelEvent.ConnectionMoved;
import io.evenkeel.event.EvenkeelEvent.DrainEnded;
import io.evenkeel.event.EvenkeelEvent.DrainOverran;
import io.evenkeel.event.EvenkeelEvent.DrainStarted;
import io.evenkeel.event.EvenkeelEvent.EndpointEjected;
import io.evenkeel.event.EvenkeelEvent.EndpointReturned;
import io.evenkeel.event.EvenkeelEvent.SourceRecovered;
import io.evenkeel.event.EvenkeelEvent.SourceStale;
import io.evenkeel.status.EndpointStatus;
import io.evenkeel.status.FailureCause;
import io.evenkeel.status.PoolStatus;
import io.evenkeel.watch.SourceHealth;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RebalancerTest {

    @Test
    void fills_the_pool_evenly_at_once() {
        BalanceBed bed = new BalanceBed(10);
        bed.publish(pods(3));
        bed.passSeconds(1);
        bed.assertEven(pods(3));
        bed.assertBudgetKept();
        assertThat(bed.connections.opened()).isEqualTo(10);
    }

    @Test
    void scale_out_moves_the_minimum_within_the_window_one_at_a_time() {
        BalanceBed bed = new BalanceBed(12);
        bed.publish(pods(3));
        bed.passSeconds(1);
        bed.publish(pods(4));
        bed.passSeconds(11);
        bed.assertEven(pods(4));
        bed.assertBudgetKept();
        assertThat(bed.connections.opened()).isEqualTo(12 + 3);
        assertThat(bed.events(ConnectionMoved.class)).hasSize(3);
        assertThat(bed.rebalancer.status().moves()).isEqualTo(3);
        assertThat(bed.rebalancer.status().movesPending()).isZero();
        bed.passSeconds(60);
        assertThat(bed.connections.opened()).isEqualTo(15);
    }

    @Test
    void scale_out_while_everything_is_in_use_moves_what_is_returned_and_closes_nothing_in_use() {
        BalanceBed bed = new BalanceBed(12);
        bed.publish(pods(3));
        bed.passSeconds(1);
        bed.connections.acquireAll();
        bed.publish(pods(4));
        bed.passSeconds(15);
        assertThat(bed.connections.open(pods(4).get(3))).isZero();
        for (int i = 0; i < 100; i++) {
            for (Endpoint pod : pods(3)) {
                if (bed.connections.release(pod) && bed.connections.idle(pod) > 0) {
                    bed.connections.acquire(pod);
                }
            }
            bed.passSeconds(1);
        }
        bed.assertEven(pods(4));
        bed.assertBudgetKept();
    }

    @Test
    void scale_in_routes_away_at_once_and_gives_up_idle_connections_within_the_spread() {
        BalanceBed bed = new BalanceBed(12);
        List<Endpoint> pods = pods(4);
        bed.publish(pods);
        bed.passSeconds(1);
        bed.publish(pods.get(0), pods.get(1), pods.get(2), terminating(pods.get(3)));
        assertThat(bed.isRoutable(pods.get(3))).isFalse();
        bed.passSeconds(6);
        bed.assertEven(pods(3));
        bed.assertBudgetKept();
        assertThat(bed.connections.opened()).isEqualTo(12 + 3);
        assertThat(bed.connections.isJoined(pods.get(3))).isFalse();
        assertThat(bed.events(DrainStarted.class)).hasSize(1);
        assertThat(bed.events(DrainEnded.class)).hasSize(1);
        assertThat(bed.events(ConnectionMoved.class)).isEmpty();
    }

    @Test
    void a_leaving_endpoint_whose_connections_cannot_be_moved_is_reported_with_all_of_them() {
        BalanceBed bed = new BalanceBed(4);
        bed.moveWhole(1_000);
        List<Endpoint> pods = pods(2);
        bed.publish(pods);
        bed.passSeconds(1);
        bed.publish(pods.get(0));
        bed.passSeconds(60);
        assertThat(bed.events(DrainOverran.class))
                .extracting(DrainOverran::stillInUse)
                .containsExactly(2);
    }

    @Test
    void a_connection_in_use_at_a_leaving_endpoint_stays_beyond_the_deadline_until_it_is_returned() {
        BalanceBed bed = new BalanceBed(4);
        List<Endpoint> pods = pods(2);
        bed.publish(pods);
        bed.passSeconds(1);
        bed.connections.acquire(pods.get(1));
        bed.publish(pods.get(0));
        bed.passSeconds(60);
        assertThat(bed.connections.open(pods.get(1))).isEqualTo(1);
        assertThat(bed.connections.open(pods.get(0))).isEqualTo(3);
        assertThat(bed.events(DrainOverran.class))
                .extracting(DrainOverran::stillInUse)
                .containsExactly(1);
        bed.connections.release(pods.get(1));
        bed.passSeconds(1);
        assertThat(bed.connections.open(pods.get(1))).isZero();
        assertThat(bed.connections.open(pods.get(0))).isEqualTo(4);
        bed.assertBudgetKept();
    }

    @Test
    void an_endpoint_that_returns_while_it_drains_keeps_what_it_still_has() {
        BalanceBed bed = new BalanceBed(4);
        List<Endpoint> pods = pods(2);
        bed.publish(pods);
        bed.passSeconds(150);
        bed.connections.acquireAll();
        bed.publish(pods.get(0));
        bed.passSeconds(10);
        assertThat(bed.rebalancer.status().endpoints().get(1).draining()).isEqualTo(2);
        bed.publish(pods);
        bed.passSeconds(1);
        assertThat(bed.rebalancer.status().endpoints().get(1).draining()).isZero();
        assertThat(bed.isRoutable(pods.get(1))).isTrue();
        while (bed.connections.release(pods.get(1))) {
            bed.passSeconds(1);
        }
        bed.assertEven(pods);
        assertThat(bed.connections.opened()).isEqualTo(4);
    }

    @Test
    void the_only_endpoint_replaced_is_drained_without_delay() {
        BalanceBed bed = new BalanceBed(10);
        Endpoint old = BalanceBed.pod("pg-old");
        Endpoint replacement = BalanceBed.pod("pg-new");
        bed.publish(old);
        bed.passSeconds(1);
        bed.publish(terminating(old), replacement);
        bed.passSeconds(1);
        assertThat(bed.connections.open(replacement)).isEqualTo(10);
        assertThat(bed.connections.open(old)).isZero();
        bed.assertBudgetKept();
    }

    @Test
    void a_rolling_update_costs_one_reconnect_per_connection() {
        BalanceBed bed = new BalanceBed(12);
        List<Endpoint> pods = new ArrayList<>(pods(4));
        bed.publish(pods);
        bed.passSeconds(130);
        int before = bed.connections.opened();
        for (int i = 0; i < 4; i++) {
            Endpoint old = pods.get(i);
            pods.set(i, Endpoint.of("pg-new-" + i, "10.0.2." + i, 5432));
            List<Endpoint> both = new ArrayList<>(pods);
            both.add(terminating(old));
            bed.publish(both);
            bed.passSeconds(15);
            bed.publish(pods);
            bed.passSeconds(15);
            bed.assertEven(pods);
        }
        assertThat(bed.connections.opened() - before).as("reconnects").isEqualTo(12);
        bed.assertBudgetKept();
    }

    @Test
    void an_endpoint_that_restarts_once_soon_after_it_came_is_used_at_once_when_it_is_back() {
        BalanceBed bed = new BalanceBed(12);
        bed.publish(pods(3));
        bed.passSeconds(300);
        bed.publish(pods(4));
        bed.passSeconds(15);
        bed.publish(pods(3));
        bed.passSeconds(3);
        bed.publish(pods(4));
        bed.passSeconds(10);
        bed.assertEven(pods(4));
    }

    @Test
    void a_flapping_endpoint_is_held_down_longer_and_longer() {
        BalanceBed bed = new BalanceBed(12);
        List<Endpoint> stable = pods(3);
        List<Endpoint> all = pods(4);
        bed.publish(all);
        bed.passSeconds(300);
        int before = bed.connections.opened();
        for (int i = 0; i < 20; i++) {
            bed.publish(stable);
            bed.passSeconds(15);
            bed.publish(all);
            bed.passSeconds(15);
        }
        // A naive balancer would move 3 there and 3 back, twenty times over.
        assertThat(bed.connections.opened() - before).isLessThanOrEqualTo(15);
        bed.publish(all);
        bed.passSeconds(11 * 60);
        bed.assertEven(all);
        bed.assertBudgetKept();
    }

    @Test
    void nothing_moves_while_the_source_is_stale_and_everything_after_it_recovers() {
        BalanceBed bed = new BalanceBed(12);
        bed.publish(pods(3));
        bed.passSeconds(1);
        bed.publish(pods(4));
        bed.health(SourceHealth.STALE);
        bed.passSeconds(60);
        assertThat(bed.connections.opened()).isEqualTo(12);
        assertThat(bed.events(SourceStale.class)).hasSize(1);
        bed.health(SourceHealth.HEALTHY);
        bed.passSeconds(11);
        bed.assertEven(pods(4));
        assertThat(bed.events(SourceRecovered.class)).hasSize(1);
    }

    @Test
    void when_every_endpoint_is_gone_the_connections_stay_and_when_they_come_back_nothing_moves() {
        BalanceBed bed = new BalanceBed(9);
        bed.publish(pods(3));
        bed.passSeconds(1);
        bed.publish(List.of());
        bed.passSeconds(120);
        bed.assertEven(pods(3));
        assertThat(bed.connections.routable()).hasSize(3);
        bed.publish(pods(3));
        bed.passSeconds(120);
        bed.assertEven(pods(3));
        assertThat(bed.connections.opened()).isEqualTo(9);
    }

    @Test
    void when_all_endpoints_are_replaced_at_once_the_pool_is_at_the_new_ones_within_the_spread() {
        BalanceBed bed = new BalanceBed(9);
        bed.publish(pods(3));
        bed.passSeconds(200);
        List<Endpoint> others = List.of(BalanceBed.pod("a"), BalanceBed.pod("b"), BalanceBed.pod("c"));
        bed.publish(others);
        bed.passSeconds(6);
        bed.assertEven(others);
        bed.assertBudgetKept();
    }

    @Test
    void endpoints_that_only_terminate_are_used_where_there_is_no_other() {
        BalanceBed bed = new BalanceBed(4);
        List<Endpoint> pods = pods(2);
        bed.publish(terminating(pods.get(0)), pods.get(1).withCondition(EndpointCondition.NOT_READY));
        bed.passSeconds(1);
        assertThat(bed.connections.open(pods.get(0))).isEqualTo(4);
    }

    @Test
    void growing_adds_and_shrinking_removes_only() {
        BalanceBed bed = new BalanceBed(6);
        bed.publish(pods(3));
        bed.passSeconds(1);
        bed.resize(12);
        bed.passSeconds(1);
        bed.assertEven(pods(3));
        assertThat(bed.connections.opened()).isEqualTo(12);
        bed.resize(5);
        bed.passSeconds(1);
        bed.assertEven(pods(3));
        assertThat(bed.connections.opened()).isEqualTo(12);
    }

    @Test
    void a_resize_while_moves_are_under_way_ends_at_the_new_plan() {
        BalanceBed bed = new BalanceBed(12);
        bed.publish(pods(3));
        bed.passSeconds(1);
        bed.connections.dialTime(Duration.ofSeconds(2));
        bed.publish(pods(4));
        bed.passSeconds(4);
        bed.resize(8);
        bed.passSeconds(30);
        bed.assertEven(pods(4));
        bed.resize(13);
        bed.passSeconds(30);
        bed.assertEven(pods(4));
    }

    @Test
    void after_close_in_the_middle_of_a_move_no_verb_reaches_the_adapter() {
        BalanceBed bed = new BalanceBed(12);
        bed.publish(pods(3));
        bed.passSeconds(1);
        bed.connections.dialTime(Duration.ofSeconds(20));
        bed.publish(pods(4));
        bed.passSeconds(9);
        assertThat(bed.connections.load(pods(4).get(3).key()).connecting()).isEqualTo(1);
        bed.rebalancer.close();
        bed.scheduler.runDue();
        bed.connections.stopped();
        bed.publish(pods(2));
        bed.resize(3);
        bed.passSeconds(120);
        assertThat(bed.rebalancer.status().closed()).isTrue();
    }

    @Test
    void with_surge_the_new_connection_is_open_before_the_old_one_closes() {
        BalanceBed bed = new BalanceBed(12, config().surge(1).build(), 7);
        bed.publish(pods(3));
        bed.passSeconds(1);
        bed.connections.resetMostAtOnce();
        bed.publish(pods(4));
        int fewest = 12;
        for (int i = 0; i < 120; i++) {
            bed.pass(Duration.ofMillis(100));
            fewest = Math.min(fewest, bed.connections.total());
        }
        assertThat(fewest).isEqualTo(12);
        assertThat(bed.connections.mostAtOnce()).isEqualTo(13);
        bed.assertEven(pods(4));
        assertThat(bed.connections.opened()).isEqualTo(15);
    }

    @Test
    void with_surge_a_caller_that_keeps_its_connection_holds_up_no_other_move() {
        BalanceBed bed = new BalanceBed(
                12, config().surge(1).maxConnectionAge(Duration.ofMinutes(1)).build(), 7);
        bed.publish(pods(3));
        bed.passSeconds(1);
        Endpoint kept = pods(3).get(0);
        for (int i = 0; i < 4; i++) {
            bed.connections.acquire(kept);
        }
        bed.passSeconds(90);
        bed.publish(pods(4));
        bed.passSeconds(200);
        // All four of one Pod are never returned, and the pool keeps to its size.
        assertThat(bed.connections.open(kept)).isEqualTo(4);
        assertThat(bed.connections.open(pods(4).get(3))).isBetween(2, 3);
        assertThat(bed.connections.total()).isEqualTo(12);
        assertThat(bed.connections.mostAtOnce()).isLessThanOrEqualTo(13);
    }

    @Test
    void connections_are_renewed_by_age_spread_over_it_and_the_pool_stays_even() {
        BalanceBed bed = new BalanceBed(
                12, config().maxConnectionAge(Duration.ofMinutes(10)).build(), 7);
        bed.publish(pods(3));
        List<Integer> perMinute = new ArrayList<>();
        for (int minute = 0; minute < 40; minute++) {
            int before = bed.connections.opened();
            bed.passSeconds(60);
            perMinute.add(bed.connections.opened() - before);
        }
        int renewed = bed.connections.opened() - 12;
        assertThat(renewed).as("renewals in four ages").isBetween(36, 60);
        assertThat(perMinute.subList(1, 40)).as("renewals per minute").allMatch(count -> count <= 6);
        assertThat(bed.events(ConnectionExpired.class)).hasSize(renewed);
        bed.assertEven(pods(3));
        bed.assertBudgetKept();
    }

    @Test
    void an_endpoint_that_cannot_be_reached_costs_the_pool_no_more_than_one_seat() {
        BalanceBed bed = new BalanceBed(12);
        bed.publish(pods(3));
        bed.passSeconds(1);
        Endpoint broken = pods(4).get(3);
        bed.connections.unreachable(broken, true);
        bed.publish(pods(4));
        for (int i = 0; i < 100; i++) {
            bed.passSeconds(1);
            int open = bed.connections.openByIdentity().values().stream()
                    .mapToInt(Integer::intValue)
                    .sum();
            assertThat(open).as("open after %s s", i).isGreaterThanOrEqualTo(11);
        }
        bed.connections.unreachable(broken, false);
        bed.passSeconds(400);
        bed.assertEven(pods(4));
        bed.assertBudgetKept();
    }

    @Test
    void an_endpoint_that_crashes_is_ejected_keeps_its_seats_for_two_minutes_then_others_get_them() {
        BalanceBed bed = new BalanceBed(12);
        List<Endpoint> pods = pods(4);
        bed.publish(pods);
        bed.passSeconds(1);
        bed.connections.crash(pods.get(0));
        for (int i = 0; i < 5; i++) {
            bed.rebalancer.signals().failed(pods.get(0).key(), new java.io.IOException("refused"));
        }
        bed.passSeconds(1);
        assertThat(bed.isRoutable(pods.get(0))).isFalse();
        assertThat(bed.events(EndpointEjected.class)).hasSize(1);
        bed.passSeconds(100);
        assertThat(bed.connections.opened()).isEqualTo(12);
        bed.passSeconds(60);
        bed.assertEven(pods.subList(1, 4));
        assertThat(bed.connections.probes()).isPositive();
        bed.connections.unreachable(pods.get(0), false);
        bed.passSeconds(330);
        bed.assertEven(pods);
        assertThat(bed.events(EndpointReturned.class)).hasSize(1);
        bed.assertBudgetKept();
    }

    @Test
    void an_adapter_that_moves_as_a_whole_is_asked_again_after_it_postponed() {
        BalanceBed bed = new BalanceBed(12);
        bed.moveWhole(4);
        bed.publish(pods(3));
        bed.passSeconds(1);
        bed.publish(pods(4));
        bed.passSeconds(60);
        bed.assertEven(pods(4));
        assertThat(bed.connections.opened()).isEqualTo(15);
        assertThat(bed.events(ConnectionMoved.class)).hasSize(3);
    }

    @Test
    void a_whole_move_to_an_endpoint_that_cannot_be_reached_changes_nothing_until_it_can() {
        BalanceBed bed = new BalanceBed(12);
        bed.moveWhole(0);
        bed.publish(pods(3));
        bed.passSeconds(1);
        bed.connections.unreachable(pods(4).get(3), true);
        bed.publish(pods(4));
        bed.passSeconds(100);
        bed.assertEven(pods(3));
        bed.connections.unreachable(pods(4).get(3), false);
        bed.passSeconds(400);
        bed.assertEven(pods(4));
    }

    @Test
    void a_pool_smaller_than_the_number_of_endpoints_joins_only_those_it_uses() {
        BalanceBed bed = new BalanceBed(3);
        List<Endpoint> pods = pods(50);
        bed.publish(pods);
        bed.passSeconds(1);
        assertThat(bed.connections.total()).isEqualTo(3);
        assertThat(pods.stream().filter(bed.connections::isJoined)).hasSize(3);
        assertThat(bed.rebalancer.status().endpoints()).hasSize(3);
    }

    @Test
    void status_tells_targets_counts_and_why() {
        BalanceBed bed = new BalanceBed(10);
        bed.publish(pods(2));
        bed.passSeconds(1);
        bed.connections.acquire(pods(2).get(0));
        PoolStatus status = bed.rebalancer.status();
        assertThat(status.pool()).isEqualTo("orders");
        assertThat(status.seats()).isEqualTo(10);
        assertThat(status.source().health()).isEqualTo(SourceHealth.HEALTHY);
        assertThat(status.planReason()).isEqualTo("endpoints changed");
        EndpointStatus first = status.endpoints().get(0);
        assertThat(first.plannedSeats()).isEqualTo(5);
        assertThat(first.open()).isEqualTo(5);
        assertThat(first.inUse()).isEqualTo(1);
        assertThat(first.idle()).isEqualTo(4);
        assertThat(first.leaving()).isFalse();
    }

    @Test
    void status_has_the_last_failure_of_each_endpoint_whether_or_not_it_counts() {
        BalanceBed bed = new BalanceBed(10);
        List<Endpoint> pods = pods(2);
        bed.publish(pods);
        bed.passSeconds(1);
        bed.rebalancer.signals().failed(pods.get(0).key(), new java.net.ConnectException("refused"));
        bed.rebalancer.signals().refused(pods.get(1).key(), new IllegalStateException("password=hunter2"));
        bed.passSeconds(3);
        List<EndpointStatus> endpoints = bed.rebalancer.status().endpoints();
        assertThat(endpoints.get(0).lastFailure()).satisfies(failure -> {
            assertThat(failure.cause()).isEqualTo(FailureCause.UNREACHABLE);
            assertThat(failure.ago()).hasSeconds(3);
            assertThat(failure.message()).isEqualTo(pods.get(0).address() + ": ConnectException: refused");
        });
        assertThat(endpoints.get(1).lastError())
                .isEqualTo(pods.get(1).address() + ": IllegalStateException: password=***");
        assertThat(bed.rebalancer.status().age()).hasSeconds(4);
    }

    @Test
    void a_listener_that_throws_stops_nothing() {
        BalanceBed bed = new BalanceBed(4);
        io.evenkeel.time.ManualScheduler scheduler = bed.scheduler;
        BalanceContext context = new BalanceContext(
                scheduler.ticker(),
                scheduler,
                new java.util.SplittableRandom(1),
                event -> {
                    throw new IllegalStateException("listener");
                },
                io.evenkeel.event.MetricsRecorder.none());
        Rebalancer rebalancer = new Rebalancer(
                "other",
                "static:///test",
                4,
                config().build(),
                io.evenkeel.health.HealthConfig.builder().build(),
                context);
        InMemoryConnections connections = new InMemoryConnections(scheduler, rebalancer.signals());
        rebalancer.start(connections);
        rebalancer.endpoints(new io.evenkeel.watch.WatchSnapshot(
                io.evenkeel.endpoint.EndpointSet.of(1, pods(2)), SourceHealth.HEALTHY, 0, "first"));
        scheduler.advance(Duration.ofSeconds(1));
        assertThat(connections.total()).isEqualTo(4);
    }
}
