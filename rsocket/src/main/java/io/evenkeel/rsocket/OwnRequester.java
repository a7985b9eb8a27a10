package io.evenkeel.rsocket;

import io.rsocket.RSocket;
import io.rsocket.core.RSocketConnector;
import io.rsocket.util.RSocketProxy;
import org.jspecify.annotations.Nullable;

/**
 * Finds rsocket-java's own requester beneath the application's interceptors. It can only be seen while they are put
 * around it: the connector applies all of them, one after another on one thread, so a first one of ours sees the
 * requester and a last one of ours marks what the others have made of it.
 */
final class OwnRequester {

    private OwnRequester() {}

    /** What the interceptors have made of it. */
    private static final class Marked extends RSocketProxy {
        private final RSocket requester;

        Marked(RSocket intercepted, RSocket requester) {
            super(intercepted);
            this.requester = requester;
        }

        RSocket intercepted() {
            return source;
        }
    }

    /** Marks all that this connector makes from now on. */
    static void mark(RSocketConnector connector) {
        // If an interceptor throws, it is left until the same thread connects again, which sets it anew.
        ThreadLocal<@Nullable RSocket> made = new ThreadLocal<>();
        connector.interceptors(registry -> registry.forRequester(interceptors -> {
            interceptors.add(0, requester -> {
                made.set(requester);
                return requester;
            });
            interceptors.add(intercepted -> {
                RSocket requester = made.get();
                made.remove();
                return requester == null ? intercepted : new Marked(intercepted, requester);
            });
        }));
    }

    /** The requester of what a connector has made; the same if it is not marked. */
    static RSocket of(RSocket made) {
        return made instanceof Marked marked ? marked.requester : made;
    }

    /** What a connector has made, without the mark. */
    static RSocket unmarked(RSocket made) {
        return made instanceof Marked marked ? marked.intercepted() : made;
    }
}
