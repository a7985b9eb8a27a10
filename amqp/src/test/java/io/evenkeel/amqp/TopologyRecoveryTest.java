package io.evenkeel.amqp;

import static io.evenkeel.amqp.ConnectionBed.A;
import static io.evenkeel.amqp.ConnectionBed.B;
import static io.evenkeel.amqp.ConnectionBed.C;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.TopologyRecoveryException;
import com.rabbitmq.client.impl.DefaultExceptionHandler;
import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a recovery declares and starts again at the new broker, and what it does with what is refused there. */
@Timeout(60)
class TopologyRecoveryTest {

    private final ConnectionBed bed;
    private final VirtualChannel channel;
    private final List<String> refused = new ArrayList<>();

    TopologyRecoveryTest() throws Exception {
        bed = new ConnectionBed();
        channel = bed.channel();
        bed.dialer.exceptions = new DefaultExceptionHandler() {
            @Override
            public void handleTopologyRecoveryException(
                    Connection connection, Channel on, TopologyRecoveryException exception) {
                assertThat(connection).isSameAs(bed.connection);
                refused.add(exception.getMessage());
            }
        };
    }

    private void loseAndRecover() throws Exception {
        lose();
        bed.connection.recover(bed.connection.links().dial(B, true));
    }

    private void lose() {
        bed.cluster.declared.clear();
        bed.cluster.open(A).forEach(connection -> connection.lose(541, "INTERNAL_ERROR"));
    }

    private void declareOfEachKind() throws IOException {
        channel.exchangeDeclare("first", "topic", true, false, null);
        channel.exchangeDeclare("second", "fanout", true, false, null);
        channel.queueDeclare("q", true, false, false, null);
        channel.queueBind("q", "second", "");
        channel.exchangeBind("second", "first", "#");
    }

    @Test
    void each_is_declared_after_what_it_needs() throws Exception {
        declareOfEachKind();
        loseAndRecover();
        assertThat(bed.cluster.declared)
                .containsExactly(
                        "b exchange first",
                        "b exchange second",
                        "b queue q",
                        "b binding of queue q to second",
                        "b binding of exchange second to first");
        assertThat(refused).isEmpty();
    }

    /** The broker has them, and refuses to declare the one without a name. */
    @Test
    void exchanges_of_the_broker_itself_are_not_declared() throws Exception {
        channel.exchangeDeclare("amq.topic", "topic", true, false, null);
        channel.exchangeDeclare("", "direct", true, false, null);
        channel.exchangeDeclare("amqp", "direct", true, false, null);
        loseAndRecover();
        assertThat(bed.cluster.declared).containsExactly("b exchange amqp");
    }

    @Test
    void a_queue_whose_name_the_broker_chose_gets_a_new_one_and_takes_bindings_and_consumers_along() throws Exception {
        channel.exchangeDeclare("x", "fanout", true, false, null);
        String before = channel.queueDeclare().getQueue();
        channel.queueBind(before, "x", "");
        channel.queueDeclare("other", true, false, false, null);
        channel.queueBind("other", "x", "");
        ConnectionBed.Recorder consumer = bed.consume(channel, before);
        ConnectionBed.Recorder beside = bed.consume(channel, "other");
        loseAndRecover();
        String after = bed.connection.topology().queues().stream()
                .map(TopologyRecord.Queue::name)
                .filter(name -> !name.equals("other"))
                .findFirst()
                .orElseThrow();
        assertThat(after).isNotEqualTo(before);
        assertThat(bed.cluster.declared)
                .containsExactlyInAnyOrder(
                        "b exchange x",
                        "b queue ",
                        "b queue other",
                        "b binding of queue other to x",
                        "b binding of queue " + after + " to x");
        long message = bed.cluster.publish(after);
        long otherMessage = bed.cluster.publish("other");
        assertThat(consumer.messages).containsExactly(message);
        assertThat(beside.messages).containsExactly(otherMessage);

        bed.cluster.declared.clear();
        bed.cluster.open(B).forEach(connection -> connection.lose(541, "INTERNAL_ERROR"));
        bed.connection.recover(bed.connection.links().dial(C, true));
        assertThat(bed.cluster.declared)
                .as("it is the broker that chooses its name, again")
                .contains("c queue ")
                .doesNotContain("c queue " + after);
    }

