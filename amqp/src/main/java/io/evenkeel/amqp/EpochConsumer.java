package io.evenkeel.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.ShutdownSignalException;
import java.io.IOException;

/**
 * What is registered with a raw channel in the place of the application's consumer. It translates tags and keeps what moves
 * do to itself. The raw channel calls it on one thread at a time, in the order of what came.
 */
final class EpochConsumer implements Consumer {

    private final VirtualChannel owner;
    private final ConsumerRecord record;
    private final RawChannel raw;
    private final Epochs.Epoch epoch;
    /** Whether the application is to hear that it consumes: not after a move. */
    private final boolean announced;

    EpochConsumer(VirtualChannel owner, ConsumerRecord record, Epochs.Epoch epoch, boolean announced) {
        this.owner = owner;
        this.record = record;
        this.raw = epoch.raw();
        this.epoch = epoch;
        this.announced = announced;
    }

    ConsumerRecord record() {
        return record;
    }

    RawChannel raw() {
        return raw;
    }

    @Override
    public void handleConsumeOk(String consumerTag) {
        if (announced) {
            owner.consumers().started(record, consumerTag);
        }
        // Where the broker that it began at is lost before its consume-ok was handled, that of the next comes first.
        if (record.takeFirstOk() || (announced && record.isCurrent(this))) {
            record.consumer().handleConsumeOk(consumerTag);
        }
    }

    @Override
    public void handleCancelOk(String consumerTag) {
        if (!record.isCurrent(this)) {
            return;
        }
        if (record.paused()) {
            owner.consumerChanged();
        } else if (record.isEnded()) {
            owner.consumers().ended(record);
            owner.consumerChanged();
            record.consumer().handleCancelOk(consumerTag);
        }
    }

    @Override
    public void handleCancel(String consumerTag) throws IOException {
        // The broker did: the queue is gone, for one. Also while a move cancels it, which then finds nothing to cancel.
        if (record.isCurrent(this) && record.end() != ConsumerRecord.State.ENDED) {
            owner.consumers().ended(record);
            owner.consumerChanged();
            record.consumer().handleCancel(consumerTag);
        }
    }

    @Override
    public void handleShutdownSignal(String consumerTag, ShutdownSignalException signal) {
        if (record.isCurrent(this)) {
            owner.rawConsumerShutDown(record, signal);
        }
    }

    @Override
    public void handleRecoverOk(String consumerTag) {
        record.consumer().handleRecoverOk(consumerTag);
    }

    @Override
    public void handleDelivery(String consumerTag, Envelope envelope, AMQP.BasicProperties properties, byte[] body)
            throws IOException {
        long tag = envelope.getDeliveryTag();
        if (!raw.delivered(tag, record.autoAck()) && !record.autoAck()) {
            // Was still waiting to be handled when the connection was lost; it comes again.
            return;
        }
        if (record.isReplyTo()) {
            raw.replied();
        }
        record.read(properties);
        long seen = epoch.toVirtual(tag);
        Envelope shown = seen == tag
                ? envelope
                : new Envelope(seen, envelope.isRedeliver(), envelope.getExchange(), envelope.getRoutingKey());
        record.consumer().handleDelivery(consumerTag, shown, properties, body);
    }
}
