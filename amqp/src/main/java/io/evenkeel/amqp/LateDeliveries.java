package io.evenkeel.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.ShutdownSignalException;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The default consumer of every raw channel: for the application's own, if it has set one. Else a delivery that comes after
 * its consumer was cancelled is given back; without a default consumer the client would close the connection for it.
 */
final class LateDeliveries extends DefaultConsumer {

    private static final Logger LOG = LoggerFactory.getLogger(LateDeliveries.class);

    private final VirtualChannel owner;
    private final RawChannel raw;

    LateDeliveries(VirtualChannel owner, RawChannel raw) {
        super(raw.channel());
        this.owner = owner;
        this.raw = raw;
    }

    @Override
    public void handleDelivery(String consumerTag, Envelope envelope, AMQP.BasicProperties properties, byte[] body)
            throws IOException {
        Consumer own = owner.getDefaultConsumer();
        if (own == null) {
            LOG.debug("{}: a delivery for consumer {} came late and is given back", owner, consumerTag);
            getChannel().basicReject(envelope.getDeliveryTag(), true);
            return;
        }
        Envelope seen = owner.delivered(raw, envelope);
        if (seen != null) {
            own.handleDelivery(consumerTag, seen, properties, body);
        }
    }

    @Override
    public void handleCancel(String consumerTag) throws IOException {
        Consumer own = owner.getDefaultConsumer();
        if (own != null) {
            own.handleCancel(consumerTag);
        }
    }

    @Override
    public void handleShutdownSignal(String consumerTag, ShutdownSignalException signal) {
        // The application's default consumer is told by nobody either.
    }
}
