package io.evenkeel.amqp;

import static io.evenkeel.amqp.ConnectionBed.A;
import static io.evenkeel.amqp.ConnectionBed.B;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.CapturedLog;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The way back of a move that was not made: what the application did at the new broker meanwhile, and what can't return. */
@Timeout(60)
class MoveBackTest {

    private final ConnectionBed bed;

    MoveBackTest() throws Exception {
        bed = new ConnectionBed();
    }

    /** A channel whose consumer settles nothing, which takes every voluntary move back at its deadline. */
    private VirtualChannel unsettled() throws IOException {
        VirtualChannel busy = bed.channel();
        bed.consume(busy, "slow");
        bed.cluster.publish("slow");
        return busy;
    }

    /** A channel whose messages are never confirmed, which does the same when all others have moved. */
    private VirtualChannel unconfirmed() throws IOException {
        VirtualChannel channel = bed.channel();
        channel.confirmSelect();
        bed.cluster.holdConfirms = true;
        channel.basicPublish("", "q", null, new byte[0]);
        return channel;
    }

    private static boolean sendsAt(VirtualChannel channel, EndpointKey broker) {
        return channel.sendingOn().link().endpoint().equals(broker);
    }

    private static boolean receivesAt(VirtualChannel channel, EndpointKey broker) {
        return channel.receivingOn().link().endpoint().equals(broker);
    }

    /** Where the channel has moved, a handler of queue q begins that does not return by itself. */
    private void handlerRunsAtB(VirtualChannel channel) {
        bed.when(() -> receivesAt(channel, B), () -> {
            bed.cluster.holdDispatch = true;
            bed.cluster.publish("q");
        });
    }

    private MoveOutcome takenBack() {
        MoveOutcome outcome = bed.move(B);
        assertThat(outcome).isInstanceOf(MoveOutcome.Postponed.class);
        assertThat(bed.at()).isEqualTo(A);
        assertThat(bed.connection.state()).isEqualTo(VirtualConnection.State.OPEN);
        return outcome;
    }

    @Test
    void a_mode_that_was_selected_at_the_new_broker_is_selected_at_the_old_one_before_anything_is_sent_there()
            throws Exception {
        VirtualChannel channel = bed.channel();
        unconfirmed();
        bed.when(() -> sendsAt(channel, B), channel::confirmSelect);
        takenBack();
        assertThat(sendsAt(channel, A)).isTrue();
        assertThat(bed.cluster.log).contains("b confirmSelect", "a confirmSelect");
        bed.cluster.holdConfirms = false;
        channel.basicPublish("", "q", null, new byte[0]);
        assertThat(channel.waitForConfirms(1000)).isTrue();
        assertThat(channel.getNextPublishSeqNo()).isEqualTo(2);
        assertThat(bed.raw(A, 1).confirmMode()).isTrue();
        assertThat(bed.cluster.open(B)).isEmpty();
    }

    @Test
    void a_channel_that_becomes_transactional_as_its_sender_returns_has_both_sides_in_one_place() throws Exception {
        VirtualChannel channel = bed.channel();
        bed.consume(channel, "in");
        unconfirmed();
        List<String> together = new ArrayList<>();
        // Brokers refuse both modes on one channel; the fake one does not, and so says when the second is selected.
        bed.when(() -> sendsAt(channel, B), () -> {
            channel.confirmSelect();
            bed.cluster.fault = (broker, operation) -> {
                if (broker.equals(A) && operation.equals("confirmSelect")) {
                    channel.txSelect();
                } else if (broker.equals(B) && operation.equals("cancel")) {
                    together.add("both at b: " + (channel.sendingOn() == channel.receivingOn()));
                }
            };
        });
        takenBack();
        assertThat(together).containsExactly("both at b: true");
        assertThat(sendsAt(channel, A)).isTrue();
        assertThat(receivesAt(channel, A)).isTrue();
        assertThat(bed.raw(A, 1).tx).isTrue();
    }

    @Test
    void what_was_published_at_the_new_broker_is_waited_for_a_moment_and_then_told_from_there() throws Exception {
        VirtualChannel channel = bed.channel();
        List<Long> confirmed = ConnectionBed.confirmed(channel);
        unconfirmed();
        bed.when(() -> sendsAt(channel, B), () -> channel.basicPublish("", "q", null, new byte[0]));
        takenBack();
        assertThat(sendsAt(channel, A)).as("goes on at the old broker").isTrue();
        assertThat(bed.cluster.open(B)).as("kept for the confirm").hasSize(1);
        channel.basicPublish("", "q", null, new byte[0]);
        bed.raw(A, 1).confirmAll();
        bed.raw(B, 1).confirmAll();
        assertThat(confirmed).containsExactly(2L, 1L);
        assertThat(bed.cluster.open(B)).isEmpty();
    }

