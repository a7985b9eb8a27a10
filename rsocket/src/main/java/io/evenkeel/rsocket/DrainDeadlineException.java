package io.evenkeel.rsocket;

/** The request was still in flight when the Pod's time to drain was over. May be sent again if it is idempotent. */
public final class DrainDeadlineException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    DrainDeadlineException(String message) {
        super(message);
    }
}
