package io.evenkeel.endpoint;

import org.jspecify.annotations.Nullable;

/**
 * A target is missing, is not one, or no source on the class path understands it. Every adapter throws it while it is
 * configured or built, before any thread is started. What looks like credentials in the text is not repeated in the
 * message.
 */
public final class InvalidTargetException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    public InvalidTargetException(String message) {
        this(message, null);
    }

    public InvalidTargetException(String message, @Nullable Throwable cause) {
        // A cause that repeats what is masked here would show it.
        super(Secrets.maskAddresses(message), Secrets.maskAddresses(message).equals(message) ? cause : null);
    }
}