    /** At the new broker, where it was begun; the next one at the old. */
    @Test
    void a_transaction_goes_on_while_its_move_is_taken_back_and_both_sides_return_after_it() throws Exception {
        bed.dialer.publisherPause = Duration.ofHours(1);
        unsettled();
        VirtualChannel channel = bed.channel();
        channel.txSelect();
        ConnectionBed.Recorder consumer = bed.consume(channel, "in");
        bed.when(() -> receivesAt(channel, B), () -> {
            bed.cluster.publish("in");
            channel.basicPublish("", "out", null, new byte[0]);
        });
        bed.when(() -> bed.cluster.log.contains("b cancel"), () -> {
            channel.basicAck(consumer.tags.get(0), false);
            channel.txCommit();
        });
        try (CapturedLog log = new CapturedLog()) {
            takenBack();
            assertThat(log.linesWith("stays at")).isEmpty();
        }
        assertThat(bed.cluster.log).contains("b publish", "b settle", "b txCommit");
        assertThat(receivesAt(channel, A)).isTrue();
        assertThat(channel.sendingOn()).as("both sides at once").isSameAs(channel.receivingOn());
        assertThat(bed.cluster.open(B)).isEmpty();
        bed.cluster.publish("in");
        channel.basicPublish("", "out", null, new byte[0]);
        channel.basicAck(consumer.tags.get(1), false);
        channel.txCommit();
        assertThat(bed.cluster.log).contains("a publish", "a settle", "a txCommit");
        assertThat(consumer.redelivered).isEmpty();
    }

    @Test
    void a_transaction_that_is_never_ended_keeps_its_channel_at_the_new_broker_which_is_said() throws Exception {
        unsettled();
        VirtualChannel channel = bed.channel();
        channel.txSelect();
        VirtualChannel other = bed.channel();
        ConnectionBed.Recorder consumer = bed.consume(other, "q");
        consumer.acks = true;
        bed.when(() -> receivesAt(channel, B), () -> channel.basicPublish("", "out", null, new byte[0]));
        try (CapturedLog log = new CapturedLog()) {
            takenBack();
            assertThat(log.linesWith("channel 2 stays at")).hasSize(1);
            assertThat(log.linesWith("channel 3 stays at")).isEmpty();
        }
        assertThat(receivesAt(channel, B)).isTrue();
        assertThat(sendsAt(channel, B)).isTrue();
        assertThat(receivesAt(other, A)).as("keeps no other from it").isTrue();
        bed.cluster.publish("q");
        assertThat(consumer.messages).hasSize(1);
        channel.txCommit();
        assertThat(bed.cluster.log).contains("b txCommit");
        assertThat(bed.cluster.open(B)).as("used").hasSize(1);
    }

