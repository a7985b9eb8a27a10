package io.evenkeel.amqp;

import static io.evenkeel.amqp.ConnectionBed.A;
import static io.evenkeel.amqp.ConnectionBed.B;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.rabbitmq.client.DefaultConsumer;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Each check of a move alone: what it lets through, and what it names. */
@Timeout(60)
class MoveChecksTest {

    private final ConnectionBed bed;
    private final MoveChecks checks;
    private final VirtualChannel channel;
    private Link next;

    MoveChecksTest() throws Exception {
        bed = new ConnectionBed();
        channel = bed.channel();
        checks = bed.connection.checks();
    }

    private void begin() throws Exception {
        assertThat(bed.connection.beginMove()).isTrue();
        next = bed.connection.links().dial(B, true);
        bed.connection.movingTo(next);
    }

    private RawChannel there() throws Exception {
        return channel.prepare(next);
    }

    @Test
    void nothing_is_in_the_way_of_an_open_connection_and_its_state_is_named_otherwise() throws Exception {
        assertThat(checks.obstacle(false)).isNull();
        assertThat(checks.obstacle(true)).isNull();
        begin();
        assertThat(checks.obstacle(false)).isEqualTo("the connection is MOVING");
    }

    @Test
    void what_pins_a_connection_is_named_and_a_stream_that_was_not_read_not_where_it_must_go() throws Exception {
        bed.cluster.stream("s");
        channel.basicConsume(
                "s", false, "tag", false, false, Map.of("x-stream-offset", "next"), new DefaultConsumer(channel));
        assertThat(checks.obstacle(false)).contains("s");
        assertThat(checks.obstacle(true)).isNull();
        assertThatThrownBy(() -> checks.requireMovable(false)).isInstanceOf(MoveGivenUp.class);
        assertThatCode(() -> checks.requireMovable(true)).doesNotThrowAnyException();
        begin();
        assertThatThrownBy(() -> checks.requireCommittable(next, false)).isInstanceOf(MoveGivenUp.class);
        assertThatCode(() -> checks.requireCommittable(next, true)).doesNotThrowAnyException();
    }

    @Test
    void an_alarm_at_either_broker_keeps_a_move_from_its_commit() throws Exception {
        begin();
        bed.cluster.open(B).get(0).block("memory");
        assertThatCode(() -> checks.requireMovable(true)).doesNotThrowAnyException();
        assertThatThrownBy(() -> checks.requireCommittable(next, true))
                .isInstanceOf(MoveGivenUp.class)
                .hasMessageContaining("the broker at " + B + " blocks the connection");
        bed.cluster.open(B).get(0).unblock();
        assertThatCode(() -> checks.requireCommittable(next, true)).doesNotThrowAnyException();
        bed.cluster.open(A).get(0).block("memory");
        assertThatThrownBy(() -> checks.requireMovable(true)).hasMessageContaining("the broker blocks the connection");
        assertThatThrownBy(() -> checks.requireCommittable(next, true)).isInstanceOf(MoveGivenUp.class);
    }

    @Test
    void a_mover_goes_on_until_the_connection_the_link_or_the_application_stops_it() throws Exception {
        begin();
        assertThat(checks.mustStop(next)).isFalse();
        assertThatCode(() -> checks.requireMoving(next)).doesNotThrowAnyException();
        bed.cluster.open(B).get(0).lose(541, "INTERNAL_ERROR");
        assertThat(checks.mustStop(next)).isTrue();
        assertThatThrownBy(() -> checks.requireMoving(next))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("gone (expected: open, to move to)");
        bed.connection.close();
        assertThat(checks.mustStop(bed.connection.current())).isTrue();
        assertThatThrownBy(() -> checks.requireMoving(next))
                .isInstanceOf(MoveGivenUp.class)
                .hasMessage("the connection is CLOSED");
    }

    @Test
    void what_must_not_run_within_a_move_stops_it() throws Exception {
        begin();
        CompletableFuture<Void> waiting = CompletableFuture.runAsync(() -> {
            bed.connection.interlock().enter("a reason of its own", false);
            bed.connection.interlock().exit();
        });
        while (bed.connection.interlock().veto() == null) {
            Thread.onSpinWait();
        }
        assertThat(checks.mustStop(next)).isTrue();
        assertThatThrownBy(() -> checks.requireMoving(next)).hasMessage("a reason of its own");
        assertThatThrownBy(() -> checks.isAllAt(next)).hasMessage("a reason of its own");
        bed.connection.leave(next);
        bed.connection.endMove();
        waiting.get(30, TimeUnit.SECONDS);
    }

    @Test
    void all_is_there_when_both_sides_of_every_open_channel_are() throws Exception {
        begin();
        assertThat(checks.isAllAt(next)).as("no raw channel").isFalse();
        RawChannel there = there();
        assertThat(checks.isAllAt(next)).as("neither side").isFalse();
        assertThat(channel.receiveOn(there)).isTrue();
        assertThat(checks.isAllAt(next)).as("the receiving side alone").isFalse();
        assertThat(channel.publisher().sendOn(there, 1_000_000, true)).isTrue();
        assertThat(checks.isAllAt(next)).isTrue();
        VirtualChannel other = bed.channel();
        assertThat(checks.isAllAt(next)).as("another channel").isFalse();
        other.abort();
        assertThat(checks.isAllAt(next)).as("that was closed").isTrue();
    }

    @Test
    void a_channel_whose_sending_side_alone_is_there_is_not() throws Exception {
        begin();
        assertThat(channel.publisher().sendOn(there(), 1_000_000, true)).isTrue();
        assertThat(checks.isAllAt(next)).isFalse();
    }

    @Test
    void a_channel_that_is_lost_there_is_the_new_broker_s_failure() throws Exception {
        begin();
        RawChannel there = there();
        channel.receiveOn(there);
        channel.publisher().sendOn(there, 1_000_000, true);
        there.lose();
        assertThatThrownBy(() -> checks.isAllAt(next))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("gone (expected: open, to move to)");
    }
}
