package io.evenkeel.rsocket;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.Guard;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Calls what is not ours where it may block and throw: neither the control thread nor an event loop waits for it.
 * Thread-safe.
 */
final class ForeignCalls {

    private final Executor executor;
    private final Guard guard;

    ForeignCalls(Executor executor, Guard guard) {
        this.executor = executor;
        this.guard = guard;
    }

    /** Begins the call and doesn't wait for it. If the executor is shut down with the application, it is made here. */
    void run(String kind, @Nullable EndpointKey endpoint, Guard.Step foreign) {
        try {
            executor.execute(() -> guard.run(kind, endpoint, foreign));
        } catch (RejectedExecutionException e) {
            guard.run(kind, endpoint, foreign);
        }
    }
}
