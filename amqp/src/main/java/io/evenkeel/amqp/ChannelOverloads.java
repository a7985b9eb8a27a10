package io.evenkeel.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.BuiltinExchangeType;
import com.rabbitmq.client.CancelCallback;
import com.rabbitmq.client.ConfirmCallback;
import com.rabbitmq.client.ConfirmListener;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.ConsumerShutdownSignalCallback;
import com.rabbitmq.client.DeliverCallback;
import com.rabbitmq.client.RecoverableChannel;
import com.rabbitmq.client.ReturnCallback;
import com.rabbitmq.client.ReturnListener;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The convenient forms of a channel's operations, each in terms of the one that says everything. What is left abstract
 * is what a channel does.
 */
abstract class ChannelOverloads implements RecoverableChannel {

    @Override
    public void close() throws IOException, TimeoutException {
        close(AMQP.REPLY_SUCCESS, "OK");
    }

    @Override
    public void abort() throws IOException {
        abort(AMQP.REPLY_SUCCESS, "OK");
    }

    @Override
    public ReturnListener addReturnListener(ReturnCallback callback) {
        ReturnListener listener = (code, text, exchange, routingKey, properties, body) ->
                callback.handle(new com.rabbitmq.client.Return(code, text, exchange, routingKey, properties, body));
        addReturnListener(listener);
        return listener;
    }

    @Override
    public ConfirmListener addConfirmListener(ConfirmCallback acks, ConfirmCallback nacks) {
        ConfirmListener listener = new ConfirmListener() {
            @Override
            public void handleAck(long number, boolean multiple) throws IOException {
                acks.handle(number, multiple);
            }

            @Override
            public void handleNack(long number, boolean multiple) throws IOException {
                nacks.handle(number, multiple);
            }
        };
        addConfirmListener(listener);
        return listener;
    }

    @Override
    public void basicQos(int prefetchCount, boolean global) throws IOException {
        basicQos(0, prefetchCount, global);
    }

    @Override
    public void basicQos(int prefetchCount) throws IOException {
        basicQos(0, prefetchCount, false);
    }

    @Override
    public void basicPublish(String exchange, String routingKey, AMQP.BasicProperties properties, byte[] body)
            throws IOException {
        basicPublish(exchange, routingKey, false, false, properties, body);
    }

    @Override
    public void basicPublish(
            String exchange, String routingKey, boolean mandatory, AMQP.BasicProperties properties, byte[] body)
            throws IOException {
        basicPublish(exchange, routingKey, mandatory, false, properties, body);
    }

    @Override
    public AMQP.Exchange.DeclareOk exchangeDeclare(String exchange, String type) throws IOException {
        return exchangeDeclare(exchange, type, false, false, false, null);
    }

    @Override
    public AMQP.Exchange.DeclareOk exchangeDeclare(String exchange, String type, boolean durable) throws IOException {
        return exchangeDeclare(exchange, type, durable, false, false, null);
    }

    @Override
    public AMQP.Exchange.DeclareOk exchangeDeclare(
            String exchange, String type, boolean durable, boolean autoDelete, @Nullable Map<String, Object> arguments)
            throws IOException {
        return exchangeDeclare(exchange, type, durable, autoDelete, false, arguments);
    }

    @Override
    public AMQP.Exchange.DeclareOk exchangeDeclare(String exchange, BuiltinExchangeType type) throws IOException {
        return exchangeDeclare(exchange, type.getType(), false, false, false, null);
    }

    @Override
    public AMQP.Exchange.DeclareOk exchangeDeclare(String exchange, BuiltinExchangeType type, boolean durable)
            throws IOException {
        return exchangeDeclare(exchange, type.getType(), durable, false, false, null);
    }

    @Override
    public AMQP.Exchange.DeclareOk exchangeDeclare(
            String exchange,
            BuiltinExchangeType type,
            boolean durable,
            boolean autoDelete,
            @Nullable Map<String, Object> arguments)
            throws IOException {
        return exchangeDeclare(exchange, type.getType(), durable, autoDelete, false, arguments);
    }

    @Override
    public AMQP.Exchange.DeclareOk exchangeDeclare(
            String exchange,
            BuiltinExchangeType type,
            boolean durable,
            boolean autoDelete,
            boolean internal,
            @Nullable Map<String, Object> arguments)
            throws IOException {
        return exchangeDeclare(exchange, type.getType(), durable, autoDelete, internal, arguments);
    }

    @Override
    public void exchangeDeclareNoWait(
            String exchange,
            BuiltinExchangeType type,
            boolean durable,
            boolean autoDelete,
            boolean internal,
            @Nullable Map<String, Object> arguments)
            throws IOException {
        exchangeDeclareNoWait(exchange, type.getType(), durable, autoDelete, internal, arguments);
    }

