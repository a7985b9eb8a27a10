package io.evenkeel.rsocket;

import io.evenkeel.status.Diagnosed;
import io.evenkeel.status.Diagnosis;
import org.jspecify.annotations.Nullable;

/** There was no connection, or no lease, for the request within the time it may wait. It was never sent. */
public final class NoEndpointException extends EvenkeelRSocketException implements Diagnosed {

    private static final long serialVersionUID = 1L;

    /** Why no connection was available. */
    public enum Reason {
        /** The source has named no endpoint that can be used. */
        NONE_KNOWN,
        /** Endpoints are known, and none is connected. */
        NONE_CONNECTED,
        /** There are connections, and no server grants a request: their leases are used up, over or not there yet. */
        NO_LEASE,
        /** All endpoints are ejected because they failed. */
        ALL_EJECTED,
        /** So many requests wait already that this one may not. */
        TOO_MANY_WAITING
    }

    private final Reason reason;
    private final transient @Nullable Diagnosis diagnosis;

    NoEndpointException(Reason reason, String message, @Nullable Throwable cause) {
        this(reason, message, cause, null);
    }

    NoEndpointException(Reason reason, String message, @Nullable Throwable cause, @Nullable Diagnosis diagnosis) {
        super(message, cause);
        this.reason = reason;
        this.diagnosis = diagnosis;
    }

    NoEndpointException copy() {
        return new NoEndpointException(reason, String.valueOf(getMessage()), getCause(), diagnosis);
    }

    /** What was wrong, with the pool's status; null if too many requests wait, and after serialization. */
    @Override
    public @Nullable Diagnosis diagnosis() {
        return diagnosis;
    }

    /** Why no connection was available. */
    public Reason reason() {
        return reason;
    }

    @Override
    public boolean neverSent() {
        return true;
    }
}
