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
 * The default consumer of every raw channel, for what comes after its consumer was cancelled: a quorum queue goes on to
 * deliver what it had assigned to it. While the channel still receives here, the consumer that a move has stopped gets
 * it; after that it is given back. What belongs to no consumer goes to the application's own default consumer, if it
 * has set one. Without any, the client would close the connection.
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
        ConsumerRecord record = owner.consumers().stopped(consumerTag);
        Consumer own = record == null ? owner.consumers().defaultConsumer() : record.consumer();
        boolean settled = record != null && record.autoAck();
        Envelope seen = own == null ? null : owner.receiver().delivered(raw, envelope, settled);
        if (own != null && seen != null) {
            if (record != null) {
                record.position().read(record.position().of(properties));
            }
            own.handleDelivery(consumerTag, seen, properties, body);
        } else if (!raw.isLost()) {
            LOG.debug("{}: a delivery for consumer {} came late and is given back", owner, consumerTag);
            getChannel().basicReject(envelope.getDeliveryTag(), true);
        }
    }

    @Override
    public void handleCancel(String consumerTag) throws IOException {
        Consumer own = owner.consumers().defaultConsumer();
        if (own != null) {
            own.handleCancel(consumerTag);
        }
    }

    @Override
    public void handleShutdownSignal(String consumerTag, ShutdownSignalException signal) {
        // The client doesn't notify the application's default consumer either.
    }
}
