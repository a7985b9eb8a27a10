package io.evenkeel.balance;

import static io.evenkeel.balance.BalanceBed.config;
import static io.evenkeel.balance.BalanceBed.pods;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.CapturedLog;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointSet;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.health.HealthConfig;
import io.evenkeel.spi.SeatPolicy;
import io.evenkeel.time.ManualScheduler;
import io.evenkeel.time.SystemScheduler;
import io.evenkeel.watch.SourceHealth;
import io.evenkeel.watch.WatchSnapshot;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What other threads report late, twice or never, and listeners that never return. */
class LateOutcomesTest {

    @Test
    void an_open_that_succeeds_after_its_deadline_is_counted_and_what_is_too_much_is_closed() {
        BalanceBed bed = new BalanceBed(4);
        List<Endpoint> pods = pods(2);
        bed.connections.dialTime(Duration.ofSeconds(100));
        bed.publish(pods);
        bed.passSeconds(61);
        assertThat(bed.connections.total())
                .as("two dials are overdue, two others have begun")
                .isEqualTo(4);
        bed.connections.dialTime(Duration.ofMillis(20));
        bed.passSeconds(20);
        bed.passSeconds(100);
        bed.assertEven(pods);
        assertThat(bed.connections.mostAtOnce())
                .as("the two late ones, for a moment")
                .isLessThanOrEqualTo(4 + 2);
    }

    @Test
    void an_endpoint_whose_opens_hang_keeps_no_other_from_its_seats() {
        BalanceBed bed = new BalanceBed(6);
        List<Endpoint> pods = pods(3);
        bed.connections.hang(pods.get(0), true);
        bed.publish(pods);
        bed.passSeconds(2);
        assertThat(bed.connections.open(pods.get(1))).isEqualTo(2);
        assertThat(bed.connections.open(pods.get(2))).isEqualTo(2);
        bed.passSeconds(61);
        assertThat(bed.rebalancer.status().endpoints().get(0).lastError()).contains("did not complete within 60 s");
        bed.connections.hang(pods.get(0), false);
        bed.passSeconds(70);
        bed.assertEven(pods);
    }

    @Test
    void an_outcome_that_comes_twice_counts_once() {
        BalanceBed bed = new BalanceBed(4);
        bed.connections.reportTwice();
        List<Endpoint> pods = pods(2);
        bed.publish(pods);
        bed.passSeconds(5);
        bed.assertEven(pods);
        bed.publish(pods(3));
        bed.passSeconds(20);
        bed.publish(pods);
        bed.passSeconds(20);
        bed.assertEven(pods);
        bed.assertBudgetKept();
    }

    @Test
    void a_probe_that_never_ends_does_not_keep_an_endpoint_out() {
        BalanceBed bed = new BalanceBed(6);
        List<Endpoint> pods = pods(3);
        bed.publish(pods);
        bed.passSeconds(1);
        bed.connections.hang(pods.get(0), true);
        for (int i = 0; i < 5; i++) {
            bed.rebalancer.signals().failed(pods.get(0).key(), new IOException("reset"));
        }
        bed.passSeconds(10);
        assertThat(bed.isRoutable(pods.get(0))).isFalse();
        bed.connections.hang(pods.get(0), false);
        bed.passSeconds(15);
        assertThat(bed.isRoutable(pods.get(0))).isTrue();
    }

    @Test
    void a_working_connection_readmits_without_a_probe_and_ends_the_back_off_of_seats() {
        BalanceBed bed = new BalanceBed(6);
        List<Endpoint> pods = pods(3);
        bed.connections.unreachable(pods.get(0), true);
        bed.publish(pods);
        bed.passSeconds(40);
        assertThat(bed.isRoutable(pods.get(0))).isFalse();
        bed.connections.unreachable(pods.get(0), false);
        bed.rebalancer.signals().alive(pods.get(0).key());
        bed.pass(Duration.ofMillis(200));
        bed.assertEven(pods);
        assertThat(bed.isRoutable(pods.get(0))).isTrue();
    }

