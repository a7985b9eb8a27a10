package io.evenkeel.rsocket;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.pick.Rotation;
import io.evenkeel.time.ManualScheduler;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PickTest {

    private static final long MS = 1_000_000;
    private static final Interaction ASKED = Interaction.REQUEST_RESPONSE;

    private final ManualScheduler scheduler = new ManualScheduler();
    private final Pick pick = new Pick(new Rotation(7));

    private final class Nobody implements PodConnection.Listener {
        @Override
        public void closed(PodConnection connection, PodConnection.Ending ending, @Nullable Throwable cause) {}

        @Override
        public void succeeded(PodConnection connection) {}
    }

    private PodConnection connection(String name, double weight) {
        PodConnection connection = new PodConnection(
                new EndpointKey(name, "10.0.0.1", 7000),
                () -> weight,
                new WireWatch(scheduler.ticker(), scheduler, () -> {}, () -> {}),
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
            chosen.answered(5 * MS, now());
        }
        return second;
    }

    @Test
    void equal_pods_take_turns_and_weights_are_turns() {
        assertThat(shareOfSecond(connection("a", 1), connection("b", 1))).isBetween(499, 501);
        assertThat(shareOfSecond(connection("a", 1), connection("b", 3))).isBetween(749, 751);
    }

    @Test
    void requests_in_flight_keep_within_the_share_and_streams_count_for_streams_only() {
        PodConnection light = connection("a", 1);
        PodConnection heavy = connection("b", 3);
        PodConnection[] both = {light, heavy};
        for (int i = 0; i < 400; i++) {
            pick.enter(both, ASKED, now());
        }
        assertThat(heavy.inFlight()).isBetween(295, 305);
        PodConnection streaming = connection("c", 1);
        PodConnection other = connection("d", 1);
        for (int i = 0; i < 50; i++) {
            streaming.enter(Interaction.REQUEST_STREAM);
            streaming.enterAnyway();
        }
        assertThat(shareOfSecond(streaming, other)).as("short requests").isBetween(499, 501);
        for (int i = 0; i < 50; i++) {
            pick.enter(new PodConnection[] {streaming, other}, Interaction.REQUEST_STREAM, now());
        }
        assertThat(other.inFlight()).as("streams go where there are fewer").isBetween(49, 50);
    }

    @Test
    void one_that_answers_nothing_is_passed_by_whatever_was_asked_before() {
        PodConnection well = connection("a", 1);
        PodConnection silent = connection("b", 1);
        shareOfSecond(well, silent);
        scheduler.advance(Duration.ofMinutes(1));
        shareOfSecond(well, silent);
        PodConnection[] both = {well, silent};
        while (pick.enter(both, ASKED, now()) != silent) {
            well.exit(ASKED);
            well.answered(5 * MS, now());
        }
        scheduler.advance(Duration.ofMillis(500));
        well.answered(5 * MS, now());
        assertThat(shareOfSecond(well, silent)).as("after half a second").isZero();
        silent.answered(5 * MS, now());
        scheduler.advance(Duration.ofMillis(500));
        assertThat(shareOfSecond(well, silent)).as("when it answers again").isGreaterThan(400);
    }

    @Test
    void a_stream_or_a_push_is_not_awaited() {
        PodConnection streaming = connection("a", 1);
        PodConnection other = connection("b", 1);
        PodConnection[] both = {streaming, other};
        shareOfSecond(both);
        for (int i = 0; i < 4; i++) {
            pick.enter(both, Interaction.REQUEST_STREAM, now());
            pick.enter(both, Interaction.METADATA_PUSH, now()).exit(Interaction.METADATA_PUSH);
        }
        scheduler.advance(Duration.ofSeconds(1));
        assertThat(shareOfSecond(both)).as("although nothing came for a second").isBetween(490, 510);
    }

    @Test
    void one_that_drains_or_is_closed_is_never_taken() {
        PodConnection a = connection("a", 1);
        PodConnection b = connection("b", 1);
        PodConnection c = connection("c", 1);
        a.enter(ASKED);
        a.drain();
        b.close(PodConnection.Ending.DISPOSED);
        for (int i = 0; i < 100; i++) {
            assertThat(pick.enter(new PodConnection[] {a, b, c}, ASKED, now())).isSameAs(c);
        }
        assertThat(pick.enter(new PodConnection[] {a, b}, ASKED, now())).isNull();
        assertThat(a.inFlight()).as("what was refused is taken back").isEqualTo(1);
        assertThat(pick.enter(new PodConnection[0], ASKED, now())).isNull();
    }
}
