package io.evenkeel.amqp;

import static io.evenkeel.amqp.ConnectionBed.A;
import static io.evenkeel.amqp.ConnectionBed.B;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a move answers, and what has happened by then: why it was not made, when to try again, and who failed. */
@Timeout(60)
class MoveOutcomeTest {

    private final ConnectionBed bed;

    MoveOutcomeTest() throws Exception {
        bed = new ConnectionBed();
    }

    private Move move(boolean forced) {
        return new Move(bed.connection, B, forced, Duration.ofSeconds(5));
    }

    private static void isPostponed(MoveOutcome outcome, String reason, Duration retryAfter) {
        assertThat(outcome).isInstanceOfSatisfying(MoveOutcome.Postponed.class, postponed -> {
            assertThat(postponed.reason()).contains(reason);
            assertThat(postponed.retryAfter()).isEqualTo(retryAfter);
        });
    }

    @Test
    void a_connection_that_is_closed_or_recovers_does_not_begin_a_move() throws Exception {
        bed.cluster.open(A).forEach(lost -> lost.lose(541, "INTERNAL_ERROR"));
        Move recovering = move(false);
        isPostponed(recovering.run(), "the connection is RECOVERING", Duration.ofSeconds(30));
        isPostponed(move(true).run(), "the connection is RECOVERING", Duration.ofSeconds(1));
        assertThat(recovering.hasBegun()).isFalse();
        bed.connection.close();
        isPostponed(move(false).run(), "the connection is CLOSED", Duration.ofSeconds(30));
        assertThat(bed.cluster.log).doesNotContain("b dial");
    }

    @Test
    void a_blocked_connection_is_not_moved_even_from_a_broker_that_leaves() throws Exception {
        bed.channel();
        bed.cluster.open(A).get(0).block("memory");
        isPostponed(move(false).run(), "the broker blocks the connection", Duration.ofSeconds(30));
        isPostponed(move(true).run(), "the broker blocks the connection", Duration.ofSeconds(1));
        assertThat(bed.cluster.log).doesNotContain("b dial");
        bed.cluster.open(A).get(0).unblock();
        assertThat(move(false).run()).isInstanceOf(MoveOutcome.Moved.class);
    }

    @Test
    void a_broker_that_blocks_before_the_commit_is_left_again() throws Exception {
        VirtualChannel channel = bed.channel();
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        bed.cluster.fault = (broker, operation) -> {
            if (broker.equals(B) && operation.equals("consume")) {
                bed.cluster.open(B).get(0).block("disk");
            }
        };
        Move move = move(false);
        isPostponed(move.run(), "blocks the connection", Duration.ofSeconds(30));
        assertThat(move.hasBegun()).isTrue();
        assertThat(move.hasStopped()).isTrue();
        assertThat(bed.at()).isEqualTo(A);
        assertThat(bed.cluster.open(B)).isEmpty();
        bed.cluster.publish("q");
        assertThat(consumer.messages).hasSize(1);
    }

    @Test
    void a_broker_that_cannot_be_dialled_has_failed_and_no_consumer_was_stopped() throws Exception {
        bed.consume(bed.channel(), "q");
        bed.cluster.unreachable.add(B);
        Move move = move(false);
        assertThat(move.run())
                .isInstanceOfSatisfying(
                        MoveOutcome.Failed.class,
                        failed -> assertThat(failed.cause()).hasMessageContaining("connection refused"));
        assertThat(move.hasStopped()).isFalse();
        assertThat(bed.cluster.log).doesNotContain("a cancel");
        assertThat(bed.connection.state()).isEqualTo(VirtualConnection.State.OPEN);
        bed.cluster.unreachable.clear();
        assertThat(move(false).run()).as("the next one").isInstanceOf(MoveOutcome.Moved.class);
    }

    @Test
    void a_connection_that_is_closed_while_the_broker_is_dialled_is_not_stopped() throws Exception {
        bed.consume(bed.channel(), "q");
        bed.cluster.fault = (broker, operation) -> {
            if (operation.equals("dial")) {
                bed.connection.abort();
            }
        };
        Move move = move(false);
        isPostponed(move.run(), "the connection is CLOSED", Duration.ofSeconds(30));
        assertThat(move.hasStopped()).isFalse();
        assertThat(bed.cluster.open(B)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"a, cancel", "b, dial", "b, consume", "b, confirmSelect"})
    void a_mover_that_is_interrupted_takes_its_move_back_whole_and_stays_interrupted(String broker, String when)
            throws Exception {
        VirtualChannel channel = bed.channel();
        channel.confirmSelect();
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        bed.cluster.fault = (at, operation) -> {
            if (at.identity().equals(broker) && operation.equals(when)) {
                Thread.currentThread().interrupt();
            }
        };
        MoveOutcome outcome = move(false).run();
        assertThat(Thread.interrupted()).isTrue();
        assertThat(outcome).isInstanceOfAny(MoveOutcome.Moved.class, MoveOutcome.Postponed.class);
        EndpointKey at = outcome instanceof MoveOutcome.Moved ? B : A;
        assertThat(bed.at()).isEqualTo(at);
        assertThat(bed.cluster.open(at.equals(A) ? B : A)).isEmpty();
        bed.cluster.publish("q");
        assertThat(consumer.messages).hasSize(1);
        channel.basicPublish("", "q", null, new byte[0]);
        assertThat(channel.waitForConfirms(10_000)).isTrue();
    }

