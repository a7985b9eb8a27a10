package io.evenkeel.amqp;

import com.rabbitmq.client.ShutdownSignalException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The end of a consumer with its channel, of which the application is notified once, by whichever of the consumer's
 * registrations finds first that nothing of it follows. Thread-safe.
 */
final class ChannelDown {

    private final ShutdownSignalException signal;
    private final AtomicBoolean told = new AtomicBoolean();

    ChannelDown(ShutdownSignalException signal) {
        this.signal = signal;
    }

    /** Whether it is of this shutdown, which has a signal of its own. */
    boolean isOf(ShutdownSignalException other) {
        return signal.equals(other);
    }

    /** For the one that notifies the application; null for all others. */
    @Nullable
    ShutdownSignalException take() {
        return told.compareAndSet(false, true) ? signal : null;
    }
}
