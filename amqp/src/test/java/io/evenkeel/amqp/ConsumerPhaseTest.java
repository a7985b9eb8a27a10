package io.evenkeel.amqp;

import static io.evenkeel.amqp.ConnectionBed.A;
import static io.evenkeel.amqp.ConnectionBed.B;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** When each channel's consumers are stopped and when they go on. One thread, and the time is the test's. */
@Timeout(60)
class ConsumerPhaseTest {

    private final ConnectionBed bed;
    /** What was asked of brokers, and when. */
    private final List<Entry> timeline = new ArrayList<>();

    private record Entry(String what, long millis) {}

    ConsumerPhaseTest() throws Exception {
        bed = new ConnectionBed();
        bed.dialer.moveDeadline = Duration.ofSeconds(20);
    }

    @BeforeEach
    void write_down_what_happens_and_let_waits_take_the_test_s_time() {
        bed.cluster.fault = (broker, operation) -> timeline.add(new Entry(broker.identity() + " " + operation, now()));
        bed.whileWaiting = () -> {};
    }

    private long now() {
        return bed.nanos() / 1_000_000;
    }

    /** After so much time in which the mover waited, from now on. */
    private BooleanSupplier after(long millis) {
        long from = now();
        return () -> now() - from >= millis;
    }

    private boolean has(String what) {
        return timeline.stream().anyMatch(entry -> entry.what().equals(what));
    }

    private List<Long> times(String what) {
        return timeline.stream()
                .filter(entry -> entry.what().equals(what))
                .map(Entry::millis)
                .toList();
    }

    /** A channel with a consumer. */
    private VirtualChannel consuming(String queue, String type) throws IOException {
        VirtualChannel channel = bed.channel();
        channel.queueDeclare(queue, true, false, false, Map.of("x-queue-type", type));
        bed.consume(channel, queue);
        return channel;
    }

    /** A channel with a consumer and one message that is not settled. */
    private VirtualChannel holding(String queue, String type) throws IOException {
        VirtualChannel channel = consuming(queue, type);
        bed.cluster.publish(queue);
        return channel;
    }

    private void moves() {
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        assertThat(bed.isPlayed()).as("every step was due").isTrue();
    }

    @Test
    void a_move_that_is_given_up_says_how_many_channels_it_waited_for_and_for_how_long() throws Exception {
        bed.dialer.moveDeadline = Duration.ofMillis(100);
        holding("q", "classic");
        VirtualChannel second = holding("r", "classic");
        bed.cluster.publish("r");
        holding("s", "classic");
        // One of three can go on.
        bed.when(() -> has("a cancel"), () -> second.basicAck(0, true));
        assertThat(bed.move(B))
                .isInstanceOfSatisfying(
                        MoveOutcome.Postponed.class,
                        postponed -> assertThat(postponed.reason())
                                .matches("2 channels with messages that are handled or not settled, the first of 1,"
                                        + " 1[0-9]{2} ms after it began"));
        assertThat(times("a cancel")).hasSize(3);
    }

    @Test
    void the_gap_is_what_a_channels_consumers_stood_still_and_a_channel_without_any_has_none() throws Exception {
        VirtualChannel slow = holding("q", "classic");
        bed.channel();
        bed.when(() -> has("a cancel"), () -> bed.when(after(30), () -> slow.basicAck(1, false)));
        moves();
        assertThat(bed.gaps).hasSize(1);
        assertThat(bed.gaps.get(0)).isBetween(Duration.ofMillis(30), Duration.ofMillis(60));
    }

    @Test
    void a_channel_that_is_not_quiet_keeps_the_next_one_waiting_for_ten_milliseconds() throws Exception {
        VirtualChannel slow = holding("q", "classic");
        consuming("r", "classic");
        consuming("s", "classic");
        bed.when(() -> times("a cancel").size() == 3, () -> slow.basicAck(1, false));
        moves();
        List<Long> stopped = times("a cancel");
        List<Long> resumed = times("b consume");
        assertThat(stopped.get(1) - stopped.get(0)).isBetween(10L, 14L);
        assertThat(resumed.get(0) - stopped.get(1))
                .as("the second goes on at once")
                .isBetween(0L, 3L);
        assertThat(stopped.get(2) - resumed.get(0))
                .as("and lets the third begin")
                .isBetween(0L, 13L);
    }