    @Test
    void what_a_broker_takes_before_anything_is_stopped_is_no_part_of_the_deadline() throws Exception {
        VirtualChannel channel = bed.channel();
        channel.queueDeclare("q", true, false, false, Map.of("x-queue-type", "quorum"));
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        consumer.acks = true;
        bed.cluster.fault = (broker, operation) -> {
            if (operation.equals("dial")) {
                bed.elapse(Duration.ofSeconds(6));
            }
        };
        // Late deliveries are waited for, so that some of the deadline has to be left.
        assertThat(move(false).run()).isInstanceOf(MoveOutcome.Moved.class);
    }

    @Test
    void a_consumer_that_the_new_broker_refuses_makes_the_move_its_failure() throws Exception {
        VirtualChannel channel = bed.channel();
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        bed.cluster.fault = (broker, operation) -> {
            if (broker.equals(B) && operation.equals("consume")) {
                bed.raw(B, 1).closeByBroker(403, "ACCESS_REFUSED", "consume");
            }
        };
        assertThat(move(false).run()).isInstanceOf(MoveOutcome.Failed.class);
        bed.cluster.fault = (broker, operation) -> {};
        assertThat(channel.isOpen()).isTrue();
        assertThat(bed.cluster.open(B)).isEmpty();
        bed.cluster.publish("q");
        assertThat(consumer.messages).hasSize(1);
    }

    @Test
    void a_channel_that_is_opened_while_publishers_are_moved_is_there_when_the_move_commits() throws Exception {
        VirtualChannel first = bed.channel();
        first.confirmSelect();
        VirtualChannel[] late = new VirtualChannel[1];
        bed.cluster.fault = (broker, operation) -> {
            if (broker.equals(B) && operation.equals("confirmSelect") && late[0] == null) {
                late[0] = bed.channel();
            }
        };
        assertThat(move(false).run()).isInstanceOf(MoveOutcome.Moved.class);
        assertThat(late[0].receivingOn().link().endpoint()).isEqualTo(B);
        assertThat(late[0].sendingOn().link().endpoint()).isEqualTo(B);
        assertThat(bed.cluster.open(A)).as("nothing is left there").isEmpty();
        ConnectionBed.Recorder consumer = bed.consume(late[0], "q");
        bed.cluster.publish("q");
        assertThat(consumer.messages).hasSize(1);
    }

    @Test
    void a_channel_that_is_closed_meanwhile_keeps_no_other_from_moving() throws Exception {
        VirtualChannel closed = bed.channel();
        VirtualChannel other = bed.channel();
        other.confirmSelect();
        bed.cluster.fault = (broker, operation) -> {
            if (broker.equals(B) && operation.equals("confirmSelect") && closed.isOpen()) {
                closed.abort();
            }
        };
        assertThat(move(false).run()).isInstanceOf(MoveOutcome.Moved.class);
        assertThat(other.sendingOn().link().endpoint()).isEqualTo(B);
        assertThat(bed.cluster.open(A)).isEmpty();
        assertThat(bed.cluster.open(B).get(0).channels.keySet())
                .as("the open one's alone")
                .hasSize(1);
    }

    @Test
    void what_is_not_confirmed_in_time_takes_a_voluntary_move_back_and_says_how_much() throws Exception {
        bed.dialer.publisherPause = Duration.ofMillis(1);
        VirtualChannel channel = bed.channel();
        channel.confirmSelect();
        bed.cluster.holdConfirms = true;
        for (int i = 0; i < 3; i++) {
            channel.basicPublish("", "q", null, new byte[0]);
        }
        MoveOutcome outcome = new Move(bed.connection, B, false, Duration.ofMillis(30)).run();
        isPostponed(outcome, "3 messages of channel 1 are not confirmed", Duration.ofSeconds(30));
        assertThat(channel.sendingOn().link().endpoint()).isEqualTo(A);
        bed.raw(A, 1).confirm(3, true, true);
        assertThat(channel.waitForConfirms(1000)).isTrue();
    }

    /** With the pause alone it would wait for an hour. */
    @Test
    void publishers_wait_no_longer_than_what_is_left_of_a_voluntary_move() throws Exception {
        bed.dialer.publisherPause = Duration.ofHours(1);
        VirtualChannel channel = bed.channel();
        channel.confirmSelect();
        bed.cluster.holdConfirms = true;
        channel.basicPublish("", "q", null, new byte[0]);
        bed.elapse(Duration.ofHours(5));
        isPostponed(
                new Move(bed.connection, B, false, Duration.ofMillis(30)).run(),
                "1 messages of channel 1 are not confirmed",
                Duration.ofSeconds(30));
        assertThat(bed.paused).isNotEmpty().allMatch(pause -> pause.compareTo(Duration.ofSeconds(1)) < 0);
    }
}
