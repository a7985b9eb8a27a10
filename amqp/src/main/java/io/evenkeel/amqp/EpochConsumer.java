package io.evenkeel.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.ShutdownSignalException;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is registered with a raw channel in the place of the application's consumer. It translates tags and keeps what
 * moves do to itself. The raw channel calls it on one thread at a time, in the order of what came.
 */
final class EpochConsumer implements Consumer {

    private static final Logger LOG = LoggerFactory.getLogger(EpochConsumer.class);

    private final VirtualChannel owner;
    private final ConsumerRecord record;
    private final RawChannel raw;
    private final Epochs.Epoch epoch;
    /** Whether the application is notified that it consumes: not after a move. */
    private final boolean announced;
    /** Null where it does not go on in a stream. */
    private final @Nullable StreamResumption resumption;

    private volatile @Nullable ChannelDown channelDown;
    private volatile boolean registered;
    private volatile boolean rawDown;

    /** For one that begins. */
    EpochConsumer(VirtualChannel owner, ConsumerRecord record, Epochs.Epoch epoch, boolean announced) {
        this(owner, record, epoch, announced, null);
    }

    EpochConsumer(
            VirtualChannel owner,
            ConsumerRecord record,
            Epochs.Epoch epoch,
            boolean announced,
            @Nullable StreamResumption resumption) {
        this.resumption = resumption;
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

    /** What it is to begin with. */
    @Nullable
    Map<String, Object> arguments() {
        return resumption == null ? record.arguments() : StreamPosition.from(resumption.after(), record.arguments());
    }

    /** Whether it goes on in a stream, and nothing of that was delivered yet. */
    boolean isAwaitingStream() {
        return resumption != null && resumption.isAwaited();
    }

    /** The broker has started it: from now on its raw channel says when it ends. */
    void registered() {
        registered = true;
    }

    boolean isRegistered() {
        return registered;
    }

    /** Its channel is shut down for this, and it with it. */
    void channelDown(ChannelDown down) {
        channelDown = down;
    }

    /**
     * Of the channel that it ended with, for the one that notifies the application: once, after what its raw channel
     * delivered was handled, also where that is late and it consumes elsewhere by then.
     */
    @Nullable
    ShutdownSignalException takeShutdown() {
        ChannelDown down = channelDown;
        return down == null ? null : down.take();
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
        if (record.paused(this)) {
            owner.consumerChanged();
        } else if (record.isCurrent(this) && record.isEnded()) {
            ended();
        }
        // Also where a roll-back has started it again by now: its channel may have been shut down before.
        owner.consumers().stoppedAtEnd(record, this);
    }

    /** The application cancelled it, and nothing of it is delivered any more. */
    private void ended() {
        owner.consumers().ended(record);
        owner.consumerChanged();
        if (record.takeEnd()) {
            record.consumer().handleCancelOk(record.tag());
        }
    }

    @Override
    public void handleCancel(String consumerTag) throws IOException {
        // The broker did: the queue is gone, for one. Also while a move cancels it, which then finds nothing to cancel.
        // Also where the application did at the same moment, whose cancel-ok may not come any more.
        if (record.isCurrent(this)) {
            record.end();
            owner.consumers().ended(record);
            owner.consumerChanged();
            if (record.takeEndByBroker()) {
                record.consumer().handleCancel(consumerTag);
            }
        }
    }

    @Override
    public void handleShutdownSignal(String consumerTag, ShutdownSignalException signal) {
        rawDown = true;
        owner.consumers().stoppedAtEnd(record, this);
    }

    /** Whether its raw channel was shut down, after everything that it delivered was handled. */
    boolean isRawDown() {
        return rawDown;
    }

    @Override
    public void handleRecoverOk(String consumerTag) {
        record.consumer().handleRecoverOk(consumerTag);
    }

    @Override
    public void handleDelivery(String consumerTag, Envelope envelope, AMQP.BasicProperties properties, byte[] body)
            throws IOException {
        long tag = envelope.getDeliveryTag();
        long offset = record.position().of(properties);
        if (resumption != null && offset >= 0 && !isNew(resumption, offset)) {
            drop(tag);
            return;
        }
        if (!raw.delivered(tag, record.autoAck()) && !record.autoAck()) {
            // Was still waiting to be handled when the connection was lost; it comes again.
            return;
        }
        if (record.isReplyTo()) {
            raw.replied();
        }
        record.position().read(offset);
        long seen = epoch.toVirtual(tag);
        Envelope shown = seen == tag
                ? envelope
                : new Envelope(seen, envelope.isRedeliver(), envelope.getExchange(), envelope.getRoutingKey());
        record.consumer().handleDelivery(consumerTag, shown, properties, body);
    }

    private boolean isNew(StreamResumption going, long offset) {
        StreamResumption.Verdict verdict = going.of(offset);
        switch (verdict) {
            case BEYOND -> owner.consumers().streams().passedOver(record, this, offset);
            case NEW_BEHIND_GAP ->
                LOG.warn(
                        "{}: stream {} goes on at offset {} for consumer {} (expected: {}): the {} messages between are"
                                + " gone, as the stream's retention removes them",
                        owner,
                        record.queue(),
                        offset,
                        record.tag(),
                        going.after() + 1,
                        offset - going.after() - 1);
            case NEW, DROPPED -> {}
        }
        return verdict == StreamResumption.Verdict.NEW || verdict == StreamResumption.Verdict.NEW_BEHIND_GAP;
    }

    /** Acknowledged, or the broker would take the consumer for one that is stuck; it shows in no book of ours. */
    private void drop(long tag) throws IOException {
        if (record.autoAck()) {
            return;
        }
        try {
            raw.channel().basicAck(tag, false);
        } catch (AlreadyClosedException e) {
            LOG.debug("{}: {} is gone, and what is dropped with it", owner, raw, e);
        }
    }
}
