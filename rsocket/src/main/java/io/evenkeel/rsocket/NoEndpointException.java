package io.evenkeel.rsocket;

import org.jspecify.annotations.Nullable;

/** There was no connection, or no lease, for the request within the time it may wait. It was never sent. */
public final class NoEndpointException extends EvenkeelRSocketException {

    private static final long serialVersionUID = 1L;

    /** What there was none of. */
    public enum Reason {
        /** The source has named no endpoint that can be used. */
        NONE_KNOWN,
        /** Endpoints are known, and none is connected. */
        NONE_CONNECTED,
        /** There are connections, and no server grants a request: their leases are used up, over or not there yet. */
        NO_LEASE,
        /** All endpoints are left out because they failed. */
        ALL_EJECTED,
        /** So many requests wait already that this one may not. */
        TOO_MANY_WAITING
    }

    private final Reason reason;

    NoEndpointException(Reason reason, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    NoEndpointException copy() {
        return new NoEndpointException(reason, String.valueOf(getMessage()), getCause());
    }

    /** What there was none of. */
    public Reason reason() {
        return reason;
    }

    @Override
    public boolean neverSent() {
        return true;
    }
}
