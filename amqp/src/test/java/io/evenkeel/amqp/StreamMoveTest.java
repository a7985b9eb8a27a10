package io.evenkeel.amqp;

import static io.evenkeel.amqp.ConnectionBed.A;
import static io.evenkeel.amqp.ConnectionBed.B;
import static io.evenkeel.amqp.ConnectionBed.C;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A consumer of a stream that goes on elsewhere gets every message once, whatever a broker's replica lacks. */
class StreamMoveTest {

    private static final Duration FIRST_WAIT = Duration.ofSeconds(1);

    /** When it is looked again whether a move is over. */
    private static final Duration MOVE_OVER = Duration.ofMillis(100);

    private final ConnectionBed bed = new ConnectionBed();
    private final VirtualChannel channel = bed.channel();
    private final ConnectionBed.Recorder reader = bed.new Recorder(channel);
    /** How many messages a broker still passes over at its next starts. */
    private final Map<EndpointKey, List<Long>> passesOver = new HashMap<>();

    StreamMoveTest() throws Exception {}

    @BeforeEach
    void consume() throws IOException {
        bed.cluster.stream("s");
        bed.cluster.beginsAt = (broker, asked) -> {
            List<Long> left = passesOver.getOrDefault(broker, List.of());
            if (left.isEmpty()) {
                return asked;
            }
            passesOver.put(broker, left.subList(1, left.size()));
            return asked + left.get(0);
        };
        reader.acks = true;
        channel.basicConsume("s", false, "tag-s", false, false, Map.of("x-stream-offset", "first"), reader);
        publish(3);
        bed.told.clear();
    }

    private void publish(int count) {
        for (int i = 0; i < count; i++) {
            bed.cluster.publish("s");
        }
    }

    /** So many are added just before a consumer begins there, and not delivered elsewhere. */
    private void publishBeforeConsume(EndpointKey at, int count) {
        int[] left = {count};
        bed.cluster.fault = (broker, operation) -> {
            if (broker.equals(at) && operation.equals("consume")) {
                publish(left[0]);
                left[0] = 0;
            }
        };
    }

    /**
     * Moves to B, to which so many messages were added just before.
     *
     * @param over how many B passes over, start by start
     */
    private void moveToReplicaBehind(int added, Long... over) {
        publishBeforeConsume(B, added);
        passesOver.put(B, List.of(over));
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
    }