    @Override
    public AMQP.Exchange.DeleteOk exchangeDelete(String exchange) throws IOException {
        return exchangeDelete(exchange, false);
    }

    @Override
    public AMQP.Exchange.BindOk exchangeBind(String destination, String source, String routingKey) throws IOException {
        return exchangeBind(destination, source, routingKey, null);
    }

    @Override
    public AMQP.Exchange.UnbindOk exchangeUnbind(String destination, String source, String routingKey)
            throws IOException {
        return exchangeUnbind(destination, source, routingKey, null);
    }

    @Override
    public AMQP.Queue.DeclareOk queueDeclare() throws IOException {
        return queueDeclare("", false, true, true, null);
    }

    @Override
    public AMQP.Queue.DeleteOk queueDelete(String queue) throws IOException {
        return queueDelete(queue, false, false);
    }

    @Override
    public AMQP.Queue.BindOk queueBind(String queue, String exchange, String routingKey) throws IOException {
        return queueBind(queue, exchange, routingKey, null);
    }

    @Override
    public AMQP.Queue.UnbindOk queueUnbind(String queue, String exchange, String routingKey) throws IOException {
        return queueUnbind(queue, exchange, routingKey, null);
    }

    @Override
    public AMQP.Basic.RecoverOk basicRecover() throws IOException {
        return basicRecover(true);
    }

    @Override
    public String basicConsume(String queue, Consumer callback) throws IOException {
        return basicConsume(queue, false, "", false, false, null, callback);
    }

    @Override
    public String basicConsume(String queue, DeliverCallback deliver, CancelCallback cancel) throws IOException {
        return basicConsume(queue, false, "", false, false, null, new CallbackConsumer(deliver, cancel, null));
    }

    @Override
    public String basicConsume(String queue, DeliverCallback deliver, ConsumerShutdownSignalCallback shutdown)
            throws IOException {
        return basicConsume(queue, false, "", false, false, null, new CallbackConsumer(deliver, null, shutdown));
    }

    @Override
    public String basicConsume(
            String queue, DeliverCallback deliver, CancelCallback cancel, ConsumerShutdownSignalCallback shutdown)
            throws IOException {
        return basicConsume(queue, false, "", false, false, null, new CallbackConsumer(deliver, cancel, shutdown));
    }

    @Override
    public String basicConsume(String queue, boolean autoAck, Consumer callback) throws IOException {
        return basicConsume(queue, autoAck, "", false, false, null, callback);
    }

    @Override
    public String basicConsume(String queue, boolean autoAck, DeliverCallback deliver, CancelCallback cancel)
            throws IOException {
        return basicConsume(queue, autoAck, "", false, false, null, new CallbackConsumer(deliver, cancel, null));
    }

    @Override
    public String basicConsume(
            String queue, boolean autoAck, DeliverCallback deliver, ConsumerShutdownSignalCallback shutdown)
            throws IOException {
        return basicConsume(queue, autoAck, "", false, false, null, new CallbackConsumer(deliver, null, shutdown));
    }

    @Override
    public String basicConsume(
            String queue,
            boolean autoAck,
            DeliverCallback deliver,
            CancelCallback cancel,
            ConsumerShutdownSignalCallback shutdown)
            throws IOException {
        return basicConsume(queue, autoAck, "", false, false, null, new CallbackConsumer(deliver, cancel, shutdown));
    }

    @Override
    public String basicConsume(
            String queue, boolean autoAck, @Nullable Map<String, Object> arguments, Consumer callback)
            throws IOException {
        return basicConsume(queue, autoAck, "", false, false, arguments, callback);
    }

    @Override
    public String basicConsume(
            String queue,
            boolean autoAck,
            @Nullable Map<String, Object> arguments,
            DeliverCallback deliver,
            CancelCallback cancel)
            throws IOException {
        return basicConsume(queue, autoAck, "", false, false, arguments, new CallbackConsumer(deliver, cancel, null));
    }

    @Override
    public String basicConsume(
            String queue,
            boolean autoAck,
            @Nullable Map<String, Object> arguments,
            DeliverCallback deliver,
            ConsumerShutdownSignalCallback shutdown)
            throws IOException {
        return basicConsume(queue, autoAck, "", false, false, arguments, new CallbackConsumer(deliver, null, shutdown));
    }

    @Override
    public String basicConsume(
            String queue,
            boolean autoAck,
            @Nullable Map<String, Object> arguments,
            DeliverCallback deliver,
            CancelCallback cancel,
            ConsumerShutdownSignalCallback shutdown)
            throws IOException {
        return basicConsume(
                queue, autoAck, "", false, false, arguments, new CallbackConsumer(deliver, cancel, shutdown));
    }

