package io.evenkeel.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.GetResponse;
import io.evenkeel.amqp.Epochs.Epoch;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The receiving side of one virtual channel: which raw channel delivers, gets, and the settling of what was delivered.
 * Gets and starts of consumers pass a gate, which is closed for the switch to another raw channel alone.
 * Acknowledgements don't: a tag says itself which raw channel it belongs to. Thread-safe.
 */
final class ChannelReceiver {

    private final ShutdownSignals shutdown;
    private final ChannelTransaction transaction;
    private final RawChannels raws;
    private final WriteGate gate;
    private final DeliveryTags tags;
    private final ChannelPrefetch prefetch = new ChannelPrefetch();
    private final AtomicInteger lateDeliveries = new AtomicInteger();

    ChannelReceiver(
            WriteGate gate,
            ShutdownSignals shutdown,
            ChannelTransaction transaction,
            RawChannels raws,
            RawChannel first) {
        this.gate = gate;
        this.shutdown = shutdown;
        this.transaction = transaction;
        this.raws = raws;
        this.tags = new DeliveryTags(first);
    }

    /** What receives; must be entered to start a consumer. */
    WriteGate gate() {
        return gate;
    }

    ChannelPrefetch prefetch() {
        return prefetch;
    }

    Epoch epoch() {
        return tags.current();
    }

    /** Where it is received. */
    RawChannel raw() {
        return tags.current().raw();
    }

    /** The application's tag for one that a raw channel's broker complains of. */
    long shown(RawChannel raw, long rawTag) {
        return tags.shown(raw, rawTag);
    }

    int epochs() {
        return tags.epochs();
    }

    /** How many deliveries came after their consumers were cancelled. */
    int lateDeliveries() {
        return lateDeliveries.get();
    }

    /** A delivery that came late, as the application sees it; null if it is received elsewhere by now. */
    @Nullable
    Envelope delivered(RawChannel raw, Envelope envelope, boolean settled) {
        Epoch epoch;
        gate.enter();
        try {
            epoch = tags.current();
            if (epoch.raw() != raw || !raw.delivered(envelope.getDeliveryTag(), settled)) {
                return null;
            }
            lateDeliveries.incrementAndGet();
        } finally {
            gate.exit();
        }
        return seen(epoch, envelope);
    }

    private static Envelope seen(Epoch epoch, Envelope envelope) {
        return new Envelope(
                epoch.toVirtual(envelope.getDeliveryTag()),
                envelope.isRedeliver(),
                envelope.getExchange(),
                envelope.getRoutingKey());
    }

    /**
     * Receives on another raw channel from now on; consumers stay paused.
     *
     * @param paused whether nothing consumes
     * @return false if an operation under way did not end in time, or a consumer was started meanwhile
     */
    boolean receiveOn(RawChannel to, BooleanSupplier paused) throws IOException, InterruptedException {
        if (to.isLost()) {
            throw new IOException(to + ": gone (expected: open, to receive on)");
        }
        try {
            if (!gate.close(WriteGate.SWITCH_NANOS) || !gate.seal(WriteGate.SWITCH_NANOS) || !paused.getAsBoolean()) {
                return false;
            }
            begin(to);
        } finally {
            gate.open();
        }
        prefetch.apply(to);
        return true;
    }

    /** Receives there from now on; the gate is sealed, and nothing more is delivered elsewhere. */
    void begin(RawChannel to) {
        if (raw().isLost()) {
            tags.beginAfterLoss(to);
        } else {
            tags.begin(to);
        }
    }

    void forget(RawChannel raw, boolean wasLost) {
        tags.forget(raw, wasLost);
    }

    // What the application asks for.

    void basicQos(int size, int count, boolean global) throws IOException {
        gate.enter();
        try {
            prefetch.set(raw(), size, count, global);
        } finally {
            gate.exit();
        }
    }

    @Nullable
    GetResponse basicGet(String queue, boolean autoAck) throws IOException {
        gate.enter();
        try {
            Epoch epoch = tags.current();
            GetResponse got = epoch.raw().channel().basicGet(queue, autoAck);
            if (got == null) {
                return null;
            }
            epoch.raw().delivered(got.getEnvelope().getDeliveryTag(), autoAck);
            return new GetResponse(
                    seen(epoch, got.getEnvelope()), got.getProps(), got.getBody(), got.getMessageCount());
        } finally {
            gate.exit();
        }
    }

    void settle(long deliveryTag, boolean multiple, HeldAcks.Settlement verdict) throws IOException {
        transaction.join();
        tags.settle(deliveryTag, multiple, (raw, tag, all) -> {
            // While a move is taken back whose new broker is gone: the message comes again.
            if (!raw.isLost() || !shutdown.isOpen()) {
                raw.settle(tag, all, verdict);
            }
        });
    }

    AMQP.Basic.RecoverOk basicRecover(boolean requeue) throws IOException {
        gate.enter();
        try {
            RawChannel current = raw();
            for (RawChannel raw : raws.all()) {
                if (raw != current && !raw.isLost() && raw.unsettled() > 0) {
                    raw.recovered();
                    raw.channel().basicRecover(requeue);
                }
            }
            current.recovered();
            return current.channel().basicRecover(requeue);
        } finally {
            gate.exit();
        }
    }
}
