package io.evenkeel.amqp;

import static io.evenkeel.amqp.ConnectionBed.A;
import static io.evenkeel.amqp.ConnectionBed.B;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What changes while a move is under way is seen by the time that it commits. */
@Timeout(60)
class MoveCommitTest {

    private final ConnectionBed bed;
    private final List<String> blocked = new ArrayList<>();

    MoveCommitTest() throws Exception {
        bed = new ConnectionBed();
        bed.connection.addBlockedListener(reason -> blocked.add("blocked"), () -> blocked.add("unblocked"));
    }

    private void loseB() {
        bed.cluster.open(B).forEach(connection -> connection.lose(541, "INTERNAL_ERROR"));
    }

    @Test
    void the_new_broker_dies_while_confirms_are_waited_for_and_the_connection_stays_usable() throws Exception {
        VirtualChannel channel = bed.channel();
        channel.confirmSelect();
        bed.cluster.holdConfirms = true;
        channel.basicPublish("", "q", null, new byte[0]);
        bed.dialer.publisherPause = Duration.ofSeconds(20);
        CompletableFuture<MoveOutcome> move = CompletableFuture.supplyAsync(() -> bed.forced(B));
        while (!bed.cluster.log.contains("b confirmSelect")) {
            Thread.onSpinWait();
        }

        loseB();

        assertThat(move.get(30, TimeUnit.SECONDS)).isInstanceOf(MoveOutcome.Failed.class);
        assertThat(bed.at()).isEqualTo(A);
        assertThat(bed.connection.isOpen()).isTrue();
        channel.basicPublish("", "q", null, new byte[0]);
        assertThat(bed.cluster.queues.get("q")).hasSize(2);
        assertThat(bed.told).doesNotContain("lost b", "lost a");
    }

