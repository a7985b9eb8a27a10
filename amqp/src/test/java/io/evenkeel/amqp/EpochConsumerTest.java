package io.evenkeel.amqp;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.ShutdownSignalException;
import io.evenkeel.amqp.ConsumerRecord.State;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a raw channel calls, and what of it the application's consumer gets. */
@Timeout(60)
class EpochConsumerTest {

    private final ConnectionBed bed;
    private final VirtualChannel channel;
    private final List<String> seen = new ArrayList<>();
    private ConsumerRecord record;
    private EpochConsumer wrapper;

    EpochConsumerTest() throws Exception {
        bed = new ConnectionBed();
        channel = bed.channel();
        record("q", false);
    }

    private final class Seeing extends DefaultConsumer {
        Seeing() {
            super(channel);
        }

        @Override
        public void handleConsumeOk(String tag) {
            seen.add("consumeOk " + tag);
        }

        @Override
        public void handleCancelOk(String tag) {
            seen.add("cancelOk " + tag);
        }

        @Override
        public void handleCancel(String tag) {
            seen.add("cancel " + tag);
        }

        @Override
        public void handleRecoverOk(String tag) {
            seen.add("recoverOk " + tag);
        }

        @Override
        public void handleShutdownSignal(String tag, ShutdownSignalException signal) {
            seen.add("shutdown " + tag);
        }

        @Override
        public void handleDelivery(String tag, Envelope envelope, AMQP.BasicProperties properties, byte[] body) {
            seen.add("delivery " + envelope.getDeliveryTag() + " " + envelope.isRedeliver() + " "
                    + envelope.getExchange() + " " + envelope.getRoutingKey());
        }
    }

    private void record(String queue, boolean autoAck) {
        record = new ConsumerRecord(queue, autoAck, "tag", false, false, null, new Seeing(), 0, true);
        wrapper = record.wrap(wrapper(true));
    }

    private EpochConsumer wrapper(boolean announced) {
        return new EpochConsumer(channel, record, channel.receiver().epoch(), announced);
    }

    private ShutdownSignalException signal() {
        return ShutdownSignals.ofChannelByApplication(200, "OK", channel);
    }

    @Test
    void the_broker_s_consume_ok_makes_it_known_and_is_passed_on() {
        wrapper.handleConsumeOk("given");
        assertThat(seen).containsExactly("consumeOk given");
        assertThat(channel.consumers().all()).containsExactly(record);
        assertThat(record.tag()).isEqualTo("given");
    }

    @Test
    void a_move_s_consume_ok_is_kept_from_the_application_that_had_one() {
        wrapper.handleConsumeOk("tag");
        seen.clear();
        EpochConsumer moved = record.wrap(wrapper(false));
        moved.handleConsumeOk("tag");
        assertThat(seen).isEmpty();
    }

    /** The broker that it began at was lost before its own was handled. */
    @Test
    void a_recovery_s_consume_ok_is_passed_on_unless_it_is_of_an_older_registration() {
        wrapper.handleConsumeOk("tag");
        EpochConsumer recovered = record.wrap(wrapper(true));
        recovered.handleConsumeOk("tag");
        assertThat(seen).containsExactly("consumeOk tag", "consumeOk tag");
        wrapper.handleConsumeOk("tag");
        assertThat(seen).hasSize(2);
    }

    @Test
    void a_move_s_cancel_ok_pauses_it_and_no_more() throws Exception {
        channel.consumers().started(record, "tag");
        record.pause();
        wakes(() -> wrapper.handleCancelOk("tag"));
        assertThat(record.state()).isEqualTo(State.PAUSED);
        assertThat(seen).isEmpty();
    }

