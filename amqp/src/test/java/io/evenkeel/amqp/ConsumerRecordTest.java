package io.evenkeel.amqp;

import static io.evenkeel.amqp.ConsumerRecord.State.ACTIVE;
import static io.evenkeel.amqp.ConsumerRecord.State.ENDED;
import static io.evenkeel.amqp.ConsumerRecord.State.PAUSED;
import static io.evenkeel.amqp.ConsumerRecord.State.PAUSING;
import static io.evenkeel.amqp.ConsumerRecord.State.RESUMING;
import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.DefaultConsumer;
import io.evenkeel.amqp.ConsumerRecord.State;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** Every verb in every state of a consumer, and what of it is asked for again. */
class ConsumerRecordTest {

    private final VirtualChannel channel;
    /** Registered, or about to be. */
    private EpochConsumer mine;

    ConsumerRecordTest() throws Exception {
        channel = new ConnectionBed().channel();
    }

    private ConsumerRecord record(Map<String, Object> arguments) {
        return new ConsumerRecord("q", true, "tag", false, false, arguments, new DefaultConsumer(channel), 7, true);
    }

    private EpochConsumer wrapper(ConsumerRecord record) {
        return new EpochConsumer(channel, record, channel.receiver().epoch(), false);
    }

    private ConsumerRecord in(State state) {
        ConsumerRecord record = record(null);
        mine = record.wrap(wrapper(record));
        if (state == ENDED) {
            record.end();
        } else if (state != ACTIVE) {
            record.pause();
            if (state != PAUSING) {
                record.paused(mine);
            }
            if (state == RESUMING) {
                mine = wrapper(record);
                record.resume(mine);
            }
        }
        assertThat(record.state()).isEqualTo(state);
        return record;
    }

    /** The verb leads from these states to those, and leaves every other as it is. */
    private void leads(Map<State, State> to, Predicate<ConsumerRecord> verb) {
        for (State from : State.values()) {
            ConsumerRecord record = in(from);
            assertThat(verb.test(record)).as("changed from %s", from).isEqualTo(to.containsKey(from));
            assertThat(record.state()).as("from %s", from).isEqualTo(to.getOrDefault(from, from));
        }
    }

    @Test
    void a_move_stops_what_consumes_and_starts_what_has_stopped() {
        leads(Map.of(ACTIVE, PAUSING), ConsumerRecord::pause);
        leads(Map.of(PAUSING, PAUSED), record -> record.paused(mine));
        leads(Map.of(PAUSED, RESUMING), record -> record.resume(wrapper(record)));
        leads(Map.of(RESUMING, ACTIVE), record -> record.resumed(mine));
        leads(Map.of(RESUMING, PAUSED), record -> record.resumeFailed(mine));
        leads(Map.of(PAUSED, RESUMING, PAUSING, RESUMING), record -> record.takeBack(wrapper(record)));
    }

    @Test
    void what_another_registration_says_changes_nothing() {
        leads(Map.of(), record -> record.paused(wrapper(record)));
        leads(Map.of(), record -> record.resumed(wrapper(record)));
        leads(Map.of(), record -> record.resumeFailed(wrapper(record)));
    }

    @Test
    void what_is_being_started_is_the_registration_from_then_on() {
        for (boolean back : new boolean[] {false, true}) {
            ConsumerRecord record = in(PAUSED);
            EpochConsumer next = wrapper(record);
            assertThat(back ? record.takeBack(next) : record.resume(next)).isTrue();
            assertThat(record.isCurrent(mine)).isFalse();
            assertThat(record.isCurrent(next)).isTrue();
            assertThat(record.wrapper()).isSameAs(next);
        }
    }

    @Test
    void a_loss_stops_it_in_any_state_but_its_end() {
        for (State from : State.values()) {
            ConsumerRecord record = in(from);
            record.lost();
            assertThat(record.state()).as("from %s", from).isEqualTo(from == ENDED ? ENDED : PAUSED);
        }
    }

    /** Only then the application's request has returned before any broker said that it is cancelled. */
    @Test
    void its_end_is_owed_where_a_move_has_it_in_hand() {
        for (State from : State.values()) {
            ConsumerRecord record = in(from);
            assertThat(record.isEnded()).isEqualTo(from == ENDED);
            assertThat(record.end()).as("the state before").isEqualTo(from);
            assertThat(record.isEnded()).isTrue();
            assertThat(record.isEndOwed()).as("from %s", from).isEqualTo(from == PAUSING || from == RESUMING);
            boolean owed = record.isEndOwed();
            assertThat(record.end()).isEqualTo(ENDED);
            assertThat(record.isEndOwed()).as("ended again").isEqualTo(owed);
            assertThat(record.isCurrent(mine)).isTrue();
        }
    }

    @Test
    void one_that_is_registered_elsewhere_keeps_its_state_and_what_is_owed() {
        ConsumerRecord record = in(PAUSING);
        record.end();
        EpochConsumer next = wrapper(record);
        assertThat(record.wrap(next)).isSameAs(next);
        assertThat(record.state()).isEqualTo(ENDED);
        assertThat(record.isEndOwed()).isTrue();
        assertThat(record.isCurrent(mine)).isFalse();
    }

