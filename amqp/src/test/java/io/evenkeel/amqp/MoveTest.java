package io.evenkeel.amqp;

import static io.evenkeel.amqp.ConnectionBed.A;
import static io.evenkeel.amqp.ConnectionBed.B;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.rabbitmq.client.AlreadyClosedException;
import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class MoveTest {

    private final ConnectionBed bed;

    MoveTest() throws Exception {
        bed = new ConnectionBed();
    }

    @Test
    void everything_moves_and_the_application_sees_nothing() throws Exception {
        VirtualChannel channel = bed.channel();
        channel.basicQos(10);
        List<Long> confirmed = ConnectionBed.confirmed(channel);
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        consumer.acks = true;
        channel.basicPublish("", "q", null, new byte[0]);
        bed.told.clear();

        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);

        assertThat(bed.at()).isEqualTo(B);
        assertThat(channel.getNextPublishSeqNo()).isEqualTo(2);
        channel.basicPublish("", "q", null, new byte[0]);
        assertThat(consumer.tags).containsExactly(1L, 2L);
        assertThat(consumer.redelivered).isEmpty();
        assertThat(confirmed).containsExactly(1L, 2L);
        assertThat(bed.raw(B, 1).prefetch()).isEqualTo(10);
        assertThat(bed.cluster.open(A)).isEmpty();
        assertThat(bed.told).containsExactly("link closed a");
        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void two_moves_back_to_back_keep_tags_and_numbers_growing() throws Exception {
        VirtualChannel channel = bed.channel();
        List<Long> confirmed = ConnectionBed.confirmed(channel);
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        consumer.acks = true;
        for (int i = 0; i < 6; i++) {
            channel.basicPublish("", "q", null, new byte[0]);
            assertThat(bed.move(i % 2 == 0 ? B : A)).isInstanceOf(MoveOutcome.Moved.class);
        }
        assertThat(consumer.tags).containsExactly(1L, 2L, 3L, 4L, 5L, 6L);
        assertThat(confirmed).containsExactly(1L, 2L, 3L, 4L, 5L, 6L);
        assertThat(bed.cluster.connections.stream().filter(FakeConnection::isOpen))
                .hasSize(1);
    }

    @Test
    void strict_an_unsettled_message_takes_the_move_back() throws Exception {
        VirtualChannel channel = bed.channel();
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        bed.cluster.publish("q");
        bed.told.clear();

        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Postponed.class);

        assertThat(bed.at()).isEqualTo(A);
        assertThat(bed.cluster.open(B)).isEmpty();
        bed.cluster.publish("q");
        assertThat(consumer.tags).containsExactly(1L, 2L);
        channel.basicAck(2, true);
        assertThat(bed.raw(A, 1).unackedCount()).isZero();
        assertThat(bed.told).containsExactly("link closed b");
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
    }

    @Test
    void lame_duck_what_the_old_broker_delivered_is_settled_there_and_it_is_closed_then() throws Exception {
        bed.dialer.handover = ConsumerHandover.LAME_DUCK;
        VirtualChannel channel = bed.channel();
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        bed.cluster.publish("q");
        bed.cluster.publish("q");

        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);

        bed.cluster.publish("q");
        assertThat(consumer.tags).containsExactly(1L, 2L, 3L);
        assertThat(bed.raw(A, 1).unackedCount()).isEqualTo(2);
        channel.basicAck(1, false);
        assertThat(bed.cluster.open(A)).hasSize(1);
        channel.basicAck(3, true);
        assertThat(bed.cluster.open(A)).isEmpty();
        assertThat(bed.raw(B, 1).unackedCount()).isZero();
        assertThat(consumer.redelivered).isEmpty();
    }

    @Test
    void forced_it_goes_on_without_waiting_for_what_is_never_settled() throws Exception {
        VirtualChannel channel = bed.channel();
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        bed.cluster.publish("q");

        assertThat(bed.forced(B)).isInstanceOf(MoveOutcome.Moved.class);

        bed.cluster.open(A).get(0).lose(320, "CONNECTION_FORCED");
        assertThat(consumer.messages).containsExactly(1L, 1L);
        assertThat(consumer.redelivered).containsExactly(1L);
        assertThat(consumer.tags).containsExactly(1L, 2L);
        channel.basicAck(1, false);
        channel.basicAck(2, false);
        assertThat(channel.isOpen()).isTrue();
        assertThat(bed.raw(B, 1).unackedCount()).isZero();
    }

    @Test
    void a_get_that_is_not_settled_keeps_a_strict_move_from_going() throws Exception {
        VirtualChannel channel = bed.channel();
        bed.cluster.publish("q");
        assertThat(channel.basicGet("q", false).getEnvelope().getDeliveryTag()).isEqualTo(1);
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Postponed.class);
        channel.basicReject(1, false);
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        bed.cluster.publish("q");
        assertThat(channel.basicGet("q", true).getEnvelope().getDeliveryTag()).isEqualTo(2);
    }

    @Test
    void a_broker_that_is_slow_to_confirm_lets_publishers_wait_in_turns() throws Exception {
        bed.cluster.holdConfirms = true;
        bed.dialer.publisherPause = java.time.Duration.ofSeconds(20);
        bed.dialer.moveDeadline = java.time.Duration.ofSeconds(20);
        VirtualChannel channel = bed.channel();
        List<Long> confirmed = ConnectionBed.confirmed(channel);
        bed.cluster.queue("q");
        channel.basicPublish("", "q", null, new byte[0]);
        FakeChannel old = bed.raw(A, 1);
        // It gets through although nothing is confirmed before it does.
        Thread publisher = new Thread(() -> {
            try {
                while (bed.paused.isEmpty()) {
                    Thread.onSpinWait();
                }
                channel.basicPublish("", "q", null, new byte[0]);
                old.confirmAll();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        publisher.start();
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        publisher.join();
        assertThat(bed.paused).hasSizeGreaterThan(1);
        assertThat(channel.getNextPublishSeqNo()).isEqualTo(3);
        assertThat(bed.cluster.log).doesNotContain("b publish");
        assertThat(confirmed).containsExactly(2L);
        assertThat(channel.publisher().unconfirmed()).isZero();
    }

    @Test
    void unconfirmed_messages_take_a_voluntary_move_back() throws Exception {
        bed.cluster.holdConfirms = true;
        VirtualChannel channel = bed.channel();
        List<Long> confirmed = ConnectionBed.confirmed(channel);
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        consumer.acks = true;
        channel.basicPublish("", "q", null, new byte[0]);

        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Postponed.class);

        assertThat(bed.at()).isEqualTo(A);
        channel.basicPublish("", "q", null, new byte[0]);
        bed.raw(A, 1).confirmAll();
        assertThat(confirmed).containsExactly(2L);
        assertThat(consumer.messages).containsExactly(1L, 2L);
        assertThat(consumer.redelivered).isEmpty();
    }

    @Test
    void forced_unconfirmed_messages_are_told_by_the_old_broker_or_refused_when_it_is_gone() throws Exception {
        bed.cluster.holdConfirms = true;
        VirtualChannel channel = bed.channel();
        List<Long> confirmed = ConnectionBed.confirmed(channel);
        bed.cluster.queue("q");
        for (int i = 0; i < 3; i++) {
            channel.basicPublish("", "q", null, new byte[0]);
        }
        assertThat(bed.forced(B)).isInstanceOf(MoveOutcome.Moved.class);
        channel.basicPublish("", "q", null, new byte[0]);
        channel.basicPublish("", "q", null, new byte[0]);
        FakeChannel old = bed.raw(A, 1);
        old.confirm(1, false, true);
        bed.raw(B, 1).confirm(2, true, true);
        assertThat(confirmed).containsExactly(1L, 4L, 5L);
        bed.cluster.open(A).get(0).lose(320, "CONNECTION_FORCED");
        assertThat(confirmed).containsExactly(1L, 4L, 5L, -2L, -3L);
        assertThat(channel.waitForConfirms(1000)).as("only confirmed").isFalse();
        assertThat(channel.waitForConfirms(1000)).isTrue();
    }

    @Test
    void a_listener_of_confirms_publishes_while_the_gate_is_closed_for_them() throws Exception {
        bed.cluster.holdConfirms = true;
        VirtualChannel channel = bed.channel();
        AtomicInteger more = new AtomicInteger(3);
        channel.confirmSelect();
        channel.addConfirmListener(
                (number, multiple) -> {
                    if (more.getAndDecrement() > 0) {
                        channel.basicPublish("", "q", null, new byte[0]);
                    }
                },
                (number, multiple) -> {});
        bed.cluster.queue("q");
        bed.dialer.publisherPause = java.time.Duration.ofSeconds(20);
        bed.dialer.moveDeadline = java.time.Duration.ofSeconds(20);
        channel.basicPublish("", "q", null, new byte[0]);
        FakeChannel raw = bed.raw(A, 1);
        // The reader thread of A: without passing the gate, it would wait for a move that waits for its confirms.
        Thread reader = new Thread(() -> {
            try {
                for (long tag = 1; tag <= 4; tag++) {
                    raw.confirm(tag, false, true);
                }
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        bed.cluster.fault = (broker, operation) -> {
            if (operation.equals("confirmSelect") && broker.equals(B)) {
                reader.start();
            }
        };
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        reader.join();
        bed.cluster.fault = (broker, operation) -> {};
        bed.raw(B, 1).confirmAll();
        assertThat(channel.getNextPublishSeqNo()).isEqualTo(5);
        assertThat(channel.publisher().unconfirmed()).isZero();
    }

    @Test
    void a_handler_publishes_before_it_acknowledges_while_a_move_waits_for_it() throws Exception {
        bed.dialer.moveDeadline = java.time.Duration.ofSeconds(20);
        VirtualChannel channel = bed.channel();
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        bed.cluster.queue("out");
        bed.cluster.publish("q");
        // With the gate closed while acknowledgements are waited for, each would wait for the other.
        Thread handler = new Thread(() -> {
            try {
                while (!bed.cluster.log.contains("a cancel")) {
                    Thread.onSpinWait();
                }
                channel.basicPublish("", "out", null, new byte[0]);
                channel.basicAck(1, false);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        handler.start();
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        handler.join();
        assertThat(consumer.redelivered).isEmpty();
        assertThat(bed.cluster.log).contains("a publish");
    }

    @Test
    void a_move_that_fails_anywhere_changes_nothing_and_works_the_next_time() throws Exception {
        failsAnywhere(operation -> {
            throw new IOException("injected at " + operation);
        });
        failsAnywhere(operation -> {
            throw new IllegalStateException("injected at " + operation);
        });
    }

    private interface Failure {
        void at(String operation) throws IOException;
    }

    private static void failsAnywhere(Failure failure) throws Exception {
        int steps = 0;
        boolean failed = true;
        while (failed) {
            ConnectionBed one = new ConnectionBed();
            VirtualChannel channel = one.channel();
            channel.basicQos(5);
            List<Long> confirmed = ConnectionBed.confirmed(channel);
            ConnectionBed.Recorder consumer = one.consume(channel, "q");
            ConnectionBed.Recorder other = one.consume(channel, "r");
            consumer.acks = true;
            other.acks = true;
            channel.basicPublish("", "q", null, new byte[0]);
            one.told.clear();
            AtomicInteger left = new AtomicInteger(steps);
            one.cluster.fault = (broker, operation) -> {
                if (broker.equals(B) && left.getAndDecrement() == 0) {
                    failure.at(operation);
                }
            };
            MoveOutcome outcome = one.move(B);
            failed = left.get() < 0;
            one.cluster.fault = (broker, operation) -> {};
            String what = "step " + steps + ", " + outcome + ", " + one.cluster.log;
            assertThat(outcome instanceof MoveOutcome.Moved).as(what).isEqualTo(!failed);
            assertThat(one.at()).as(what).isEqualTo(failed ? A : B);
            assertThat(one.told).as(what).allMatch(event -> event.startsWith("link closed"));
            channel.basicPublish("", "q", null, new byte[0]);
            channel.basicPublish("", "r", null, new byte[0]);
            assertThat(one.move(failed ? B : A)).as(what).isInstanceOf(MoveOutcome.Moved.class);
            channel.basicPublish("", "q", null, new byte[0]);
            assertThat(consumer.messages).as(what).containsExactly(1L, 2L, 4L);
            assertThat(other.messages).as(what).containsExactly(3L);
            assertThat(confirmed).as(what).containsExactly(1L, 2L, 3L, 4L);
            assertThat(consumer.redelivered).as(what).isEmpty();
            assertThat(one.cluster.connections.stream().filter(FakeConnection::isOpen))
                    .as(what)
                    .hasSize(1);
            steps++;
        }
        assertThat(steps).as("steps at which a move can fail").isGreaterThan(6);
    }

    @Test
    void the_new_broker_is_lost_at_any_step_and_everything_stays_where_it_was() throws Exception {
        int steps = 1;
        boolean lost = true;
        while (lost) {
            ConnectionBed one = new ConnectionBed();
            VirtualChannel channel = one.channel();
            List<Long> confirmed = ConnectionBed.confirmed(channel);
            ConnectionBed.Recorder consumer = one.consume(channel, "q");
            ConnectionBed.Recorder other = one.consume(channel, "r");
            consumer.acks = true;
            other.acks = true;
            AtomicInteger left = new AtomicInteger(steps);
            one.cluster.fault = (broker, operation) -> {
                if (broker.equals(B) && left.getAndDecrement() == 0) {
                    one.cluster.open(B).forEach(connection -> connection.lose(541, "INTERNAL_ERROR"));
                }
            };
            MoveOutcome outcome = one.move(B);
            lost = left.get() < 0;
            one.cluster.fault = (broker, operation) -> {};
            String what = "step " + steps + ", " + outcome + ", " + one.cluster.log;
            channel.basicPublish("", "q", null, new byte[0]);
            channel.basicPublish("", "r", null, new byte[0]);
            assertThat(consumer.messages).as(what).containsExactly(1L);
            assertThat(other.messages).as(what).containsExactly(2L);
            assertThat(confirmed).as(what).containsExactly(1L, 2L);
            assertThat(one.told).as(what).noneMatch(event -> event.contains("shutdown") || event.startsWith("lost"));
            steps++;
        }
        assertThat(steps).isGreaterThan(5);
    }

    @Test
    void the_new_broker_closes_a_channel_at_any_step_and_everything_stays_where_it_was() throws Exception {
        int steps = 2;
        boolean refused = true;
        while (refused) {
            ConnectionBed one = new ConnectionBed();
            VirtualChannel channel = one.channel();
            channel.basicQos(5);
            List<Long> confirmed = ConnectionBed.confirmed(channel);
            ConnectionBed.Recorder consumer = one.consume(channel, "q");
            ConnectionBed.Recorder other = one.consume(channel, "r");
            consumer.acks = true;
            other.acks = true;
            one.told.clear();
            AtomicInteger left = new AtomicInteger(steps);
            one.cluster.fault = (broker, operation) -> {
                if (broker.equals(B) && left.getAndDecrement() == 0) {
                    one.raw(B, 1).closeByBroker(403, "ACCESS_REFUSED - not here", operation);
                }
            };
            MoveOutcome outcome = one.move(B);
            refused = left.get() < 0;
            one.cluster.fault = (broker, operation) -> {};
            String what = "step " + steps + ", " + outcome + ", " + one.cluster.log;
            assertThat(outcome).as(what).isInstanceOf(refused ? MoveOutcome.Failed.class : MoveOutcome.Moved.class);
            assertThat(one.at()).as(what).isEqualTo(refused ? A : B);
            channel.basicPublish("", "q", null, new byte[0]);
            channel.basicPublish("", "r", null, new byte[0]);
            assertThat(consumer.messages).as(what).containsExactly(1L);
            assertThat(other.messages).as(what).containsExactly(2L);
            assertThat(confirmed).as(what).containsExactly(1L, 2L);
            assertThat(channel.isOpen()).as(what).isTrue();
            assertThat(one.told).as(what).allMatch(event -> event.startsWith("link closed"));
            assertThat(one.cluster.connections.stream().filter(FakeConnection::isOpen))
                    .as(what)
                    .hasSize(1);
            steps++;
        }
        assertThat(steps).isGreaterThan(5);
    }

    @Test
    void an_acknowledgement_for_a_broker_that_has_just_refused_is_dropped_and_the_message_comes_again()
            throws Exception {
        VirtualChannel channel = bed.channel();
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        bed.consume(channel, "r");
        bed.cluster.fault = (broker, operation) -> {
            if (broker.equals(B) && operation.equals("consume") && bed.raw(B, 1).hasConsumer("tag-q")) {
                bed.cluster.fault = (any, thing) -> {};
                bed.cluster.publish("q");
                bed.raw(B, 1).closeByBroker(403, "ACCESS_REFUSED - not here", operation);
                channel.basicAck(1, false);
            }
        };
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Failed.class);
        assertThat(consumer.messages).containsExactly(1L, 1L);
        assertThat(consumer.redelivered).containsExactly(1L);
        assertThat(consumer.tags).containsExactly(1L, 2L);
        channel.basicAck(2, false);
        assertThat(channel.isOpen()).isTrue();
        assertThat(bed.raw(A, 1).unackedCount()).isZero();
    }

    @Test
    void what_the_application_does_wrong_in_a_move_closes_its_channel() throws Exception {
        VirtualChannel channel = bed.channel();
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        consumer.acks = true;
        bed.consume(channel, "r");
        bed.cluster.fault = (broker, operation) -> {
            if (broker.equals(B) && operation.equals("consume") && bed.raw(B, 1).hasConsumer("tag-q")) {
                bed.raw(B, 1).closeByBroker(404, "NOT_FOUND - no exchange 'e' in vhost '/'", "publish");
            }
        };
        assertThat(bed.move(B)).isNotInstanceOf(MoveOutcome.Moved.class);
        assertThat(channel.isOpen()).isFalse();
        assertThat(channel.getCloseReason().getMessage()).contains("no exchange 'e'");
    }

    @Test
    void a_queue_that_was_deleted_while_nothing_consumed_cancels_its_consumer_and_nothing_else() throws Exception {
        VirtualChannel channel = bed.channel();
        bed.consume(channel, "q");
        ConnectionBed.Recorder other = bed.consume(channel, "r");
        other.acks = true;
        bed.told.clear();
        bed.cluster.fault = (broker, operation) -> {
            if (broker.equals(B) && operation.equals("consume")) {
                bed.cluster.queues.remove("q");
            }
        };
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Failed.class);
        assertThat(bed.told).containsOnlyOnce("cancel tag-q").doesNotContain("consumer shutdown tag-r");
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        bed.cluster.publish("r");
        assertThat(other.messages).containsExactly(1L);
        assertThat(channel.isOpen()).isTrue();
        assertThat(bed.cluster.open(A)).isEmpty();
    }

    @Test
    void a_channel_is_without_its_consumers_only_while_its_own_turn_lasts() throws Exception {
        bed.dialer.moveDeadline = java.time.Duration.ofSeconds(20);
        VirtualChannel slow = bed.channel();
        bed.consume(slow, "q");
        for (String queue : List.of("r", "s", "t")) {
            bed.consume(bed.channel(), queue).acks = true;
        }
        bed.cluster.publish("q");
        Thread handler = new Thread(() -> {
            try {
                while (bed.cluster.log.stream().filter("b consume"::equals).count() < 3) {
                    Thread.onSpinWait();
                }
                slow.basicAck(1, false);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        handler.start();
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        handler.join();
        assertThat(bed.cluster.log)
                .filteredOn(entry -> entry.endsWith("cancel") || entry.equals("b consume"))
                .containsExactly(
                        "a cancel",
                        "a cancel",
                        "b consume",
                        "a cancel",
                        "b consume",
                        "a cancel",
                        "b consume",
                        "b consume");
    }

    @Test
    void closing_the_connection_within_a_move_ends_both() throws Exception {
        VirtualChannel channel = bed.channel();
        bed.consume(channel, "q");
        bed.cluster.fault = (broker, operation) -> {
            if (operation.equals("cancel")) {
                bed.cluster.fault = (any, thing) -> {};
                bed.connection.close();
            }
        };
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Postponed.class);
        assertThat(bed.connection.isOpen()).isFalse();
        assertThat(bed.cluster.connections.stream().filter(FakeConnection::isOpen))
                .isEmpty();
        assertThat(bed.told).contains("closed true").doesNotContain("lost a");
        assertThatThrownBy(() -> channel.basicPublish("", "q", null, new byte[0]))
                .isInstanceOf(AlreadyClosedException.class);
    }

    @Test
    void losing_the_old_broker_within_a_move_is_recovered_as_any_loss() throws Exception {
        VirtualChannel channel = bed.channel();
        List<Long> confirmed = ConnectionBed.confirmed(channel);
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        consumer.acks = true;
        bed.cluster.fault = (broker, operation) -> {
            if (operation.equals("cancel")) {
                bed.cluster.open(A).forEach(connection -> connection.lose(541, "INTERNAL_ERROR"));
            }
        };
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Postponed.class);
        bed.cluster.fault = (broker, operation) -> {};
        assertThat(bed.told).contains("lost a");
        assertThat(channel.isOpen()).isFalse();

        bed.connection.recover(bed.connection.links().dial(ConnectionBed.C, true));

        assertThat(channel.isOpen()).isTrue();
        channel.basicPublish("", "q", null, new byte[0]);
        assertThat(consumer.messages).containsExactly(1L);
        assertThat(confirmed).containsExactly(1L);
        assertThat(bed.cluster.connections.stream().filter(FakeConnection::isOpen))
                .hasSize(1);
    }

    @Test
    void a_consumer_that_the_application_cancels_within_a_move_does_not_come_back() throws Exception {
        VirtualChannel channel = bed.channel();
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        bed.cluster.fault = (broker, operation) -> {
            if (operation.equals("cancel")) {
                bed.cluster.fault = (any, thing) -> {};
                channel.basicCancel("tag-q");
            }
        };
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        assertThat(bed.told).contains("cancelOk tag-q");
        assertThat(bed.raw(B, 1).hasConsumer("tag-q")).isFalse();
        bed.cluster.publish("q");
        assertThat(consumer.messages).isEmpty();
    }

    @Test
    void a_consumer_that_the_broker_cancelled_is_told_and_not_moved() throws Exception {
        VirtualChannel channel = bed.channel();
        bed.consume(channel, "q");
        bed.raw(A, 1).cancelByBroker("tag-q");
        assertThat(bed.told).contains("cancel tag-q");
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        assertThat(bed.raw(B, 1).hasConsumer("tag-q")).isFalse();
    }

    @Test
    void exclusive_and_auto_delete_queues_pin_their_connection() throws Exception {
        VirtualChannel channel = bed.channel();
        String name = channel.queueDeclare().getQueue();
        assertThat(bed.move(B))
                .isEqualTo(new MoveOutcome.Postponed(
                        "queue " + name + " is exclusive to the connection", java.time.Duration.ofSeconds(30)));
        ConnectionBed other = new ConnectionBed();
        VirtualChannel second = other.channel();
        second.queueDeclare("d", false, false, true, null);
        assertThat(other.move(B)).as("while nobody consumes").isInstanceOf(MoveOutcome.Moved.class);
        other.consume(second, "d");
        assertThat(other.move(A)).isInstanceOf(MoveOutcome.Postponed.class);
    }

    @Test
    void a_blocked_connection_stays() throws Exception {
        bed.channel();
        bed.cluster.open(A).get(0).block("low on memory");
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Postponed.class);
        assertThat(bed.cluster.log).doesNotContain("b dial");
        bed.cluster.open(A).get(0).unblock();
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
    }

    @Test
    void a_transaction_is_not_torn_apart() throws Exception {
        VirtualChannel channel = bed.channel();
        channel.txSelect();
        bed.cluster.queue("q");
        channel.basicPublish("", "q", null, new byte[0]);
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Postponed.class);
        channel.txCommit();
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        assertThat(bed.raw(B, 1).tx).isTrue();
    }

    @Test
    void a_stream_that_is_read_from_its_end_pins_its_connection_until_something_was_read() throws Exception {
        VirtualChannel channel = bed.channel();
        bed.cluster.stream("s");
        ConnectionBed.Recorder reader = bed.new Recorder(channel);
        reader.acks = true;
        channel.basicConsume("s", false, "tag-s", false, false, Map.of("x-stream-offset", "next"), reader);
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Postponed.class);
        assertThat(bed.cluster.log).doesNotContain("b dial");
        bed.cluster.publish("s");
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        assertThat(bed.raw(B, 1).argumentsOf("tag-s")).isEqualTo(Map.of("x-stream-offset", 0L));
    }

    @Test
    void a_stream_without_an_offset_is_read_from_its_end() throws Exception {
        VirtualChannel channel = bed.channel();
        channel.queueDeclare("s", true, false, false, Map.of("x-queue-type", "stream"));
        bed.consume(channel, "s");
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Postponed.class);
        assertThat(bed.forced(B)).as("its broker leaves").isInstanceOf(MoveOutcome.Moved.class);
    }

    @Test
    void an_unknown_tag_is_named_as_the_application_knows_it() throws Exception {
        for (long[] move : new long[][] {{0, 3}, {0, 8}, {1, 3}, {1, 8}, {1, 1}}) {
            ConnectionBed one = new ConnectionBed();
            VirtualChannel channel = one.channel();
            ConnectionBed.Recorder consumer = one.consume(channel, "q");
            consumer.acks = true;
            one.cluster.publish("q");
            one.cluster.publish("q");
            if (move[0] == 1) {
                assertThat(one.move(B)).isInstanceOf(MoveOutcome.Moved.class);
            }
            one.cluster.publish("q");
            channel.basicAck(move[1], false);
            assertThat(((com.rabbitmq.client.AMQP.Channel.Close)
                                    channel.getCloseReason().getReason())
                            .getReplyText())
                    .as(move[0] + " moves")
                    .isEqualTo("PRECONDITION_FAILED - unknown delivery tag " + move[1]);
        }
    }

    @Test
    void a_reply_still_arrives_on_the_channel_that_asked() throws Exception {
        VirtualChannel channel = bed.channel();
        bed.cluster.queue("amq.rabbitmq.reply-to");
        bed.cluster.queue("rpc");
        ConnectionBed.Recorder replies = bed.new Recorder(channel);
        channel.basicConsume("amq.rabbitmq.reply-to", true, "tag-r", false, false, null, replies);
        channel.basicPublish(
                "",
                "rpc",
                new com.rabbitmq.client.AMQP.BasicProperties.Builder()
                        .replyTo("amq.rabbitmq.reply-to")
                        .build(),
                new byte[0]);
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        assertThat(bed.cluster.open(A)).as("kept for the reply").hasSize(1);
        assertThat(bed.raw(B, 1).hasConsumer("tag-r")).isTrue();
        bed.raw(A, 1).push();
        bed.cluster.publish("amq.rabbitmq.reply-to");
        assertThat(replies.messages).hasSize(1);
        assertThat(bed.cluster.open(A)).isEmpty();
    }

    @Test
    void handlers_that_have_not_returned_take_a_move_back() throws Exception {
        VirtualChannel channel = bed.channel();
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        consumer.acks = true;
        bed.cluster.holdDispatch = true;
        bed.cluster.publish("q");
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Postponed.class);
        assertThat(bed.at()).isEqualTo(A);
        bed.cluster.holdDispatch = false;
        bed.raw(A, 1).dispatchAll();
        bed.cluster.publish("q");
        assertThat(consumer.messages).containsExactly(1L, 2L);
        assertThat(consumer.redelivered).isEmpty();
        assertThat(bed.told).doesNotContain("cancelOk tag-q");
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
    }

    @Test
    void acknowledgements_are_held_until_the_broker_may_send_no_more_and_then_written() throws Exception {
        bed.dialer.ackHold = java.time.Duration.ofSeconds(20);
        bed.dialer.moveDeadline = java.time.Duration.ofSeconds(20);
        VirtualChannel channel = bed.channel();
        channel.basicQos(2);
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        bed.cluster.publish("q");
        bed.cluster.publish("q");
        List<Integer> unacked = new ArrayList<>();
        bed.cluster.fault = (broker, operation) -> {
            if (operation.equals("cancel")) {
                channel.basicAck(2, true);
                unacked.add(bed.raw(A, 1).unackedCount());
            }
        };
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        assertThat(unacked).as("when it was cancelled").containsExactly(2);
        assertThat(consumer.redelivered).isEmpty();
        assertThat(bed.cluster.open(A)).isEmpty();
    }

    @Test
    void acknowledgements_held_back_are_written_also_where_another_channel_is_closed_meanwhile() throws Exception {
        bed.dialer.ackHold = java.time.Duration.ofSeconds(20);
        bed.dialer.moveDeadline = java.time.Duration.ofSeconds(20);
        List<VirtualChannel> channels = new ArrayList<>();
        for (String queue : List.of("q", "r", "s")) {
            VirtualChannel channel = bed.channel();
            channel.basicQos(2);
            bed.consume(channel, queue);
            bed.cluster.publish(queue);
            channels.add(channel);
        }
        // Saturated, so its turn is first; at its cancel the other two hold something back, and two of the three go.
        bed.cluster.publish("q");
        FakeChannel third = bed.raw(A, 3);
        bed.cluster.fault = (broker, operation) -> {
            if (operation.equals("cancel")) {
                bed.cluster.fault = (any, thing) -> {};
                for (VirtualChannel channel : channels) {
                    channel.basicAck(1, false);
                }
                bed.raw(A, 2).closeByBroker(404, "NOT_FOUND - no exchange 'e' in vhost '/'", "publish");
                bed.raw(A, 1).closeByBroker(404, "NOT_FOUND - no exchange 'e' in vhost '/'", "publish");
            }
        };
        bed.move(B);
        assertThat(channels).extracting(VirtualChannel::isOpen).containsExactly(false, false, true);
        assertThat(third.unackedCount()).isZero();
        channels.get(2).basicAck(0, true);
        assertThat(channels.get(2).isOpen()).isTrue();
    }

    @Test
    void what_a_quorum_queue_had_on_the_way_is_handled_before_the_consumer_goes_on() throws Exception {
        bed.dialer.moveDeadline = java.time.Duration.ofSeconds(20);
        VirtualChannel channel = bed.channel();
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        bed.cluster.publish("q");
        FakeChannel old = bed.raw(A, 1);
        Thread broker = new Thread(() -> {
            try {
                while (!bed.cluster.log.contains("a cancel")
                        || channel.consumers().isAnyActive()) {
                    Thread.onSpinWait();
                }
                bed.cluster.publish("q");
                old.deliverLate("tag-q", "q");
                channel.basicAck(2, true);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        broker.start();
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        broker.join();
        bed.cluster.publish("q");
        assertThat(consumer.messages).containsExactly(1L, 2L, 3L);
        assertThat(consumer.tags).containsExactly(1L, 2L, 3L);
        assertThat(consumer.redelivered).isEmpty();
    }

    @Test
    void what_comes_when_the_consumer_is_elsewhere_is_given_back() throws Exception {
        bed.dialer.handover = ConsumerHandover.LAME_DUCK;
        VirtualChannel channel = bed.channel();
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        bed.cluster.publish("q");
        FakeChannel old = bed.raw(A, 1);
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        bed.cluster.queue("other");
        bed.cluster.publish("other");
        old.deliverLate("tag-q", "other");
        assertThat(bed.cluster.queues.get("other")).hasSize(1);
        assertThat(consumer.messages).containsExactly(1L);
    }

    @Test
    void a_channel_that_the_broker_has_closed_is_closed_before_anybody_is_told() throws Exception {
        VirtualChannel channel = bed.channel();
        List<String> seen = new ArrayList<>();
        bed.cluster.queue("q");
        channel.basicConsume("q", false, "tag-q", new com.rabbitmq.client.DefaultConsumer(channel) {
            @Override
            public void handleShutdownSignal(String tag, com.rabbitmq.client.ShutdownSignalException signal) {
                // consumers are told before the channel's own listeners
                seen.add(channel.isOpen() + " " + channel.getCloseReason().getMessage());
            }
        });
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        assertThat(channel.isOpen()).isTrue();
        assertThat(channel.getCloseReason()).isNull();
        assertThatThrownBy(() -> channel.queueDeclarePassive("none")).isInstanceOf(IOException.class);
        assertThat(seen).hasSize(1);
        assertThat(seen.get(0)).startsWith("false ").contains("no queue 'none'");
    }

    @Test
    void new_channels_are_opened_where_the_connection_is_and_numbers_stay() throws Exception {
        VirtualChannel first = bed.channel();
        bed.move(B);
        VirtualChannel second = bed.channel();
        assertThat(second.getChannelNumber()).isEqualTo(2);
        assertThat(first.getChannelNumber()).isEqualTo(1);
        assertThat(bed.raw(B, 2)).isNotNull();
        assertThat(bed.connection.createChannel(7)).isNotNull();
        assertThat(bed.connection.createChannel(7)).isNull();
        assertThat(first.getConnection()).isSameAs(bed.connection);
    }
}
