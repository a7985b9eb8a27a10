package io.evenkeel.amqp;

import static io.evenkeel.amqp.ConnectionBed.A;
import static io.evenkeel.amqp.ConnectionBed.B;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.impl.DefaultExceptionHandler;
import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The application may cancel a consumer at any moment: it gets its cancel-ok once, and the consumer never comes back. */
@Timeout(60)
class ConsumerCancelTest {

    private final ConnectionBed bed;
    private final VirtualChannel channel;
    private final List<String> seen = new ArrayList<>();

    ConsumerCancelTest() throws Exception {
        bed = new ConnectionBed();
        channel = bed.channel();
        bed.cluster.queue("q");
    }

    /** Cancels itself in one of its handlers. */
    private final class Selfish extends DefaultConsumer {
        private final String when;
        private boolean cancelled;

        Selfish(Channel channel, String when) {
            super(channel);
            this.when = when;
        }

        private void at(String moment, String tag) {
            seen.add(moment);
            if (moment.equals(when) && !cancelled) {
                cancelled = true;
                try {
                    getChannel().basicCancel(tag);
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            }
        }

        @Override
        public void handleConsumeOk(String tag) {
            at("consumeOk", tag);
        }

        @Override
        public void handleDelivery(String tag, Envelope envelope, AMQP.BasicProperties properties, byte[] body) {
            at("delivery", tag);
        }

        @Override
        public void handleCancelOk(String tag) {
            at("cancelOk", tag);
        }
    }

    private void isGoneForGood() throws Exception {
        assertThat(seen).endsWith("cancelOk").containsOnlyOnce("cancelOk");
        assertThat(channel.consumers().all()).isEmpty();
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        assertThat(bed.cluster.log).doesNotContain("b consume");
    }

    @Test
    void in_its_consume_ok() throws Exception {
        channel.basicConsume("q", true, "", new Selfish(channel, "consumeOk"));
        isGoneForGood();
    }

    @Test
    void in_its_first_delivery_which_comes_before_the_request_returns() throws Exception {
        bed.cluster.publish("q");
        channel.basicConsume("q", true, "", new Selfish(channel, "delivery"));
        assertThat(seen).contains("delivery");
        isGoneForGood();
    }

    @Test
    void while_a_move_starts_it_elsewhere_and_the_new_broker_refuses() throws Exception {
        channel.basicConsume("q", true, "tag", new Selfish(channel, "never"));
        bed.cluster.fault = (broker, operation) -> {
            if (broker.equals(B) && operation.equals("consume")) {
                channel.basicCancel("tag");
                throw new IOException("refused");
            }
        };
        bed.move(B);
        bed.cluster.fault = (any, thing) -> {};
        assertThat(seen).endsWith("cancelOk").containsOnlyOnce("cancelOk");
        assertThat(channel.consumers().all()).isEmpty();
        assertThat(bed.raw(A, 1).hasConsumer("tag")).isFalse();
    }

    @Test
    void while_a_move_has_stopped_it_and_the_connection_is_lost_then() throws Exception {
        channel.basicConsume("q", true, "tag", new Selfish(channel, "never"));
        bed.cluster.fault = (broker, operation) -> {
            if (operation.equals("cancel")) {
                bed.cluster.fault = (any, thing) -> {};
                channel.basicCancel("tag");
                bed.cluster.open(A).forEach(connection -> connection.lose(541, "INTERNAL_ERROR"));
            }
        };
        bed.move(B);
        bed.connection.recover(bed.connection.links().dial(ConnectionBed.C, true));
        assertThat(channel.consumers().all()).isEmpty();
        assertThat(bed.cluster.log).doesNotContain("c consume");
    }

    @Test
    void a_consumer_that_began_without_a_limit_has_none_after_a_move() throws Exception {
        bed.cluster.queue("limited");
        channel.basicConsume("q", false, "unlimited", new Selfish(channel, "never"));
        channel.basicQos(3);
        channel.basicConsume("limited", false, "limited", new Selfish(channel, "never"));
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Moved.class);
        assertThat(bed.raw(B, 1).prefetchOf("unlimited")).isZero();
        assertThat(bed.raw(B, 1).prefetchOf("limited")).isEqualTo(3);
        assertThat(bed.raw(B, 1).prefetch()).isEqualTo(3);
    }

