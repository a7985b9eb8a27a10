package io.evenkeel.amqp;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.ExceptionHandler;
import com.rabbitmq.client.TopologyRecoveryException;

/**
 * Tells the application's exception handler of virtual connections, channels and its own consumers, not of raw ones.
 */
final class ForwardingExceptionHandler implements ExceptionHandler {

    private final VirtualConnection connection;
    private final ExceptionHandler handler;

    ForwardingExceptionHandler(VirtualConnection connection, ExceptionHandler handler) {
        this.connection = connection;
        this.handler = handler;
    }

    private Channel own(Channel raw) {
        VirtualChannel channel = connection.channel(raw.getChannelNumber());
        return channel == null ? raw : channel;
    }

    private static Consumer own(Consumer consumer) {
        return consumer instanceof EpochConsumer wrapper ? wrapper.record().consumer() : consumer;
    }

    @Override
    public void handleUnexpectedConnectionDriverException(Connection raw, Throwable failure) {
        handler.handleUnexpectedConnectionDriverException(connection, failure);
    }

    @Override
    public void handleReturnListenerException(Channel raw, Throwable failure) {
        handler.handleReturnListenerException(own(raw), failure);
    }

    @Override
    public void handleConfirmListenerException(Channel raw, Throwable failure) {
        handler.handleConfirmListenerException(own(raw), failure);
    }

    @Override
    public void handleBlockedListenerException(Connection raw, Throwable failure) {
        handler.handleBlockedListenerException(connection, failure);
    }

    @Override
    public void handleConsumerException(
            Channel raw, Throwable failure, Consumer consumer, String consumerTag, String methodName) {
        handler.handleConsumerException(own(raw), failure, own(consumer), consumerTag, methodName);
    }

    @Override
    public void handleConnectionRecoveryException(Connection raw, Throwable failure) {
        handler.handleConnectionRecoveryException(connection, failure);
    }

    @Override
    public void handleChannelRecoveryException(Channel raw, Throwable failure) {
        handler.handleChannelRecoveryException(own(raw), failure);
    }

    @Override
    public void handleTopologyRecoveryException(Connection raw, Channel channel, TopologyRecoveryException failure) {
        handler.handleTopologyRecoveryException(connection, own(channel), failure);
    }
}