    @Test
    void a_transaction_that_was_lost_with_the_new_broker_is_not_waited_for() throws Exception {
        unsettled();
        VirtualChannel channel = bed.channel();
        channel.txSelect();
        ConnectionBed.Recorder consumer = bed.consume(channel, "in");
        consumer.acks = true;
        bed.when(() -> receivesAt(channel, B), () -> {
            channel.basicPublish("", "out", null, new byte[0]);
            bed.cluster.open(B).forEach(lost -> lost.lose(541, "INTERNAL_ERROR"));
        });
        try (CapturedLog log = new CapturedLog()) {
            assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Failed.class);
            assertThat(log.linesWith("stays at")).isEmpty();
        }
        assertThat(receivesAt(channel, A)).isTrue();
        assertThat(channel.sendingOn()).isSameAs(channel.receivingOn());
        assertThat(channel.isBetweenTransactions())
                .as("the next one begins at the old broker")
                .isTrue();
        bed.cluster.publish("in");
        channel.txCommit();
        assertThat(consumer.messages).hasSize(1);
        assertThat(bed.cluster.log).contains("a txCommit");
    }

    @Test
    void a_handler_that_does_not_return_keeps_its_channel_at_the_new_broker_and_its_consumer_goes_on_there()
            throws Exception {
        unsettled();
        VirtualChannel channel = bed.channel();
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        handlerRunsAtB(channel);
        try (CapturedLog log = new CapturedLog()) {
            takenBack();
            assertThat(log.linesWith("channel 2 stays at")).hasSize(1);
        }
        assertThat(receivesAt(channel, B)).isTrue();
        bed.cluster.holdDispatch = false;
        bed.raw(B, 2).dispatchAll();
        bed.cluster.publish("q");
        assertThat(consumer.messages).hasSize(2);
        assertThat(consumer.redelivered).isEmpty();
        assertThat(consumer.tags).containsExactly(1L, 2L);
    }

    /** A handler is waited for as long as it takes, within bounds, and no longer. */
    @Test
    void a_channel_returns_when_the_handler_at_the_new_broker_does() throws Exception {
        unsettled();
        VirtualChannel channel = bed.channel();
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        handlerRunsAtB(channel);
        long[] waited = new long[1];
        bed.when(() -> bed.cluster.log.contains("b cancel"), () -> {
            waited[0] = bed.nanos();
            bed.cluster.holdDispatch = false;
            bed.raw(B, 2).dispatchAll();
        });
        takenBack();
        assertThat(bed.nanos() - waited[0]).isLessThan(TimeUnit.SECONDS.toNanos(1));
        assertThat(receivesAt(channel, A)).isTrue();
        channel.basicAck(1, false);
        assertThat(bed.cluster.open(B)).as("settled, and left").isEmpty();
        bed.cluster.publish("q");
        assertThat(consumer.tags).containsExactly(1L, 2L);
        assertThat(consumer.redelivered).isEmpty();
    }

    /** Its broker is lost while it is waited for: what it had is delivered again where the connection is. */
    @Test
    void a_channel_returns_at_once_when_the_new_broker_is_lost_while_its_handler_is_waited_for() throws Exception {
        unsettled();
        VirtualChannel channel = bed.channel();
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        handlerRunsAtB(channel);
        long[] waited = new long[1];
        bed.when(() -> bed.cluster.log.contains("b cancel"), () -> {
            waited[0] = bed.nanos();
            bed.cluster.open(B).forEach(lost -> lost.lose(541, "INTERNAL_ERROR"));
            bed.cluster.holdDispatch = false;
        });
        takenBack();
        assertThat(bed.nanos() - waited[0]).isLessThan(TimeUnit.SECONDS.toNanos(1));
        assertThat(receivesAt(channel, A)).isTrue();
        assertThat(consumer.redelivered).hasSize(1);
    }

    /** Code of the application that runs on the mover's thread may interrupt it; what was stopped must not stay so. */
    @ParameterizedTest
    @ValueSource(strings = {"handler", "transaction"})
    void a_mover_that_is_interrupted_on_the_way_back_leaves_no_consumer_stopped(String waitsFor) throws Exception {
        unsettled();
        VirtualChannel channel = bed.channel();
        if (waitsFor.equals("transaction")) {
            channel.txSelect();
        }
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        VirtualChannel other = bed.channel();
        ConnectionBed.Recorder others = bed.consume(other, "r");
        others.acks = true;
        if (waitsFor.equals("handler")) {
            handlerRunsAtB(channel);
        } else {
            bed.when(() -> receivesAt(channel, B), () -> channel.basicPublish("", "out", null, new byte[0]));
        }
        bed.when(
                () -> bed.cluster.log.contains("b cancel"),
                () -> Thread.currentThread().interrupt());
        bed.move(B);
        assertThat(Thread.interrupted()).as("stays interrupted").isTrue();
        bed.cluster.holdDispatch = false;
        bed.cluster.open(B).forEach(link -> link.channels.values().forEach(FakeChannel::dispatchAll));
        int before = consumer.messages.size();
        bed.cluster.publish("q");
        bed.cluster.publish("r");
        assertThat(consumer.messages).hasSize(before + 1);
        assertThat(others.messages).hasSize(1);
    }

    /** A handler that is waited for may itself wait to declare what a move can't carry along. */
    @Test
    void a_handler_declares_an_exclusive_queue_at_the_old_broker_as_soon_as_senders_are_back() throws Exception {
        bed.dialer.moveDeadline = Duration.ofSeconds(20);
        unsettled();
        VirtualChannel channel = bed.channel();
        List<String> declared = new ArrayList<>();
        bed.cluster.queue("q");
        channel.basicConsume("q", true, "tag-q", new com.rabbitmq.client.DefaultConsumer(channel) {
            @Override
            public void handleDelivery(
                    String tag,
                    com.rabbitmq.client.Envelope envelope,
                    com.rabbitmq.client.AMQP.BasicProperties properties,
                    byte[] body)
                    throws IOException {
                declared.add(channel.queueDeclare().getQueue());
            }
        });
        CompletableFuture<MoveOutcome> move = CompletableFuture.supplyAsync(() -> bed.move(B));
        while (!receivesAt(channel, B)
                || channel.consumers().all().iterator().next().state() != ConsumerRecord.State.ACTIVE) {
            Thread.onSpinWait();
        }
        bed.cluster.publish("q");
        assertThat(move.get(30, TimeUnit.SECONDS))
                .isInstanceOfSatisfying(
                        MoveOutcome.Postponed.class,
                        postponed -> assertThat(postponed.reason()).contains("is exclusive to the connection"));
        assertThat(declared).hasSize(1);
        assertThat(bed.cluster.log).contains("a queueDeclare").doesNotContain("b queueDeclare");
        assertThat(receivesAt(channel, A)).as("its handler has returned").isTrue();
    }

    @Test
    void an_obstacle_that_was_there_before_the_move_began_is_found_before_anything_is_stopped() throws Exception {
        bed.consume(bed.channel(), "q");
        VirtualChannel declaring = bed.channel();
        String own = declaring.queueDeclare().getQueue();
        TopologyRecord.Queue queue = bed.connection.topology().queue(own);
        bed.connection.topology().removeQueue(own);
        // As one that was declared while the move was being decided.
        bed.at(B, "dial", () -> bed.connection.topology().add(queue));
        Move move = new Move(bed.connection, B, false, Duration.ofSeconds(5));
        assertThat(move.run())
                .isInstanceOfSatisfying(
                        MoveOutcome.Postponed.class,
                        postponed -> assertThat(postponed.reason()).contains("is exclusive to the connection"));
        assertThat(move.hasStopped()).isFalse();
        assertThat(bed.cluster.log).doesNotContain("a cancel", "b createChannel");
    }

    @Test
    void a_request_that_fails_at_the_old_broker_is_no_failure_of_the_new_one() throws Exception {
        VirtualChannel channel = bed.channel();
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        consumer.acks = true;
        bed.at(A, "cancel", () -> {
            throw new IllegalStateException("injected");
        });
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Postponed.class);
        bed.cluster.publish("q");
        assertThat(consumer.messages).hasSize(1);
        assertThat(bed.move(B)).as("the next one").isInstanceOf(MoveOutcome.Moved.class);
    }

    @Test
    void no_publisher_is_moved_any_more_once_a_request_has_asked_the_move_to_stop() throws Exception {
        VirtualChannel first = bed.channel();
        VirtualChannel second = bed.channel();
        bed.whileWaiting = () -> {};
        bed.onPaused = () -> {
            bed.onPaused = () -> {};
            // Waits in vain here, where the mover is its own thread.
            bed.connection.interlock().enter("x is exclusive", false);
        };
        bed.dialer.moveDeadline = Duration.ofMinutes(1);
        assertThat(takenBack())
                .isInstanceOfSatisfying(
                        MoveOutcome.Postponed.class,
                        postponed -> assertThat(postponed.reason()).isEqualTo("x is exclusive"));
        assertThat(bed.paused).as("stops of publishers").hasSize(1);
        assertThat(sendsAt(first, A)).isTrue();
        assertThat(sendsAt(second, A)).isTrue();
    }

    @Test
    void a_channel_that_is_closed_while_its_handler_is_waited_for_ends_its_consumer_once_and_without_a_warning()
            throws Exception {
        unsettled();
        VirtualChannel channel = bed.channel();
        bed.consume(channel, "q");
        handlerRunsAtB(channel);
        FakeChannel[] raw = new FakeChannel[1];
        long[] closed = new long[1];
        bed.when(() -> bed.cluster.log.contains("b cancel"), () -> {
            raw[0] = bed.raw(B, 2);
            closed[0] = bed.nanos();
            channel.abort();
        });
        try (CapturedLog log = new CapturedLog()) {
            takenBack();
            assertThat(log.linesWith("channel 2")).isEmpty();
        }
        assertThat(bed.nanos() - closed[0]).as("waits for it no more").isLessThan(TimeUnit.SECONDS.toNanos(1));
        bed.cluster.holdDispatch = false;
        raw[0].dispatchAll();
        assertThat(bed.told).containsOnlyOnce("consumer shutdown tag-q").doesNotContain("cancelOk tag-q");
    }
}
