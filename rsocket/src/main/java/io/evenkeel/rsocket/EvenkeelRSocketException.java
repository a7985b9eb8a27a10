package io.evenkeel.rsocket;

import org.jspecify.annotations.Nullable;

/**
 * Why a request failed on our side of the application: it had no connection, or lost it. What the server answered, an
 * error included, is passed on as it is.
 */
public abstract sealed class EvenkeelRSocketException extends RuntimeException
        permits NoEndpointException, ConnectionLostException, DrainDeadlineException, ClientClosedException {

    private static final long serialVersionUID = 1L;

    EvenkeelRSocketException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /** Whether the request certainly never reached a server, so that sending it again is safe for any request. */
    public abstract boolean neverSent();
}