    /** What comes when nothing was cancelled, or of an older registration, is of a move that is over. */
    @Test
    void a_cancel_ok_that_neither_a_move_nor_the_application_waits_for_is_ignored() {
        channel.consumers().started(record, "tag");
        wrapper.handleCancelOk("tag");
        assertThat(record.state()).isEqualTo(State.ACTIVE);
        record.end();
        EpochConsumer older = wrapper;
        record.wrap(wrapper(false));
        older.handleCancelOk("tag");
        assertThat(seen).isEmpty();
        assertThat(channel.consumers().all()).containsExactly(record);
    }

    /** The roll-back goes on behind what the older registration delivered, and its channel was shut down before. */
    @Test
    void a_late_cancel_ok_of_an_older_registration_tells_of_the_end_of_its_channel_once() {
        channel.consumers().started(record, "tag");
        record.pause();
        EpochConsumer older = wrapper;
        ChannelDown down = new ChannelDown(signal());
        older.channelDown(down);
        EpochConsumer next = wrapper(false);
        assertThat(record.takeBack(next)).isTrue();
        older.handleCancelOk("tag");
        assertThat(seen).containsExactly("shutdown tag");
        next.channelDown(down);
        next.handleShutdownSignal("tag", signal());
        older.handleCancelOk("tag");
        assertThat(seen).as("for either").hasSize(1);
        assertThat(record.state()).as("left alone").isEqualTo(State.RESUMING);
    }

    @Test
    void the_application_s_cancel_ok_ends_it_once() throws Exception {
        channel.consumers().started(record, "tag");
        record.end();
        wakes(() -> wrapper.handleCancelOk("tag"));
        assertThat(seen).containsExactly("cancelOk tag");
        assertThat(channel.consumers().all()).isEmpty();
        wrapper.handleCancelOk("tag");
        assertThat(seen).hasSize(1);
    }

    /** Of a channel that is shut down, where the cancellation was refused: it is shut down as well. */
    @Test
    void one_whose_cancellation_was_refused_ends_with_its_channel() {
        record.end();
        record.refuseEnd();
        wrapper.channelDown(new ChannelDown(signal()));
        wrapper.handleCancelOk("tag");
        assertThat(seen).containsExactly("shutdown tag");
        wrapper.handleCancelOk("tag");
        assertThat(seen).hasSize(1);
    }

    @Test
    void one_whose_channel_ends_while_a_move_stops_it_is_shut_down_behind_its_last_delivery() {
        record.pause();
        wrapper.channelDown(new ChannelDown(signal()));
        assertThat(seen).isEmpty();
        wrapper.handleCancelOk("tag");
        assertThat(seen).containsExactly("shutdown tag");
    }

    @Test
    void the_broker_s_cancel_ends_it_and_is_passed_on_once() throws Exception {
        channel.consumers().started(record, "tag");
        List<Exception> failures = new ArrayList<>();
        wakes(() -> {
            try {
                wrapper.handleCancel("tag");
            } catch (java.io.IOException e) {
                failures.add(e);
            }
        });
        assertThat(failures).isEmpty();
        assertThat(seen).containsExactly("cancel tag");
        assertThat(record.isEnded()).isTrue();
        assertThat(channel.consumers().all()).isEmpty();
        wrapper.handleCancel("tag");
        assertThat(seen).hasSize(1);
    }

    @Test
    void a_cancel_by_the_broker_that_it_came_from_is_ignored() throws Exception {
        channel.consumers().started(record, "tag");
        EpochConsumer older = wrapper;
        record.wrap(wrapper(false));
        older.handleCancel("tag");
        assertThat(seen).isEmpty();
        assertThat(record.isEnded()).isFalse();
    }

    @Test
    void its_channel_s_end_is_passed_on_once_and_only_where_that_is_the_application_s_as_well() {
        wrapper.handleShutdownSignal("tag", signal());
        assertThat(seen).as("a move left it").isEmpty();
        assertThat(wrapper.isRawDown()).isTrue();
        wrapper.channelDown(new ChannelDown(signal()));
        wrapper.handleShutdownSignal("tag", signal());
        wrapper.handleShutdownSignal("tag", signal());
        assertThat(seen).containsExactly("shutdown tag");
        assertThat(wrapper.takeShutdown()).isNull();
    }