    private void assertReadOnce(int upTo) {
        assertThat(reader.messages)
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(1, upTo).boxed().toList());
        assertThat(bed.told).noneMatch(event -> event.startsWith("cancel") || event.startsWith("consume"));
    }

    @Test
    void it_goes_on_with_what_was_read_last_which_is_dropped() throws Exception {
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        assertThat(bed.raw(B, 1).argumentsOf("tag-s")).isEqualTo(Map.of("x-stream-offset", 2L));
        publish(2);
        assertReadOnce(5);
        assertThat(bed.raw(B, 1).unackedCount())
                .as("what was dropped is acknowledged")
                .isZero();
        assertThat(channel.receivingOn().unsettled()).isZero();
        bed.elapse(Duration.ofMinutes(5));
        assertThat(bed.cluster.log.stream().filter("b consume"::equals)).hasSize(1);
    }

    @Test
    void a_start_that_passes_messages_over_is_repeated_before_any_is_handed_over() throws Exception {
        moveToReplicaBehind(4, 3L, 2L);
        assertReadOnce(3);
        bed.elapse(MOVE_OVER.multipliedBy(2));
        publish(1);
        assertReadOnce(8);
        assertThat(bed.cluster.log.stream().filter("b consume"::equals)).hasSize(3);
        assertThat(bed.raw(B, 1).unackedCount()).isZero();
    }

    @Test
    void it_is_repeated_also_where_nothing_is_added_that_would_show_it() throws Exception {
        moveToReplicaBehind(2, 3L);
        assertReadOnce(3);
        bed.elapse(FIRST_WAIT);
        assertReadOnce(5);
        bed.elapse(Duration.ofMinutes(5));
        assertThat(bed.cluster.log.stream().filter("b consume"::equals)).hasSize(2);
    }

    @Test
    void a_stream_that_stays_silent_is_asked_a_few_times_only_and_looked_at_when_it_delivers() throws Exception {
        moveToReplicaBehind(2, 3L, 3L, 3L, 3L, 3L, 3L);
        bed.elapse(Duration.ofMinutes(5));
        assertThat(bed.cluster.log.stream().filter("b consume"::equals)).hasSize(6);
        publish(1);
        assertReadOnce(6);
    }

    @Test
    void what_retention_has_removed_is_given_up_after_a_few_starts() throws Exception {
        moveToReplicaBehind(5, 3L, 3L, 3L, 3L);
        bed.elapse(MOVE_OVER.multipliedBy(3));
        assertThat(reader.messages).containsExactly(1L, 2L, 3L, 6L, 7L, 8L);
        assertThat(bed.cluster.log.stream().filter("b consume"::equals)).hasSize(4);
        passesOver.clear();
        assertThat(bed.move(C)).isInstanceOf(MoveOutcome.Moved.class);
        publish(1);
        assertThat(reader.messages).endsWith(7L, 8L, 9L);
    }

    @Test
    void without_the_one_that_was_read_last_nothing_is_missing_yet() throws Exception {
        moveToReplicaBehind(2, 1L);
        assertReadOnce(5);
        assertThat(bed.cluster.log.stream().filter("b consume"::equals)).hasSize(1);
    }

    @Test
    void a_move_that_is_rolled_back_repeats_nothing_that_is_still_on_its_way_to_the_handler() throws Exception {
        bed.cluster.holdDispatch = true;
        publish(4);
        bed.cluster.fault = (broker, operation) -> {
            if (broker.equals(B) && operation.equals("consume")) {
                throw new IOException("not there");
            }
        };
        assertThat(bed.move(B)).isNotInstanceOf(MoveOutcome.Moved.class);
        assertThat(bed.at()).isEqualTo(A);
        bed.cluster.holdDispatch = false;
        bed.raw(A, 1).dispatchAll();
        publish(1);
        assertReadOnce(8);
    }

    @Test
    void a_consumer_that_is_cancelled_before_it_is_read_again_stays_so() throws Exception {
        bed.holdBackground = true;
        moveToReplicaBehind(4, 3L);
        channel.basicCancel("tag-s");
        bed.runBackground();
        publish(1);
        assertThat(bed.told.stream().filter("cancelOk tag-s"::equals)).hasSize(1);
        assertThat(bed.raw(B, 1).hasConsumer("tag-s")).isFalse();
        assertThat(reader.messages).containsExactly(1L, 2L, 3L);
    }

    @Test
    void the_next_move_goes_on_from_where_it_was_if_it_comes_first() throws Exception {
        bed.holdBackground = true;
        moveToReplicaBehind(4, 3L);
        assertThat(reader.messages).hasSize(3);
        assertThat(bed.move(C)).isInstanceOf(MoveOutcome.Moved.class);
        bed.runBackground();
        publish(1);
        assertReadOnce(8);
    }

    @Test
    void a_request_that_keeps_moves_apart_is_waited_for() throws Exception {
        bed.holdBackground = true;
        moveToReplicaBehind(4, 3L);
        bed.connection.interlock().enter("a test", false);
        bed.runBackground();
        assertThat(reader.messages).hasSize(3);
        bed.connection.interlock().exit();
        bed.elapse(MOVE_OVER);
        bed.runBackground();
        assertReadOnce(7);
    }

    @Test
    void a_broker_that_is_lost_meanwhile_is_left_to_recovery() throws Exception {
        bed.holdBackground = true;
        moveToReplicaBehind(4, 3L);
        bed.cluster.open(B).get(0).lose(320, "CONNECTION_FORCED");
        bed.runBackground();
        assertThat(reader.messages).hasSize(3);
    }

    @Test
    void a_number_that_messages_of_another_queue_carry_is_the_applications() throws Exception {
        bed.cluster.headers = Map.of("x-stream-offset", 7L);
        channel.queueDeclare("q", true, false, false, Map.of());
        ConnectionBed.Recorder other = bed.consume(channel, "q");
        other.acks = true;
        bed.cluster.publish("q");
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        bed.cluster.publish("q");
        assertThat(other.messages).hasSize(2);
    }

    @Test
    void a_queue_of_another_that_turns_out_to_be_no_stream_is_moved_the_next_time() throws Exception {
        bed.cluster.headers = Map.of("x-stream-offset", 7L);
        ConnectionBed.Recorder other = bed.consume(channel, "q");
        other.acks = true;
        bed.cluster.publish("q");
        assertThat(bed.move(B)).isNotInstanceOf(MoveOutcome.Moved.class);
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        bed.cluster.publish("q");
        bed.cluster.publish("q");
        assertThat(other.messages).hasSize(3);
    }
}