    @Test
    void what_says_nothing_about_the_endpoint_ejects_nothing_and_is_shown() {
        BalanceBed bed = new BalanceBed(6);
        List<Endpoint> pods = pods(3);
        bed.connections.refuse(pods.get(0), new IOException("password authentication failed"));
        bed.publish(pods);
        bed.passSeconds(30);
        assertThat(bed.events(EvenkeelEvent.EndpointEjected.class)).isEmpty();
        assertThat(bed.rebalancer.status().endpoints().get(0).lastError()).contains("password authentication failed");
        assertThat(bed.rebalancer.status().endpoints().get(0).ejectedFor()).isNull();
        bed.connections.refuse(pods.get(0), null);
        bed.passSeconds(5);
        bed.assertEven(pods);
    }

    @Test
    void one_rebalancing_is_two_lines_its_plan_and_its_end() {
        BalanceBed bed = new BalanceBed(12);
        bed.publish(pods(3));
        bed.passSeconds(1);
        try (CapturedLog log = new CapturedLog()) {
            bed.publish(pods(4));
            bed.passSeconds(60);
            assertThat(log.linesWith("to move")).hasSize(1);
            assertThat(log.linesWith("rebalanced, 3 connections moved in")).hasSize(1);
        }
    }

    @Test
    @Timeout(60)
    void a_listener_that_never_returns_holds_up_nothing() throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        AtomicInteger calls = new AtomicInteger();
        ManualScheduler scheduler = new ManualScheduler();
        try (SystemScheduler events = new SystemScheduler("evenkeel-orders-events")) {
            EvenkeelListener hangs = event -> {
                calls.incrementAndGet();
                try {
                    never.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            };
            Rebalancer rebalancer = new Rebalancer(
                    "orders",
                    "static:///test",
                    SeatPolicy.budgeted(4),
                    config().build(),
                    HealthConfig.defaults(),
                    new BalanceContext(
                            scheduler.ticker(),
                            scheduler,
                            new SplittableRandom(1),
                            hangs,
                            MetricsRecorder.none(),
                            events::execute));
            InMemoryConnections connections = new InMemoryConnections(scheduler, rebalancer.signals());
            rebalancer.start(connections);
            rebalancer.endpoints(
                    new WatchSnapshot(EndpointSet.of(1, pods(2)), SourceHealth.HEALTHY, 0, "endpoints changed"));
            scheduler.advance(Duration.ofSeconds(5));
            assertThat(connections.total()).isEqualTo(4);
            for (int i = 0; i < EventDispatch.MOST_QUEUED + 10; i++) {
                rebalancer.signals().failed(pods(2).get(0).key(), new IOException("reset"));
            }
            scheduler.advance(Duration.ofSeconds(5));
            assertThat(calls).hasValueLessThanOrEqualTo(1);
            never.countDown();
        }
    }

    @Test
    void an_adapter_that_throws_at_one_endpoint_serves_from_the_others_and_from_it_once_it_does_not() {
        ManualScheduler scheduler = new ManualScheduler();
        Rebalancer rebalancer = new Rebalancer(
                "orders",
                "static:///test",
                6,
                config().build(),
                HealthConfig.defaults(),
                new BalanceContext(
                        scheduler.ticker(), scheduler, new SplittableRandom(1), event -> {}, MetricsRecorder.none()));
        InMemoryConnections connections = new InMemoryConnections(scheduler, rebalancer.signals());
        List<Endpoint> pods = pods(3);
        connections.failJoin(
                pods.get(0),
                new IllegalArgumentException("no such region: " + pods.get(0).identity()));
        rebalancer.start(connections);
        rebalancer.endpoints(new WatchSnapshot(EndpointSet.of(1, pods), SourceHealth.HEALTHY, 0, "endpoints changed"));
        scheduler.advance(Duration.ofSeconds(1));
        assertThat(connections.openByIdentity()).hasToString("{pg-1=2, pg-2=2}");
        assertThat(rebalancer.status().endpoints().get(0).lastError()).contains("no such region: pg-0");
        connections.failJoin(pods.get(0), null);
        scheduler.advance(Duration.ofSeconds(5));
        assertThat(connections.openByIdentity()).hasToString("{pg-0=2, pg-1=2, pg-2=2}");
        connections.assertContractKept();
    }
}
