package io.evenkeel.amqp;

import static io.evenkeel.amqp.ConnectionBed.A;
import static io.evenkeel.amqp.ConnectionBed.B;
import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.DefaultConsumer;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What {@link SimulationTest} found, each in the shortest way. */
@Timeout(60)
class MoveSelectTest {

    private final ConnectionBed bed;

    MoveSelectTest() throws Exception {
        bed = new ConnectionBed();
    }

    private interface Action {
        void run() throws Exception;
    }

    private void at(EndpointKey where, String operation, Action action) {
        bed.cluster.fault = (broker, what) -> {
            if (broker.equals(where) && what.equals(operation)) {
                bed.cluster.fault = (any, thing) -> {};
                try {
                    action.run();
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            }
        };
    }

    @Test
    void confirms_that_are_selected_during_a_move_are_selected_at_the_new_broker() throws Exception {
        VirtualChannel channel = bed.channel();
        bed.consume(channel, "q");
        at(B, "consume", channel::confirmSelect);
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        assertThat(bed.raw(B, 1).confirmMode()).isTrue();
        assertThat(channel.getNextPublishSeqNo()).isEqualTo(1);
        channel.basicPublish("", "q", null, new byte[0]);
        assertThat(channel.waitForConfirms(1000)).isTrue();
    }

    @Test
    void a_channel_that_becomes_transactional_half_way_is_brought_back_first() throws Exception {
        VirtualChannel channel = bed.channel();
        bed.consume(channel, "q");
        List<CompletableFuture<Void>> selected = new ArrayList<>();
        at(B, "consume", () -> {
            selected.add(CompletableFuture.runAsync(() -> {
                try {
                    channel.txSelect();
                } catch (java.io.IOException e) {
                    throw new IllegalStateException(e);
                }
            }));
            while (bed.connection.interlock().veto() == null) {
                Thread.onSpinWait();
            }
        });
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Postponed.class);
        selected.get(0).get(30, TimeUnit.SECONDS);
        assertThat(bed.raw(A, 1).tx).isTrue();
        assertThat(channel.receivingOn()).isSameAs(channel.sendingOn());
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        assertThat(bed.raw(B, 1).tx).isTrue();
    }

    @Test
    void a_consumer_that_is_cancelled_before_its_consume_ok_is_handled_is_waited_for() throws Exception {
        VirtualChannel channel = bed.channel();
        bed.cluster.queue("q");
        bed.cluster.holdDispatch = true;
        List<Boolean> known = new ArrayList<>();
        channel.basicConsume("q", false, "tag", new DefaultConsumer(channel) {
            @Override
            public void handleConsumeOk(String tag) {
                known.add(!channel.consumers().arePaused());
            }
        });
        channel.basicCancel("tag");
        bed.raw(A, 1).dispatchAll();
        assertThat(known).containsExactly(true);
        assertThat(channel.consumers().all()).isEmpty();
    }

    @Test
    void a_channel_is_closed_in_order_also_while_its_connection_moves_away() throws Exception {
        VirtualChannel channel = bed.channel();
        at(A, "closeChannel", () -> bed.move(B));
        channel.close();
        assertThat(channel.isOpen()).isFalse();
        assertThat(bed.at()).isEqualTo(B);
        assertThat(bed.cluster.open(A)).isEmpty();
    }

    @Test
    void a_link_that_is_cut_as_it_becomes_the_one_in_use_is_recovered() throws Exception {
        bed.channel();
        bed.move(B);
        bed.connection.current().cut("no answer");
        assertThat(bed.connection.state()).isEqualTo(VirtualConnection.State.RECOVERING);
        assertThat(bed.connection.getCloseReason().isInitiatedByApplication()).isFalse();
        assertThat(bed.told).contains("lost b");
    }

    @Test
    void a_request_that_is_answered_just_as_its_time_is_over_cuts_nothing() throws Exception {
        bed.holdBackground = true;
        io.evenkeel.time.Scheduler.Cancellable bound =
                bed.connection.links().bound(bed.connection.current(), 1_000_000);
        bed.elapse(java.time.Duration.ofMillis(2));
        bound.cancel();
        bed.runBackground();
        assertThat(bed.connection.isOpen()).isTrue();
    }
}