    /** It goes on at A behind what is still handled there, also the cancel-ok that the move asked for. */
    @Test
    void while_a_roll_back_starts_it_again_whose_own_cancel_ok_is_still_to_be_handled() throws Exception {
        channel.basicConsume("q", true, "tag", new Selfish(channel, "never"));
        // So that its own prefetch count is set before it is started again.
        channel.basicQos(3);
        FakeChannel raw = bed.raw(A, 1);
        List<String> seenOfTheMove = new ArrayList<>();
        bed.cluster.holdDispatch = true;
        bed.cluster.fault = (broker, operation) -> {
            if (broker.equals(A) && operation.equals("qos") && seenOfTheMove.isEmpty()) {
                channel.basicCancel("tag");
                raw.dispatchAll();
                seenOfTheMove.addAll(seen);
            }
        };
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Postponed.class);
        bed.cluster.holdDispatch = false;
        raw.dispatchAll();
        assertThat(seenOfTheMove).containsExactly("consumeOk");
        assertThat(raw.hasConsumer("tag")).isFalse();
        isGoneForGood();
    }

    /** The application's connection goes on at A. */
    @Test
    void at_a_new_broker_that_is_lost_before_it_answers() throws Exception {
        bed.cluster.queue("other");
        channel.basicConsume("q", true, "tag", new Selfish(channel, "never"));
        VirtualChannel other = bed.channel();
        other.basicConsume("other", true, "other", new DefaultConsumer(other));
        bed.cluster.fault = (broker, operation) -> {
            if (broker.equals(B) && operation.equals("consume") && bed.raw(B, 1).hasConsumer("tag")) {
                bed.cluster.fault = (silent, request) -> {
                    if (silent.equals(B) && request.equals("cancel")) {
                        bed.cluster.open(B).forEach(lost -> lost.lose(541, "INTERNAL_ERROR"));
                    }
                };
                channel.basicCancel("tag");
            }
        };
        assertThat(bed.move(B)).isInstanceOf(MoveOutcome.Failed.class);
        assertThat(bed.at()).isEqualTo(A);
        assertThat(bed.raw(A, 1).hasConsumer("tag")).isFalse();
        assertThat(bed.raw(A, 2).hasConsumer("other")).isTrue();
        assertThat(seen).containsExactly("consumeOk", "cancelOk");
        assertThat(channel.consumers().all()).isEmpty();
    }

    @Test
    void while_a_move_has_stopped_it_and_its_handler_throws() throws Exception {
        List<String> failures = new ArrayList<>();
        bed.dialer.exceptions = new DefaultExceptionHandler() {
            @Override
            public void handleConsumerException(
                    Channel at, Throwable failure, Consumer consumer, String consumerTag, String method) {
                failures.add(consumerTag + " " + method + " " + (at == channel) + " " + failure.getMessage());
            }
        };
        channel.basicConsume("q", true, "tag", new DefaultConsumer(channel) {
            @Override
            public void handleCancelOk(String consumerTag) {
                throw new IllegalStateException("a handler that fails");
            }
        });
        bed.cluster.fault = (broker, operation) -> {
            if (broker.equals(B) && operation.equals("consume")) {
                channel.basicCancel("tag");
                throw new IOException("refused");
            }
        };
        bed.move(B);
        assertThat(failures).containsExactly("tag handleCancelOk true a handler that fails");
    }

    @Test
    void while_it_is_being_stopped_and_its_broker_is_lost_before_it_answers() throws Exception {
        channel.basicConsume("q", true, "tag", new Selfish(channel, "never"));
        bed.cluster.fault = (broker, operation) -> {
            if (operation.equals("cancel")) {
                bed.cluster.fault = (any, thing) -> {};
                channel.basicCancel("tag");
                bed.cluster.open(A).forEach(lost -> lost.lose(541, "INTERNAL_ERROR"));
            }
        };
        bed.move(B);
        bed.connection.recover(bed.connection.links().dial(ConnectionBed.C, true));
        assertThat(seen).containsExactly("consumeOk", "cancelOk");
        assertThat(channel.consumers().all()).isEmpty();
        assertThat(bed.cluster.log).doesNotContain("c consume");
    }

    @Test
    void on_a_channel_that_is_lost_it_is_refused_and_its_consumer_is_shut_down_once() throws Exception {
        ConnectionBed.Recorder consumer = bed.consume(channel, "q");
        bed.cluster.open(A).forEach(lost -> lost.lose(541, "INTERNAL_ERROR"));
        assertThatThrownBy(() -> channel.basicCancel("tag-q")).isInstanceOf(AlreadyClosedException.class);
        bed.connection.recover(bed.connection.links().dial(B, true));
        assertThat(bed.told).containsOnlyOnce("consumer shutdown tag-q").doesNotContain("cancelOk tag-q");
        assertThat(bed.cluster.log).doesNotContain("b consume");
        assertThat(consumer.messages).isEmpty();
    }

    @Test
    void a_consumer_has_the_tag_that_it_asked_for_or_the_brokers() throws Exception {
        assertThat(channel.basicConsume("q", true, "mine", new DefaultConsumer(channel)))
                .isEqualTo("mine");
        String given = channel.basicConsume("q", new DefaultConsumer(channel));
        assertThat(given).startsWith("amq.ctag-");
        channel.basicCancel(given);
        channel.basicCancel("mine");
    }

    @Test
    void a_tag_that_is_not_known_is_refused_as_by_the_plain_client() {
        assertThatThrownBy(() -> channel.basicCancel("other"))
                .isInstanceOf(IOException.class)
                .hasMessage("Unknown consumerTag");
    }
}
