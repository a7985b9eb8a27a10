package io.evenkeel.amqp;

import static io.evenkeel.amqp.ConnectionBed.A;
import static io.evenkeel.amqp.ConnectionBed.B;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Both sides of a transactional channel are on one broker, always. */
@Timeout(60)
class TransactionMoveTest {

    private final ConnectionBed bed;

    TransactionMoveTest() throws Exception {
        bed = new ConnectionBed();
    }

    @Test
    void acknowledgements_and_commit_go_to_the_same_broker_while_another_channel_keeps_the_move_waiting()
            throws Exception {
        VirtualChannel busy = bed.channel();
        bed.consume(busy, "slow");
        bed.cluster.publish("slow");
        VirtualChannel channel = bed.channel();
        channel.txSelect();
        ConnectionBed.Recorder consumer = bed.consume(channel, "in");
        bed.dialer.moveDeadline = Duration.ofSeconds(20);
        CompletableFuture<MoveOutcome> move = CompletableFuture.supplyAsync(() -> bed.move(B));
        while (channel.receivingOn().link().endpoint().equals(A)
                || channel.consumers().all().stream()
                        .anyMatch(record -> record.state() != ConsumerRecord.State.ACTIVE)) {
            Thread.onSpinWait();
        }

        assertThat(channel.sendingOn()).as("both sides at once").isSameAs(channel.receivingOn());
        bed.cluster.publish("in");
        channel.basicPublish("", "out", null, new byte[0]);
        channel.basicAck(consumer.tags.get(0), false);
        channel.txCommit();
        assertThat(bed.cluster.log)
                .contains("b settle", "b publish", "b txCommit")
                .doesNotContain("a settle", "a txCommit");

        busy.basicAck(1, false);
        assertThat(move.get(30, TimeUnit.SECONDS)).isInstanceOf(MoveOutcome.Moved.class);
    }

    @Test
    void a_transaction_that_is_open_is_ended_first_and_the_next_one_begins_at_the_new_broker() throws Exception {
        VirtualChannel channel = bed.channel();
        channel.txSelect();
        channel.basicPublish("", "out", null, new byte[0]);
        bed.dialer.moveDeadline = Duration.ofSeconds(20);
        bed.dialer.publisherPause = Duration.ofSeconds(5);
        CompletableFuture<MoveOutcome> move = CompletableFuture.supplyAsync(() -> bed.move(B));
        while (!bed.cluster.log.contains("b txSelect")) {
            Thread.onSpinWait();
        }
        assertThat(channel.sendingOn().link().endpoint()).isEqualTo(A);
        channel.txCommit();
        channel.basicPublish("", "out", null, new byte[0]);
        channel.txCommit();
        assertThat(move.get(30, TimeUnit.SECONDS)).isInstanceOf(MoveOutcome.Moved.class);
        assertThat(bed.cluster.log.stream().filter(entry -> entry.endsWith("publish") || entry.endsWith("txCommit")))
                .isIn(
                        java.util.List.of("a publish", "a txCommit", "b publish", "b txCommit"),
                        java.util.List.of("a publish", "a txCommit", "a publish", "a txCommit"));
    }

    @Test
    void a_move_that_is_taken_back_brings_both_sides_back() throws Exception {
        VirtualChannel busy = bed.channel();
        bed.consume(busy, "slow");
        bed.cluster.publish("slow");
        VirtualChannel channel = bed.channel();
        channel.txSelect();
        ConnectionBed.Recorder consumer = bed.consume(channel, "in");
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Postponed.class);
        assertThat(channel.sendingOn().link().endpoint()).isEqualTo(A);
        assertThat(channel.receivingOn()).isSameAs(channel.sendingOn());
        bed.cluster.publish("in");
        channel.basicAck(consumer.tags.get(0), false);
        channel.txCommit();
        assertThat(bed.cluster.log).contains("a txCommit").doesNotContain("b txCommit");
    }
}
