package io.evenkeel.rsocket;

import io.evenkeel.endpoint.Endpoint;
import io.rsocket.RSocket;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Connects to a Pod. */
@FunctionalInterface
interface Dial {

    /**
     * Connects.
     *
     * @param done is told the RSocket or why there is none, once, on any thread
     */
    void dial(Endpoint endpoint, PodConnection connection, BiConsumer<@Nullable RSocket, @Nullable Throwable> done);
}