    @Override
    public String basicConsume(String queue, boolean autoAck, String consumerTag, Consumer callback)
            throws IOException {
        return basicConsume(queue, autoAck, consumerTag, false, false, null, callback);
    }

    @Override
    public String basicConsume(
            String queue, boolean autoAck, String consumerTag, DeliverCallback deliver, CancelCallback cancel)
            throws IOException {
        return basicConsume(
                queue, autoAck, consumerTag, false, false, null, new CallbackConsumer(deliver, cancel, null));
    }

    @Override
    public String basicConsume(
            String queue,
            boolean autoAck,
            String consumerTag,
            DeliverCallback deliver,
            ConsumerShutdownSignalCallback shutdown)
            throws IOException {
        return basicConsume(
                queue, autoAck, consumerTag, false, false, null, new CallbackConsumer(deliver, null, shutdown));
    }

    @Override
    public String basicConsume(
            String queue,
            boolean autoAck,
            String consumerTag,
            DeliverCallback deliver,
            CancelCallback cancel,
            ConsumerShutdownSignalCallback shutdown)
            throws IOException {
        return basicConsume(
                queue, autoAck, consumerTag, false, false, null, new CallbackConsumer(deliver, cancel, shutdown));
    }

    @Override
    public String basicConsume(
            String queue,
            boolean autoAck,
            String consumerTag,
            boolean noLocal,
            boolean exclusive,
            @Nullable Map<String, Object> arguments,
            DeliverCallback deliver,
            CancelCallback cancel)
            throws IOException {
        return basicConsume(
                queue,
                autoAck,
                consumerTag,
                noLocal,
                exclusive,
                arguments,
                new CallbackConsumer(deliver, cancel, null));
    }

    @Override
    public String basicConsume(
            String queue,
            boolean autoAck,
            String consumerTag,
            boolean noLocal,
            boolean exclusive,
            @Nullable Map<String, Object> arguments,
            DeliverCallback deliver,
            ConsumerShutdownSignalCallback shutdown)
            throws IOException {
        return basicConsume(
                queue,
                autoAck,
                consumerTag,
                noLocal,
                exclusive,
                arguments,
                new CallbackConsumer(deliver, null, shutdown));
    }

    @Override
    public String basicConsume(
            String queue,
            boolean autoAck,
            String consumerTag,
            boolean noLocal,
            boolean exclusive,
            @Nullable Map<String, Object> arguments,
            DeliverCallback deliver,
            CancelCallback cancel,
            ConsumerShutdownSignalCallback shutdown)
            throws IOException {
        return basicConsume(
                queue,
                autoAck,
                consumerTag,
                noLocal,
                exclusive,
                arguments,
                new CallbackConsumer(deliver, cancel, shutdown));
    }

    @Override
    public boolean waitForConfirms() throws InterruptedException {
        try {
            return waitForConfirms(0);
        } catch (TimeoutException e) {
            throw new IllegalStateException("waitForConfirms without a time-out ended by one", e);
        }
    }

    @Override
    public void waitForConfirmsOrDie() throws IOException, InterruptedException {
        try {
            waitForConfirmsOrDie(0);
        } catch (TimeoutException e) {
            throw new IllegalStateException("waitForConfirmsOrDie without a time-out ended by one", e);
        }
    }

    @Override
    public long messageCount(String queue) throws IOException {
        return queueDeclarePassive(queue).getMessageCount();
    }

    @Override
    public long consumerCount(String queue) throws IOException {
        return queueDeclarePassive(queue).getConsumerCount();
    }

    /** A consumer of callbacks, any of which may be missing. */
    private record CallbackConsumer(
            DeliverCallback deliver,
            @Nullable CancelCallback cancel,
            @Nullable ConsumerShutdownSignalCallback shutdown) implements Consumer {

        @Override
        public void handleConsumeOk(String consumerTag) {}

        @Override
        public void handleCancelOk(String consumerTag) {}

        @Override
        public void handleCancel(String consumerTag) throws IOException {
            if (cancel != null) {
                cancel.handle(consumerTag);
            }
        }

        @Override
        public void handleShutdownSignal(String consumerTag, com.rabbitmq.client.ShutdownSignalException signal) {
            if (shutdown != null) {
                shutdown.handleShutdownSignal(consumerTag, signal);
            }
        }

        @Override
        public void handleRecoverOk(String consumerTag) {}

        @Override
        public void handleDelivery(
                String consumerTag, com.rabbitmq.client.Envelope envelope, AMQP.BasicProperties properties, byte[] body)
                throws IOException {
            deliver.handle(consumerTag, new com.rabbitmq.client.Delivery(envelope, properties, body));
        }
    }
}
