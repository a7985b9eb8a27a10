package io.evenkeel.kubernetes;

import java.io.IOException;
import java.io.Serial;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Why the API server didn't give what was asked for, in words for people. */
final class ApiProblem extends IOException {

    @Serial
    private static final long serialVersionUID = 1;

    /** What can be done about it besides waiting. */
    enum Kind {
        /** The version to watch from is too old: list again. */
        EXPIRED,
        /** The credentials are not accepted, or were not sent: read them again. */
        UNAUTHORIZED,
        /** We are known, and may not. */
        FORBIDDEN,
        /** It answered, and the answer is no. */
        REFUSED,
        /** There was no answer, or not a whole one. */
        UNREACHABLE
    }

    private final Kind kind;
    private final @Nullable Duration retryAfter;
    private final String advice;

    ApiProblem(Kind kind, String message, @Nullable Duration retryAfter, @Nullable Throwable cause) {
        this(kind, message, retryAfter, cause, "");
    }

    ApiProblem(Kind kind, String message, @Nullable Duration retryAfter, @Nullable Throwable cause, String advice) {
        super(message, cause);
        this.kind = Objects.requireNonNull(kind, "kind");
        this.retryAfter = retryAfter;
        this.advice = advice;
    }

    Kind kind() {
        return kind;
    }

    /** How long the server asked to wait, or null where it didn't. */
    @Nullable
    Duration retryAfter() {
        return retryAfter;
    }

    /** What to do about it if it lasts; may be long, and may be empty. */
    String advice() {
        return advice;
    }

    String reason() {
        return Objects.requireNonNull(getMessage());
    }
}
