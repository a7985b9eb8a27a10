package io.evenkeel.demo;

/** An act can't be played here. */
public final class ActUnavailableException extends Exception {
    private static final long serialVersionUID = 1;

    /** @param message why, and what to do, for people */
    public ActUnavailableException(String message) {
        super(message);
    }

    /** For the reason that another exception gives. */
    public ActUnavailableException(Exception cause) {
        super(cause.getMessage() == null ? cause.toString() : cause.getMessage(), cause);
    }

    public ActUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}
