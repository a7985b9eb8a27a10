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
    private static final Interaction ASKED = Interaction.REQUEST_RESPONSE;

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
            PodConnection chosen = pick.enter(both, ASKED, now());
            second += chosen == both[1] ? 1 : 0;
            chosen.exit(ASKED);
        }
        return second;
    }

    @Test
    void one_without_a_history_is_neither_avoided_nor_a_magnet() {
        PodConnection known = connection("a", 1);
        PodConnection fresh = connection("b", 1);
        known.latency().succeeded(2 * MS, now());
        assertThat(shareOfSecond(known, fresh)).isBetween(450, 550);
        fresh.enter(ASKED, now());
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
            quick.enter(ASKED, now());
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
    void one_that_answers_nothing_is_passed_by_before_its_first_answer_would_tell() {
        PodConnection well = connection("a", 1);
        PodConnection silent = connection("b", 1);
        well.latency().succeeded(5 * MS, now());
        silent.latency().succeeded(5 * MS, now());
        scheduler.advance(Duration.ofMinutes(1));
        well.latency().succeeded(5 * MS, now());
        silent.enter(ASKED, now());
        well.enter(ASKED, now());
        well.enter(ASKED, now());
        well.enter(ASKED, now());
        assertThat(shareOfSecond(well, silent))
                .as("not because it was idle before")
                .isEqualTo(1_000);
        scheduler.advance(Duration.ofMillis(20));
        well.latency().succeeded(5 * MS, now());
        assertThat(shareOfSecond(well, silent))
                .as("after 20 ms without an answer")
                .isZero();
        scheduler.advance(PodConnection.TRIED_AGAIN_AFTER);
        well.latency().succeeded(5 * MS, now());
        assertThat(shareOfSecond(well, silent)).as("tried again now and then").isEqualTo(1_000);
        scheduler.advance(Duration.ofMillis(20));
        well.latency().succeeded(5 * MS, now());
        assertThat(shareOfSecond(well, silent)).as("which was in vain").isZero();
        silent.latency().succeeded(5 * MS, now());
        assertThat(shareOfSecond(well, silent)).as("when it answers again").isEqualTo(1_000);
    }

    @Test
    void what_is_open_ended_is_not_awaited() {
        PodConnection streaming = connection("a", 1);
        PodConnection other = connection("b", 1);
        streaming.latency().succeeded(5 * MS, now());
        streaming.enter(Interaction.REQUEST_STREAM, now());
        streaming.enterAnyway();
        scheduler.advance(Duration.ofHours(1));
        other.latency().succeeded(5 * MS, now());
        for (int i = 0; i < 4; i++) {
            other.enter(ASKED, now());
        }
        assertThat(shareOfSecond(streaming, other))
                .as("although its streams have been silent for an hour")
                .isZero();
    }

    @Test
    void what_was_asked_while_there_was_no_choice_is_awaited_from_when_there_is() {
        PodConnection first = connection("a", 1);
        first.enter(ASKED, Request.UNTIMED);
        scheduler.advance(Duration.ofHours(1));
        PodConnection second = connection("b", 1);
        second.enter(ASKED, now());
        second.enter(ASKED, now());
        second.enter(ASKED, now());
        first.timedFrom(now());
        assertThat(shareOfSecond(second, first)).isEqualTo(1_000);
    }

    @Test
    void weights_share_what_is_in_flight() {
        PodConnection light = connection("a", 1);
        PodConnection heavy = connection("b", 3);
        for (int i = 0; i < 400; i++) {
            pick.enter(new PodConnection[] {light, heavy}, ASKED, now());
        }
        assertThat(heavy.inFlight()).isBetween(285, 315);
    }

    @Test
    void one_that_drains_or_is_closed_is_never_taken() {
        PodConnection a = connection("a", 1);
        PodConnection b = connection("b", 1);
        PodConnection c = connection("c", 1);
        a.enter(ASKED, now());
        a.drain();
        b.close(PodConnection.Ending.DISPOSED);
        for (int i = 0; i < 100; i++) {
            assertThat(pick.enter(new PodConnection[] {a, b, c}, ASKED, now())).isSameAs(c);
        }
        assertThat(pick.enter(new PodConnection[] {a, b}, ASKED, now())).isNull();
        assertThat(a.inFlight()).as("what was refused is taken back").isEqualTo(1);
        assertThat(pick.enter(new PodConnection[0], ASKED, now())).isNull();
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
