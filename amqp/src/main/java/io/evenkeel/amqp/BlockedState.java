package io.evenkeel.amqp;

import com.rabbitmq.client.BlockedListener;
import com.rabbitmq.client.ExceptionHandler;
import io.evenkeel.spi.Guard;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the application knows of the broker's alarms. Each link notes whether its broker blocks it; listeners are called
 * for the link in use alone, blocked and unblocked in turn, also when a move or a recovery changes the link.
 * Thread-safe.
 */
final class BlockedState {

    private final VirtualConnection connection;
    private final Supplier<ExceptionHandler> exceptions;
    private final Guard guard;
    private final List<BlockedListener> listeners = new CopyOnWriteArrayList<>();
    /** Calls of {@link #update} that one thread has to work off. */
    private final AtomicInteger updates = new AtomicInteger();
    /** Of the thread that works them off. */
    private boolean shown;

    BlockedState(VirtualConnection connection, Supplier<ExceptionHandler> exceptions, Guard guard) {
        this.connection = connection;
        this.exceptions = exceptions;
        this.guard = guard;
    }

    List<BlockedListener> listeners() {
        return listeners;
    }

    /** The link in use, or whether it is blocked, has changed. */
    void update() {
        if (updates.getAndIncrement() != 0) {
            return;
        }
        do {
            show(connection.current().blockedFor());
        } while (updates.decrementAndGet() != 0);
    }

    private void show(@Nullable String reason) {
        boolean blocked = reason != null;
        if (blocked == shown) {
            return;
        }
        shown = blocked;
        for (BlockedListener listener : listeners) {
            try {
                if (reason != null) {
                    listener.handleBlocked(reason);
                } else {
                    listener.handleUnblocked();
                }
            } catch (Throwable failure) {
                guard.run(
                        "ExceptionHandler.handleBlockedListenerException",
                        connection.current().endpoint(),
                        () -> exceptions.get().handleBlockedListenerException(connection, failure));
            }
        }
    }
}
