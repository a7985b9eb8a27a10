package io.evenkeel.rsocket;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.time.ManualScheduler;
import java.time.Duration;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PickTest {

    private static final long MS = 1_000_000;

    private final ManualScheduler scheduler = new ManualScheduler();
    private final Pick pick = new Pick(new SplittableRandom(7)::nextInt);

    private final class Nobody implements PodConnection.Listener {
        @Override
        public void closed(PodConnection connection, PodConnection.Ending ending, @Nullable Throwable cause) {}

        @Override
        public void succeeded(PodConnection connection) {}
    }

    private PodConnection connection(String name, double weight) {
        PodConnection connection = new PodConnection(
                new EndpointKey(name, "10.0.0.1", 7000),
                weight,
                new WireWatch(scheduler.ticker(), scheduler, () -> {}),
                new Nobody());
        connection.opened(new FakeRSocket(name), now(), now(), 0);
        return connection;
    }

    private long now() {
        return scheduler.ticker().nanos();
    }

    /** How many of 1,000 requests, each over before the next begins, the second gets. */
    private int shareOfSecond(PodConnection... both) {
        int second = 0;
        for (int i = 0; i < 1_000; i++) {
            PodConnection chosen = pick.enter(both, now());
            second += chosen == both[1] ? 1 : 0;
            chosen.exit();
        }
        return second;
    }

    @Test
    void one_without_a_history_is_neither_avoided_nor_a_magnet() {
        PodConnection known = connection("a", 1);
        PodConnection fresh = connection("b", 1);
        known.latency().succeeded(2 * MS, now());
        assertThat(shareOfSecond(known, fresh)).isBetween(450, 550);
        fresh.enter();
        assertThat(shareOfSecond(known, fresh))
                .as("while its first answer is still to come")
                .isZero();
    }

    @Test
    void the_quicker_one_is_taken_until_it_has_that_much_more_in_flight() {
        PodConnection quick = connection("a", 1);
        PodConnection slow = connection("b", 1);
        quick.latency().succeeded(2 * MS, now());
        slow.latency().succeeded(8 * MS, now());
        assertThat(shareOfSecond(quick, slow)).isZero();
        for (int i = 0; i < 4; i++) {
            quick.enter();
        }
        assertThat(shareOfSecond(quick, slow)).isEqualTo(1_000);
    }

    @Test
    void what_was_slow_long_ago_is_tried_again() {
        PodConnection quick = connection("a", 1);
        PodConnection slow = connection("b", 1);
        slow.latency().succeeded(8 * MS, now());
        scheduler.advance(Duration.ofSeconds(10));
        quick.latency().succeeded(2 * MS, now());
        assertThat(shareOfSecond(quick, slow)).isBetween(450, 550);
    }

    @Test
    void one_that_fails_fast_is_avoided_and_one_failure_in_a_thousand_is_not_a_ban() {
        PodConnection well = connection("a", 1);
        PodConnection failing = connection("b", 1);
        well.latency().succeeded(2 * MS, now());
        failing.latency().succeeded(2 * MS, now());
        failing.latency().failed(MS, now());
        assertThat(shareOfSecond(well, failing)).isZero();

        PodConnection hit = connection("c", 1);
        for (int i = 0; i < 1_000; i++) {
            hit.latency().succeeded(100 * MS, now());
            well.latency().succeeded(100 * MS, now());
        }
        hit.latency().failed(MS, now());
        assertThat(shareOfSecond(well, hit)).isBetween(450, 550);
    }

    @Test
    void weights_share_what_is_in_flight() {
        PodConnection light = connection("a", 1);
        PodConnection heavy = connection("b", 3);
        for (int i = 0; i < 400; i++) {
            pick.enter(new PodConnection[] {light, heavy}, now());
        }
        assertThat(heavy.inFlight()).isBetween(285, 315);
    }

    @Test
    void one_that_drains_or_is_closed_is_never_taken() {
        PodConnection a = connection("a", 1);
        PodConnection b = connection("b", 1);
        PodConnection c = connection("c", 1);
        a.enter();
        a.drain();
        b.close(PodConnection.Ending.DISPOSED);
        for (int i = 0; i < 100; i++) {
            assertThat(pick.enter(new PodConnection[] {a, b, c}, now())).isSameAs(c);
        }
        assertThat(pick.enter(new PodConnection[] {a, b}, now())).isNull();
        assertThat(a.inFlight()).as("what was refused is taken back").isEqualTo(1);
        assertThat(pick.enter(new PodConnection[0], now())).isNull();
    }

    @Test
    void a_failure_loses_its_weight_within_a_minute_or_two() {
        LatencyEstimate estimate = new LatencyEstimate();
        estimate.succeeded(2 * MS, 0);
        estimate.failed(MS, 0);
        double at0 = estimate.nanos(0, 2 * MS);
        double at10 = estimate.nanos(Duration.ofSeconds(10).toNanos(), 2 * MS);
        double at120 = estimate.nanos(Duration.ofSeconds(120).toNanos(), 2 * MS);
        assertThat(at0).isGreaterThan(1_000 * MS);
        assertThat(at10).isLessThan(at0 * 0.7);
        assertThat(at120).isLessThan(2.2 * MS);
    }
}