    @Test
    void what_is_refused_goes_to_the_exception_handler_by_name_and_the_rest_goes_on() throws Exception {
        declareOfEachKind();
        lose();
        bed.cluster.fault = (broker, operation) -> {
            if (operation.equals("exchangeDeclare") || operation.equals("exchangeBind")) {
                throw new IOException("refused");
            }
        };
        bed.connection.recover(bed.connection.links().dial(B, true));
        assertThat(refused)
                .containsExactly(
                        "Caught an exception while recovering exchange first: refused",
                        "Caught an exception while recovering exchange second: refused",
                        "Caught an exception while recovering binding of second to first: refused");
        assertThat(bed.cluster.declared).containsExactly("b queue q", "b binding of queue q to second");
        assertThat(bed.connection.isOpen()).isTrue();
    }

    @Test
    void a_consumer_whose_queue_is_gone_goes_to_the_exception_handler_and_others_are_started() throws Exception {
        ConnectionBed.Recorder gone = bed.consume(channel, "gone");
        ConnectionBed.Recorder there = bed.consume(bed.channel(), "there");
        lose();
        bed.cluster.queues.remove("gone");
        bed.connection.recover(bed.connection.links().dial(B, true));
        assertThat(refused)
                .singleElement()
                .asString()
                .contains("consumer tag-gone")
                .contains("channel 1");
        bed.cluster.publish("there");
        assertThat(there.messages).hasSize(1);
        assertThat(gone.messages).isEmpty();
    }

    @Test
    void without_the_recovery_of_topology_nothing_is_declared_and_no_consumer_is_started() throws Exception {
        bed.dialer.recoversTopology = false;
        declareOfEachKind();
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        loseAndRecover();
        bed.cluster.publish("q");
        assertThat(bed.cluster.declared).isEmpty();
        assertThat(consumer.messages).isEmpty();
        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void a_loss_in_the_middle_is_the_end_of_this_attempt_and_no_refusal() throws Exception {
        declareOfEachKind();
        lose();
        bed.cluster.fault = (broker, operation) -> {
            if (operation.equals("queueDeclare")) {
                bed.cluster.open(B).forEach(connection -> connection.lose(541, "INTERNAL_ERROR"));
            }
        };
        Link lost = bed.connection.links().dial(B, true);
        assertThatThrownBy(() -> bed.connection.recover(lost)).isInstanceOf(Exception.class);
        assertThat(refused).isEmpty();
        bed.cluster.fault = (broker, operation) -> {};
        bed.connection.recover(bed.connection.links().dial(C, true));
        assertThat(bed.cluster.declared).contains("c exchange first", "c queue q");
        assertThat(bed.connection.isOpen()).isTrue();
    }

    /** Requests are bounded by closing the link: a timer that is left would close it when all is well. */
    @Test
    void no_time_limit_of_a_request_outlives_its_answer() throws Exception {
        declareOfEachKind();
        bed.consume(channel, "q");
        channel.confirmSelect();
        loseAndRecover();
        bed.elapse(Duration.ofMinutes(5));
        assertThat(bed.at()).isEqualTo(B);
        assertThat(bed.cluster.open(B)).hasSize(1);
        assertThat(bed.move(C)).isInstanceOf(MoveOutcome.Moved.class);
        bed.elapse(Duration.ofMinutes(5));
        assertThat(bed.cluster.open(C)).hasSize(1);
        assertThat(bed.told).filteredOn(event -> event.startsWith("lost")).containsExactly("lost a");
    }
}
