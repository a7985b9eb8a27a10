package io.evenkeel.demo.postgres;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** No PostgreSQL server can be run here; the message says why, and what would help. */
public final class PostgresUnavailableException extends IOException {
    private static final long serialVersionUID = 1L;

    PostgresUnavailableException(String message) {
        this(message, null);
    }

    PostgresUnavailableException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