    @Test
    void what_it_is_registered_with_and_whether_it_is() {
        assertThat(wrapper.isRawDown()).isFalse();
        assertThat(wrapper.isRegistered()).isFalse();
        wrapper.registered();
        assertThat(wrapper.isRegistered()).isTrue();
        assertThat(wrapper.record()).isSameAs(record);
        assertThat(wrapper.raw()).isSameAs(channel.receivingOn());
        wrapper.handleRecoverOk("tag");
        assertThat(seen).containsExactly("recoverOk tag");
    }

    private static Envelope envelope(long tag) {
        return new Envelope(tag, true, "e", "k");
    }

    @Test
    void a_delivery_is_passed_on_as_it_is_and_noted_as_unsettled() throws Exception {
        wrapper.handleDelivery("tag", envelope(1), FakeCluster.properties(Map.of()), new byte[0]);
        assertThat(seen).containsExactly("delivery 1 true e k");
        assertThat(wrapper.raw().unsettled()).isEqualTo(1);
        assertThat(record.position().isKnown()).isFalse();
        wrapper.handleDelivery("tag", envelope(2), FakeCluster.properties(Map.of("x-stream-offset", 7L)), new byte[0]);
        assertThat(record.position().isKnown()).as("where a stream is read").isTrue();
    }

    @Test
    void after_a_move_a_delivery_has_the_number_that_follows() throws Exception {
        bed.consume(channel, "other").acks = true;
        bed.cluster.publish("other");
        bed.cluster.publish("other");
        bed.move(ConnectionBed.B);
        EpochConsumer there = wrapper(false);
        there.handleDelivery("tag", envelope(1), FakeCluster.properties(Map.of()), new byte[0]);
        assertThat(seen).containsExactly("delivery 3 true e k");
    }

    /** What the broker takes for settled is handled also then; anything else comes again. */
    @Test
    void after_a_loss_only_what_needs_no_acknowledgement_is_handled() throws Exception {
        wrapper.raw().lose();
        wrapper.handleDelivery("tag", envelope(1), FakeCluster.properties(Map.of()), new byte[0]);
        assertThat(seen).isEmpty();
        record("q", true);
        wrapper.handleDelivery("tag", envelope(2), FakeCluster.properties(Map.of()), new byte[0]);
        assertThat(seen).containsExactly("delivery 2 true e k");
    }

    @Test
    void a_reply_is_counted_as_one_and_nothing_else_is() throws Exception {
        RawChannel raw = channel.receivingOn();
        bed.cluster.queue("rpc");
        bed.cluster.queue("amq.rabbitmq.reply-to");
        channel.basicConsume("amq.rabbitmq.reply-to", true, "r", new Seeing());
        seen.clear();
        channel.basicPublish(
                "",
                "rpc",
                new AMQP.BasicProperties.Builder()
                        .replyTo("amq.rabbitmq.reply-to")
                        .build(),
                new byte[0]);
        assertThat(raw.isAwaitingReplies()).isTrue();
        wrapper.handleDelivery("tag", envelope(1), FakeCluster.properties(Map.of()), new byte[0]);
        assertThat(raw.isAwaitingReplies()).as("no reply").isTrue();
        bed.cluster.publish("amq.rabbitmq.reply-to");
        assertThat(raw.isAwaitingReplies()).isFalse();
        assertThat(seen).hasSize(2);
    }

    /** Fails, by its time, unless the step makes what waits for the connection look again. */
    private void wakes(Runnable step) throws InterruptedException {
        AtomicBoolean stepped = new AtomicBoolean();
        Thread waiting = new Thread(() -> {
            try {
                bed.connection.activity().await(stepped::get, TimeUnit.DAYS.toNanos(1));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        waiting.setDaemon(true);
        waiting.start();
        while (waiting.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
        stepped.set(true);
        step.run();
        waiting.join();
    }
}
