package io.evenkeel.kubernetes;

import java.io.IOException;
import java.io.Serial;
import org.jspecify.annotations.Nullable;

/** Credentials that are configured and cannot be had now: nothing is asked without them. */
final class CredentialsException extends IOException {

    @Serial
    private static final long serialVersionUID = 1;

    CredentialsException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
