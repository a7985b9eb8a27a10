package io.evenkeel.amqp;

import static io.evenkeel.amqp.ConnectionBed.A;
import static io.evenkeel.amqp.ConnectionBed.B;
import static io.evenkeel.amqp.ConnectionBed.C;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Recoverable;
import com.rabbitmq.client.RecoveryListener;
import com.rabbitmq.client.ShutdownSignalException;
import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RecoveryTest {

    private final ConnectionBed bed;
    private final List<String> seen = new ArrayList<>();

    RecoveryTest() throws Exception {
        bed = new ConnectionBed();
    }

    private void lose() {
        bed.cluster.open(A).forEach(connection -> connection.lose(541, "INTERNAL_ERROR"));
    }

    private void recover() throws Exception {
        bed.connection.recover(bed.connection.links().dial(B, true));
    }

    private RecoveryListener listener(String of, boolean fails) {
        return new RecoveryListener() {
            @Override
            public void handleRecovery(Recoverable recoverable) {
                seen.add(of + " recovered");
                fail(fails);
            }

            @Override
            public void handleRecoveryStarted(Recoverable recoverable) {
                seen.add(of + " started");
                fail(fails);
            }

            @Override
            public void handleTopologyRecoveryStarted(Recoverable recoverable) {
                seen.add(of + " topology");
                fail(fails);
            }
        };
    }

    private static void fail(boolean fails) {
        if (fails) {
            throw new AssertionError("a listener that fails");
        }
    }

    @Test
    void listeners_of_connection_and_channel_are_called_and_one_that_throws_changes_nothing() throws Exception {
        VirtualChannel channel = bed.channel();
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        bed.connection.addShutdownListener(signal -> fail(true));
        bed.connection.addRecoveryListener(listener("failing", true));
        bed.connection.addRecoveryListener(listener("connection", false));
        channel.addRecoveryListener(listener("channel", false));
        lose();
        recover();
        assertThat(seen.stream().filter(event -> !event.startsWith("failing")))
                .containsExactly(
                        "connection started",
                        "connection topology",
                        "channel started",
                        "channel recovered",
                        "connection recovered");
        assertThat(seen).contains("failing started", "failing topology", "failing recovered");
        assertThat(bed.connection.isOpen()).isTrue();
        bed.cluster.publish("q");
        assertThat(consumer.messages).hasSize(1);
    }

    @Test
    void what_was_refused_with_the_connection_does_not_fail_the_next_batch() throws Exception {
        VirtualChannel channel = bed.channel();
        channel.confirmSelect();
        bed.cluster.holdConfirms = true;
        channel.basicPublish("", "q", null, new byte[0]);
        lose();
        assertThatThrownBy(() -> channel.waitForConfirms(1000)).isInstanceOf(ShutdownSignalException.class);
        bed.cluster.holdConfirms = false;
        recover();
        channel.basicPublish("", "q", null, new byte[0]);
        channel.waitForConfirmsOrDie(1000);
        assertThat(channel.isOpen()).isTrue();
    }

    /** As in the plain client: an application waits for its channel to be open again before it sends its batch again. */
    @Test
    void what_fails_by_a_loss_finds_channel_and_connection_closed_until_recovery() throws Exception {
        VirtualChannel channel = bed.channel();
        // The raw channel ends before the connection's own end is handled.
        bed.raw(A, channel.number()).addShutdownListener(signal -> {
            assertThatThrownBy(() -> channel.basicPublish("", "q", null, new byte[0]))
                    .isInstanceOf(AlreadyClosedException.class);
            seen.add("channel " + channel.isOpen() + ' ' + (channel.getCloseReason() != null));
            seen.add("connection " + bed.connection.isOpen() + ' ' + (bed.connection.getCloseReason() != null));
        });
        lose();
        assertThat(seen).containsExactly("channel false true", "connection false true");
        recover();
        assertThat(channel.isOpen()).isTrue();
        assertThat(bed.connection.isOpen()).isTrue();
        assertThat(channel.getCloseReason()).isNull();
    }

    @Test
    void a_wait_for_confirms_that_a_loss_has_ended_fails_also_if_it_looks_after_recovery() throws Exception {
        VirtualChannel channel = bed.channel();
        channel.confirmSelect();
        bed.cluster.holdConfirms = true;
        channel.basicPublish("", "q", null, new byte[0]);
        CompletableFuture<Boolean> waiting = new CompletableFuture<>();
        Thread waiter = new Thread(() -> {
            try {
                waiting.complete(channel.waitForConfirms(30_000));
            } catch (Exception e) {
                waiting.completeExceptionally(e);
            }
        });
        waiter.start();
        while (waiter.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
        lose();
        recover();
        assertThatThrownBy(() -> waiting.get(10, TimeUnit.SECONDS)).hasCauseInstanceOf(ShutdownSignalException.class);
    }

    @Test
    void each_loss_shuts_a_consumer_down_once() throws Exception {
        bed.consume(bed.channel(), "q");
        lose();
        assertThat(bed.told.stream().filter("consumer shutdown tag-q"::equals)).hasSize(1);
        recover();
        bed.cluster.open(B).forEach(connection -> connection.lose(541, "INTERNAL_ERROR"));
        assertThat(bed.told.stream().filter("consumer shutdown tag-q"::equals)).hasSize(2);
    }

    @Test
    void every_channel_number_may_be_in_use() throws Exception {
        bed.cluster.channelMax = 3;
        for (int i = 0; i < 3; i++) {
            bed.channel();
        }
        VirtualChannel channel = bed.connection.channels().iterator().next();
        for (int i = 0; i < 10; i++) {
            channel.queueDeclare("q" + i, true, false, false, null);
        }
        lose();
        bed.cluster.log.clear();
        recover();
        assertThat(bed.cluster.log.stream().filter("b createChannel"::equals))
                .as("three for the application and one for all declarations")
                .hasSize(4);
        assertThat(bed.cluster.log.stream().filter("b queueDeclare"::equals)).hasSize(10);
        assertThat(bed.connection.channels()).allMatch(VirtualChannel::isOpen);
    }

    @Test
    void an_entity_that_is_refused_costs_only_itself() throws Exception {
        VirtualChannel channel = bed.channel();
        for (int i = 0; i < 3; i++) {
            channel.queueDeclare("q" + i, true, false, false, null);
        }
        lose();
        int[] declared = {0};
        bed.cluster.fault = (broker, operation) -> {
            if (operation.equals("queueDeclare") && ++declared[0] == 2) {
                bed.raw(B, 1).closeByBroker(406, "PRECONDITION_FAILED");
            }
        };
        recover();
        assertThat(declared[0]).isEqualTo(3);
        assertThat(bed.connection.isOpen()).isTrue();
    }

    @Test
    void losses_leave_nothing_behind() throws Exception {
        VirtualChannel channel = bed.channel();
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        for (int i = 0; i < 10; i++) {
            bed.cluster.publish("q");
            bed.cluster.open(bed.at()).forEach(connection -> connection.lose(541, "INTERNAL_ERROR"));
            bed.connection.recover(bed.connection.links().dial(i % 2 == 0 ? B : C, true));
        }
        assertThat(channel.rawChannels()).isEqualTo(1);
        assertThat(channel.receiver().epochs()).isLessThanOrEqualTo(2);
        assertThat(bed.connection.links().all()).hasSize(1);
        // Tags of before are dropped without an answer; the newest counts.
        channel.basicAck(1, false);
        assertThat(channel.isOpen()).isTrue();
        channel.basicAck(consumer.tags.get(consumer.tags.size() - 1), false);
        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void closed_while_it_is_recovered_it_stays_closed() throws Exception {
        bed.channel();
        lose();
        bed.cluster.fault = (broker, operation) -> {
            if (operation.equals("createChannel")) {
                bed.cluster.fault = (any, thing) -> {};
                bed.connection.close();
            }
        };
        try {
            recover();
        } catch (IOException | RuntimeException expected) {
            assertThat(expected).isNotNull();
        }
        assertThat(bed.connection.isOpen()).isFalse();
    }

    @Test
    void a_raw_channel_on_which_the_broker_refuses_everything_since_recovery_is_replaced() throws Exception {
        VirtualChannel channel = bed.channel();
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        consumer.acks = true;
        List<Long> answers = new ArrayList<>();
        channel.confirmSelect();
        channel.addConfirmListener(
                (number, multiple) -> answers.add(number), (number, multiple) -> answers.add(-number));
        channel.basicPublish("", "q", null, new byte[0]);
        lose();
        recover();
        // As RabbitMQ 3.10 does with those that were opened during an election, which lasts a while.
        bed.cluster.refuses = raw -> raw.getChannelNumber() != 2046;
        channel.basicPublish("", "q", null, new byte[0]);
        bed.elapse(Duration.ofMillis(600));
        channel.basicPublish("", "q", null, new byte[0]);
        bed.elapse(Duration.ofMillis(1100));
        channel.basicPublish("", "q", null, new byte[0]);
        channel.basicPublish("", "q", null, new byte[0]);

        assertThat(answers).containsExactly(1L, -2L, -3L, 4L, 5L);
        assertThat(consumer.messages).hasSize(3);
        assertThat(bed.cluster.open(B).get(0).channels.keySet()).containsExactly(1, 2046);
        assertThat(bed.channel().getChannelNumber())
                .as("the next channel's number")
                .isEqualTo(2);

        bed.cluster.refuses = raw -> false;
        assertThat(bed.move(C)).isInstanceOf(MoveOutcome.Moved.class);
        channel.basicPublish("", "q", null, new byte[0]);
        assertThat(answers).endsWith(6L);
        assertThat(bed.cluster.open(B)).isEmpty();
        assertThat(bed.cluster.open(C).get(0).channels.keySet()).containsExactly(1, 2);
    }

    @Test
    void a_raw_channel_that_was_confirmed_anything_is_not_replaced_when_it_is_refused_later() throws Exception {
        VirtualChannel channel = bed.channel();
        channel.confirmSelect();
        lose();
        recover();
        channel.basicPublish("", "q", null, new byte[0]);
        bed.cluster.refuses = raw -> true;
        channel.basicPublish("", "q", null, new byte[0]);
        bed.elapse(Duration.ofSeconds(5));
        assertThat(bed.cluster.open(B).get(0).channels.keySet()).containsExactly(1);
    }

    @Test
    void closing_a_channel_whose_sender_was_replaced_closes_both_raw_channels() throws Exception {
        VirtualChannel channel = bed.channel();
        channel.confirmSelect();
        lose();
        recover();
        bed.cluster.refuses = raw -> raw.getChannelNumber() == 1;
        channel.basicPublish("", "q", null, new byte[0]);
        bed.elapse(Duration.ofMillis(600));
        assertThat(bed.cluster.open(B).get(0).channels.keySet()).containsExactly(1, 2047);
        channel.close();
        assertThat(bed.cluster.open(B).get(0).channels).isEmpty();
    }

    /** It is no zombie that a move leaves behind and then takes for open. */
    @Test
    void a_channel_that_the_broker_closes_while_others_are_recovered_is_shut_down() throws Exception {
        VirtualChannel first = bed.channel();
        VirtualChannel second = bed.channel();
        lose();
        bed.cluster.fault = (broker, operation) -> {
            FakeChannel raw = broker.equals(B) && operation.equals("createChannel") ? bed.raw(B, 1) : null;
            if (raw != null) {
                raw.closeByBroker(541, "INTERNAL_ERROR");
            }
        };
        recover();
        bed.cluster.fault = (broker, operation) -> {};
        assertThat(second.isOpen()).isTrue();
        assertThat(bed.move(C)).isInstanceOf(MoveOutcome.Moved.class);
        assertThat(first.isOpen()).isFalse();
        assertThat(first.getCloseReason().getMessage()).contains("541");
    }

    /** As a roll-back leaves it whose handlers do not return: the connection is at A, and one channel receives at B. */
    private void stayAtB() throws Exception {
        VirtualChannel channel = bed.channel();
        assertThat(channel.receiveOn(channel.prepare(bed.connection.links().dial(B, true))))
                .isTrue();
    }

    @Test
    void closed_after_the_loss_of_another_link_in_use_it_leaves_none_open() throws Exception {
        stayAtB();
        bed.cluster.open(B).forEach(lost -> lost.lose(541, "INTERNAL_ERROR"));
        assertThat(bed.connection.state()).isEqualTo(VirtualConnection.State.RECOVERING);
        bed.connection.close();
        assertThat(bed.cluster.connections).noneMatch(FakeConnection::isOpen);
    }

    @Test
    void what_is_exclusive_to_the_link_that_is_left_is_declared_when_that_is_closed() throws Exception {
        bed.channel().queueDeclare("x", false, true, false, null);
        stayAtB();
        bed.holdBackground = true;
        bed.cluster.open(B).forEach(lost -> lost.lose(541, "INTERNAL_ERROR"));
        bed.connection.recover(bed.connection.links().dial(C, true));
        assertThat(bed.cluster.log).containsSubsequence("a close", "c queueDeclare");
    }

    @Test
    void a_connection_that_does_not_recover_leaves_no_link_open_either() throws Exception {
        bed.dialer.recovers = false;
        stayAtB();
        bed.cluster.open(B).forEach(lost -> lost.lose(541, "INTERNAL_ERROR"));
        assertThat(bed.connection.state()).isEqualTo(VirtualConnection.State.CLOSED);
        assertThat(bed.cluster.connections).noneMatch(FakeConnection::isOpen);
    }
}