    @Test
    void it_is_notified_of_its_end_once() {
        ConsumerRecord cancelled = record(null);
        assertThat(cancelled.isEndTold()).isFalse();
        assertThat(cancelled.takeEnd()).isTrue();
        assertThat(cancelled.isEndTold()).isTrue();
        assertThat(cancelled.takeEnd()).isFalse();
        assertThat(cancelled.takeEndByBroker()).isFalse();
        assertThat(cancelled.refuseEnd()).isFalse();
    }

    @Test
    void a_refused_end_is_the_broker_s_to_bring() {
        ConsumerRecord refused = record(null);
        assertThat(refused.refuseEnd()).isTrue();
        assertThat(refused.refuseEnd()).isFalse();
        assertThat(refused.isEndTold()).isFalse();
        assertThat(refused.takeEnd()).isFalse();
        assertThat(refused.takeEndByBroker()).isTrue();
        assertThat(refused.isEndTold()).isTrue();
    }

    @Test
    void what_happens_once_happens_once() {
        ConsumerRecord record = record(null);
        assertThat(record.takeFirstOk()).isTrue();
        assertThat(record.takeFirstOk()).isFalse();
        assertThat(record.takeGone()).isTrue();
        assertThat(record.takeGone()).isFalse();
        assertThat(record.takeNotFound()).isFalse();
        record.wasNotFound();
        assertThat(record.takeNotFound()).isTrue();
        assertThat(record.takeNotFound()).isFalse();
    }

    @Test
    void it_is_asked_for_again_as_it_was_asked_for() {
        DefaultConsumer consumer = new DefaultConsumer(channel);
        for (boolean set : new boolean[] {true, false}) {
            ConsumerRecord record =
                    new ConsumerRecord("q", set, "tag", set, set, Map.of("x-priority", 5), consumer, 7, true);
            assertThat(record.autoAck()).isEqualTo(set);
            assertThat(record.noLocal()).isEqualTo(set);
            assertThat(record.exclusive()).isEqualTo(set);
            assertThat(record.prefetch()).isEqualTo(7);
            assertThat(record.consumer()).isSameAs(consumer);
            assertThat(record.arguments()).isEqualTo(Map.of("x-priority", 5));
            assertThat(record.resumption()).isNull();
            record.tag("given by the broker");
            assertThat(record.tag()).isEqualTo("given by the broker");
            record.queue("renamed");
            assertThat(record.queue()).isEqualTo("renamed");
        }
    }

    private static AMQP.BasicProperties headers(Map<String, Object> headers) {
        return new AMQP.BasicProperties.Builder().headers(headers).build();
    }

    private static void read(ConsumerRecord record, AMQP.BasicProperties properties) {
        record.position().read(record.position().of(properties));
    }

    @Test
    void a_stream_goes_on_with_what_was_read_last_also_with_its_very_first() {
        ConsumerRecord record = record(Map.of("x-stream-offset", "first", "x-priority", 5));
        read(record, null);
        read(record, new AMQP.BasicProperties());
        read(record, headers(Map.of("x-stream-offset", "none")));
        assertThat(record.position().isKnown()).isFalse();
        assertThat(record.resumption()).isNull();
        read(record, headers(Map.of("x-stream-offset", 0L)));
        assertThat(record.position().isKnown()).isTrue();
        assertThat(record.resumption().after()).isZero();
        assertThat(StreamPosition.from(0, record.arguments()))
                .isEqualTo(Map.of("x-stream-offset", 0L, "x-priority", 5));
        assertThat(StreamPosition.from(4, null)).isEqualTo(Map.of("x-stream-offset", 4L));
    }

    @Test
    void what_is_no_stream_has_no_place_whatever_its_messages_carry() {
        ConsumerRecord declared =
                new ConsumerRecord("q", true, "tag", false, false, null, new DefaultConsumer(channel), 7, false);
        read(declared, headers(Map.of("x-stream-offset", 4L)));
        assertThat(declared.resumption()).isNull();
        ConsumerRecord refused = record(null);
        read(refused, headers(Map.of("x-stream-offset", 4L)));
        assertThat(refused.resumption()).isNotNull();
        refused.position().isNone();
        read(refused, headers(Map.of("x-stream-offset", 5L)));
        assertThat(refused.resumption()).isNull();
    }

    @Test
    void which_queues_are_read_from_their_end_and_which_are_addresses_of_replies() {
        assertThat(StreamPosition.isReadFromItsEnd(true, null)).isTrue();
        assertThat(StreamPosition.isReadFromItsEnd(false, null)).isFalse();
        assertThat(StreamPosition.isReadFromItsEnd(false, Map.of("x-stream-offset", "next")))
                .isTrue();
        assertThat(StreamPosition.isReadFromItsEnd(false, Map.of("x-stream-offset", "last")))
                .isTrue();
        assertThat(StreamPosition.isReadFromItsEnd(true, Map.of("x-stream-offset", "first")))
                .isFalse();
        assertThat(ConsumerRecord.isReplyTo(null)).isFalse();
        assertThat(ConsumerRecord.isReplyTo("q")).isFalse();
        assertThat(ConsumerRecord.isReplyTo("amq.rabbitmq.reply-to.g1")).isTrue();
        assertThat(record(null).isReplyTo()).isFalse();
    }
}