    @Test
    void a_quorum_queue_is_given_time_for_what_comes_late_from_the_last_that_did() throws Exception {
        VirtualChannel channel = holding("q", "quorum");
        FakeChannel raw = bed.raw(A, 1);
        long[] settled = new long[1];
        bed.when(() -> has("a cancel"), () -> {
            channel.basicAck(1, false);
            bed.when(after(2), () -> {
                bed.cluster.publish("q");
                raw.deliverLate("tag-q", "q");
                channel.basicAck(2, false);
                settled[0] = now();
            });
        });
        moves();
        assertThat(times("b consume").get(0) - settled[0]).isBetween(4L, 8L);
    }

    @Test
    void a_queue_that_was_declared_elsewhere_may_be_a_quorum_queue_and_a_classic_one_is_not_waited_for()
            throws Exception {
        for (String type : List.of("", "classic", "quorum")) {
            timeline.clear();
            ConnectionBed one = new ConnectionBed();
            one.whileWaiting = () -> {};
            one.dialer.moveDeadline = Duration.ofSeconds(20);
            VirtualChannel channel = one.channel();
            if (!type.isEmpty()) {
                channel.queueDeclare("q", true, false, false, Map.of("x-queue-type", type));
            }
            one.consume(channel, "q");
            assertThat(one.move(B)).isInstanceOf(MoveOutcome.Moved.class);
            Duration gap = one.gaps.get(0);
            if (type.equals("classic")) {
                assertThat(gap).as(type).isLessThan(Duration.ofMillis(4));
            } else {
                assertThat(gap).as(type).isBetween(Duration.ofMillis(4), Duration.ofMillis(9));
            }
        }
    }

    @Test
    void a_consumer_that_is_started_while_the_others_are_stopped_is_stopped_too_and_moves_with_them() throws Exception {
        VirtualChannel channel = holding("q", "classic");
        ConnectionBed.Recorder[] late = new ConnectionBed.Recorder[1];
        bed.when(() -> has("a cancel"), () -> {
            late[0] = bed.consume(channel, "r");
            channel.basicAck(1, false);
        });
        moves();
        assertThat(times("a cancel")).hasSize(2);
        assertThat(times("b consume")).hasSize(2);
        bed.cluster.publish("r");
        assertThat(late[0].messages).hasSize(1);
        assertThat(late[0].redelivered).isEmpty();
    }

    @Test
    void a_channel_that_the_application_closes_meanwhile_is_waited_for_no_more() throws Exception {
        VirtualChannel closed = holding("q", "classic");
        bed.consume(bed.channel(), "r");
        bed.when(() -> has("a cancel"), closed::abort);
        moves();
        assertThat(bed.gaps).as("of the other one alone").hasSize(1);
        assertThat(times("b consume")).hasSize(1);
    }

    /** Its prefetch is not used up, so it is stopped when the time for that is over, and not before. */
    @Test
    void a_channel_whose_acknowledgements_are_held_back_is_stopped_at_the_end_of_that_time() throws Exception {
        bed.dialer.ackHold = Duration.ofMillis(30);
        VirtualChannel channel = bed.channel();
        channel.basicQos(2);
        channel.queueDeclare("q", true, false, false, Map.of("x-queue-type", "quorum"));
        bed.consume(channel, "q");
        bed.cluster.publish("q");
        long begun = now();
        int[] held = new int[1];
        bed.when(after(5), () -> {
            channel.basicAck(1, false);
            held[0] = bed.raw(A, 1).unackedCount();
        });
        moves();
        assertThat(held[0]).as("not acknowledged at the broker").isEqualTo(1);
        assertThat(times("a cancel").get(0) - begun).isBetween(30L, 45L);
        assertThat(bed.cluster.queues.get("q")).isEmpty();
    }

    @Test
    void a_channel_whose_prefetch_is_used_up_is_stopped_at_once_and_before_others() throws Exception {
        bed.dialer.ackHold = Duration.ofSeconds(10);
        VirtualChannel first = bed.channel();
        first.basicQos(2);
        bed.consume(first, "q");
        VirtualChannel second = bed.channel();
        second.basicQos(1);
        bed.consume(second, "r");
        bed.cluster.publish("r");
        long begun = now();
        bed.when(() -> has("a cancel"), () -> {
            assertThat(bed.raw(A, 2).hasConsumer("tag-r")).as("stopped first").isFalse();
            assertThat(bed.raw(A, 1).hasConsumer("tag-q")).isTrue();
            second.basicAck(1, false);
            bed.cluster.publish("q");
            bed.cluster.publish("q");
        });
        bed.when(() -> times("a cancel").size() == 2, () -> first.basicAck(0, true));
        moves();
        assertThat(times("a cancel").get(0) - begun).isLessThan(5);
        assertThat(times("a cancel").get(1) - begun).as("long before its time").isLessThan(200);
    }
}
