package io.evenkeel.rsocket;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.time.Scheduler;
import io.rsocket.RSocket;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Connects to a Pod. */
@FunctionalInterface
interface Dial {

    /**
     * Connects. Returns at once: what the application has a part in (transport, set-up payload, interceptors) runs on
     * another thread, and may block there until the time-out.
     *
     * @param done receives the RSocket or why there is none, once, on any thread
     * @return takes the attempt back: then {@code done} is not called, and what comes of it is disposed
     */
    Scheduler.Cancellable dial(
            Endpoint endpoint, PodConnection connection, BiConsumer<@Nullable RSocket, @Nullable Throwable> done);
}
