package io.evenkeel.amqp;

import com.rabbitmq.client.ShutdownSignalException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which ends of raw channels are the end of the virtual channel that they carry: not those of a connection, which takes
 * its channels with it, and not those of what a move opened and the application doesn't use yet. Thread-safe.
 */
final class ChannelEnd {

    private static final Logger LOG = LoggerFactory.getLogger(ChannelEnd.class);
    private static final int BASIC_QOS = 10;
    private static final int BASIC_CONSUME = 20;

    private final VirtualChannel owner;
    private final VirtualConnection connection;
    private final RawChannels raws;
    private final ShutdownSignals shutdown;

    ChannelEnd(VirtualChannel owner, VirtualConnection connection, RawChannels raws, ShutdownSignals shutdown) {
        this.owner = owner;
        this.connection = connection;
        this.raws = raws;
        this.shutdown = shutdown;
    }

    /** A raw channel of it was shut down. */
    void rawShutDown(RawChannel raw, ShutdownSignalException signal) {
        // A connection that ends takes its channels with it; the connection sees to them.
        if (signal.isHardError() || !shutdown.isOpen() || !raw.link().isOpen() || !raws.contains(raw)) {
            return;
        }
        boolean unused = raws.on(raw.link()) != raw && owner.sendingOn() != raw;
        if (unused || (connection.isMovingTo(raw.link()) && isOfTheMove(raw, signal))) {
            raw.lose();
            return;
        }
        if (!signal.isInitiatedByApplication()) {
            LOG.info("{}: closed by the broker on {}: {}", owner, raw, signal.getMessage());
        }
        connection.forget(owner);
        owner.shutDown(ShutdownSignals.translated(
                signal, owner, tag -> owner.receiver().shown(raw, tag)));
    }

    /** What the new broker refuses to a move is no fault of the application's, and the move can be taken back. */
    private boolean isOfTheMove(RawChannel raw, ShutdownSignalException signal) {
        boolean prepared = owner.receivingOn() != raw && owner.sendingOn() != raw;
        return prepared || (raw.isBeingResumed() && ShutdownSignals.refuses(signal, BASIC_CONSUME, BASIC_QOS));
    }

    /** The broker may have closed what carries it now, just before it was reopened: then it is shut down for that. */
    void shutDownIfClosed() {
        for (RawChannel raw : List.of(owner.receivingOn(), owner.sendingOn())) {
            ShutdownSignalException signal =
                    raw.channel().isOpen() ? null : raw.channel().getCloseReason();
            if (signal != null) {
                rawShutDown(raw, signal);
            }
        }
    }

    /**
     * Why the raw channel was closed if that is not told yet: a request that the broker answers so returns before, and
     * its caller may ask at once whether the channel can be used again.
     */
    @Nullable
    ShutdownSignalException justEnded() {
        ShutdownSignalException cause = justEnded(owner.receivingOn());
        return cause != null ? cause : justEnded(owner.sendingOn());
    }

    private @Nullable ShutdownSignalException justEnded(RawChannel raw) {
        if (raw.channel().isOpen() || raw.isLost() || !raw.link().isOpen()) {
            return null;
        }
        ShutdownSignalException signal = raw.channel().getCloseReason();
        boolean tellsUs = signal != null
                && !signal.isHardError()
                && !(connection.isMovingTo(raw.link()) && isOfTheMove(raw, signal));
        return tellsUs
                ? ShutdownSignals.translated(
                        signal, owner, tag -> owner.receiver().shown(raw, tag))
                : null;
    }
}