    @Test
    void an_idle_connection_does_not_move_onto_a_link_that_died_since_it_was_dialled() throws Exception {
        bed.channel();
        bed.at(B, "createChannel", () -> {});
        bed.cluster.fault = (broker, operation) -> {
            if (broker.equals(B) && operation.equals("createChannel")) {
                loseB();
                throw new java.io.IOException("connection reset");
            }
        };
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Failed.class);
        assertThat(bed.at()).isEqualTo(A);
    }

    @Test
    void a_link_that_is_lost_as_it_becomes_the_one_in_use_is_recovered_once() throws Exception {
        bed.channel();
        bed.onLinkInUse = () -> {
            bed.onLinkInUse = () -> {};
            loseB();
        };
        bed.move(B);
        assertThat(bed.told.stream().filter("lost b"::equals)).hasSize(1);
        assertThat(bed.connection.state()).isEqualTo(VirtualConnection.State.RECOVERING);
    }

    @Test
    void closing_while_the_new_broker_is_dialled_leaves_nothing_open() throws Exception {
        bed.at(B, "dial", bed.connection::close);
        bed.move(B);
        assertThat(bed.cluster.connections.stream().filter(FakeConnection::isOpen))
                .isEmpty();
        assertThat(bed.connection.isOpen()).isFalse();
    }

    @Test
    void an_exclusive_queue_is_declared_where_the_connection_stays_and_the_move_is_given_up() throws Exception {
        VirtualChannel busy = bed.channel();
        VirtualChannel channel = bed.channel();
        bed.consume(busy, "q");
        bed.cluster.publish("q");
        bed.dialer.moveDeadline = Duration.ofSeconds(20);
        CompletableFuture<MoveOutcome> move = CompletableFuture.supplyAsync(() -> bed.move(B));
        while (channel.receivingOn().link().endpoint().equals(A)) {
            Thread.onSpinWait();
        }

        String queue = channel.queueDeclare().getQueue();

        assertThat(bed.cluster.log).contains("a queueDeclare").doesNotContain("b queueDeclare");
        assertThat(move.get(10, TimeUnit.SECONDS))
                .isInstanceOfSatisfying(
                        MoveOutcome.Postponed.class,
                        postponed -> assertThat(postponed.reason()).contains("is exclusive to the connection"));
        ConnectionBed.Recorder consumer = bed.consume(channel, queue);
        bed.cluster.publish(queue);
        assertThat(consumer.messages).hasSize(1);
        assertThat(bed.raw(A, 2).hasConsumer("tag-" + queue)).isTrue();
    }

    @Test
    void a_consumer_of_an_auto_delete_queue_begins_where_the_connection_stays() throws Exception {
        VirtualChannel busy = bed.channel();
        VirtualChannel channel = bed.channel();
        channel.queueDeclare("gone", false, false, true, null);
        bed.consume(busy, "q");
        bed.cluster.publish("q");
        bed.dialer.moveDeadline = Duration.ofSeconds(20);
        CompletableFuture<MoveOutcome> move = CompletableFuture.supplyAsync(() -> bed.move(B));
        while (channel.receivingOn().link().endpoint().equals(A)) {
            Thread.onSpinWait();
        }
        bed.consume(channel, "gone");
        assertThat(move.get(10, TimeUnit.SECONDS)).isInstanceOf(MoveOutcome.Postponed.class);
        assertThat(bed.raw(A, 2).hasConsumer("tag-gone")).isTrue();
    }

    @Test
    void a_silent_new_broker_costs_consumers_no_more_than_the_deadline() throws Exception {
        VirtualChannel channel = bed.channel();
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        consumer.acks = true;
        // It doesn't answer, until the time for the request is over.
        bed.cluster.fault = (broker, operation) -> {
            if (broker.equals(B) && operation.equals("consume")) {
                bed.timers.advance(Duration.ofSeconds(5));
            }
        };
        assertThat(bed.forced(B)).isInstanceOf(MoveOutcome.Failed.class);
        assertThat(bed.at()).isEqualTo(A);
        bed.cluster.publish("q");
        assertThat(consumer.messages).hasSize(1);
        assertThat(bed.cluster.open(B)).isEmpty();
    }

    @Test
    void blocked_and_unblocked_come_in_pairs_from_the_link_in_use() throws Exception {
        bed.channel();
        bed.at(B, "createChannel", () -> bed.cluster.open(B).get(0).block("low on memory"));
        assertThat(bed.move(B)).as("the new broker blocks").isInstanceOf(MoveOutcome.Postponed.class);
        assertThat(blocked).isEmpty();

        bed.at(B, "createChannel", () -> bed.cluster.open(A).get(0).block("low on memory"));
        assertThat(bed.move(B)).as("the old broker blocks").isInstanceOf(MoveOutcome.Postponed.class);
        assertThat(blocked).containsExactly("blocked");
        bed.cluster.open(A).get(0).unblock();
        assertThat(blocked).containsExactly("blocked", "unblocked");
    }

    @Test
    void an_alarm_that_ends_with_its_broker_is_reported_as_ended_after_recovery() throws Exception {
        bed.channel();
        bed.cluster.open(A).get(0).block("low on memory");
        bed.cluster.open(A).get(0).lose(541, "INTERNAL_ERROR");
        bed.connection.recover(bed.connection.links().dial(B, true));
        assertThat(blocked).containsExactly("blocked", "unblocked");
    }

    @Test
    void moves_that_are_taken_back_leave_no_epoch_behind() throws Exception {
        VirtualChannel busy = bed.channel();
        VirtualChannel channel = bed.channel();
        channel.confirmSelect();
        ConnectionBed.Recorder consumer = bed.consume(channel, "fast");
        consumer.acks = true;
        bed.consume(busy, "slow");
        bed.cluster.publish("slow");
        bed.dialer.moveDeadline = Duration.ofMillis(30);
        for (int i = 0; i < 20; i++) {
            assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Postponed.class);
            channel.basicPublish("", "fast", null, new byte[0]);
        }
        assertThat(channel.receiver().epochs()).isLessThanOrEqualTo(2);
        assertThat(channel.publisher().epochs()).isLessThanOrEqualTo(2);
        assertThat(consumer.tags).hasSize(20).isSorted().doesNotHaveDuplicates();
    }

    @Test
    void a_lame_duck_without_a_reply_is_closed_when_the_reply_is_overdue() throws Exception {
        VirtualChannel channel = bed.channel();
        bed.cluster.queue("amq.rabbitmq.reply-to");
        channel.basicConsume(
                "amq.rabbitmq.reply-to", true, "replies", new com.rabbitmq.client.DefaultConsumer(channel));
        channel.basicPublish(
                "",
                "rpc",
                new com.rabbitmq.client.AMQP.BasicProperties.Builder()
                        .replyTo("amq.rabbitmq.reply-to")
                        .build(),
                new byte[0]);
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        assertThat(bed.cluster.open(A)).hasSize(1);
        bed.elapse(Duration.ofSeconds(31));
        assertThat(bed.cluster.open(A)).isEmpty();
    }

    @Test
    void what_happens_on_the_link_in_use_costs_no_look_at_lame_ducks() throws Exception {
        bed.dialer.handover = ConsumerHandover.LAME_DUCK;
        VirtualChannel holding = bed.channel();
        VirtualChannel channel = bed.channel();
        bed.consume(holding, "held");
        bed.cluster.publish("held");
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        assertThat(bed.cluster.open(A)).as("the lame duck").hasSize(1);
        bed.cluster.publish("q");
        long looks = bed.looks();
        channel.basicAck(consumer.tags.get(0), false);
        assertThat(bed.looks())
                .as("looks at the time, which each look at a lame duck takes")
                .isEqualTo(looks);
        holding.basicAck(1, false);
        assertThat(bed.cluster.open(A)).isEmpty();
    }

    @Test
    void a_channel_whose_listeners_of_confirms_go_on_publishing_says_so() throws Exception {
        VirtualChannel channel = bed.channel();
        channel.confirmSelect();
        bed.cluster.holdConfirms = true;
        bed.dialer.publisherPause = Duration.ofMillis(5);
        // The fake's reader thread is the one that confirms, as far as the connection knows.
        channel.addConfirmListener(
                (number, multiple) -> channel.basicPublish("", "q", null, new byte[0]), (number, multiple) -> {});
        channel.basicPublish("", "q", null, new byte[0]);
        CompletableFuture<MoveOutcome> move = CompletableFuture.supplyAsync(() -> bed.move(B));
        while (!move.isDone()) {
            bed.raw(A, 1).confirmAll();
        }
        assertThat(move.get(10, TimeUnit.SECONDS))
                .isInstanceOfSatisfying(
                        MoveOutcome.Postponed.class,
                        postponed -> assertThat(postponed.reason()).contains("listeners of confirms go on publishing"));
    }

    /** Not of the connection, which goes on. */
    @Test
    void a_channel_that_is_closed_while_its_link_is_left_is_closed_as_a_channel() throws Exception {
        VirtualChannel channel = bed.channel();
        Link link = bed.connection.current();
        bed.cluster.fault = (broker, operation) -> {
            if (operation.equals("closeChannel") && link.retire()) {
                link.close("left");
            }
        };
        channel.close();
        assertThat(channel.getCloseReason().isHardError()).isFalse();
        assertThat(channel.getCloseReason().isInitiatedByApplication()).isTrue();
    }
}
