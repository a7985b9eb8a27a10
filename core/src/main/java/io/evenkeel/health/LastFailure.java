package io.evenkeel.health;

import java.util.Objects;

/**
 * An endpoint's last failure, whether or not it counted against the endpoint. Immutable.
 *
 * @param cause what was thrown
 * @param text the same in one line, at most 300 characters, without credentials
 * @param atNanos when, on the ticker
 */
public record LastFailure(Throwable cause, String text, long atNanos) {
    public LastFailure {
        Objects.requireNonNull(cause, "cause");
        Objects.requireNonNull(text, "text");
    }
}
