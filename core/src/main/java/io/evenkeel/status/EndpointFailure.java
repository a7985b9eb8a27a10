package io.evenkeel.status;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.endpoint.Secrets;
import java.time.Duration;
import java.util.Objects;

/**
 * The last failure to connect to one endpoint, or to talk to it. Immutable.
 *
 * @param cause its kind
 * @param message what failed, with the endpoint's own address, at most 300 characters, without credentials
 * @param ago how long ago
 * @param exception what was thrown
 */
public record EndpointFailure(FailureCause cause, String message, Duration ago, Throwable exception) {

    private static final int LONGEST = 300;

    public EndpointFailure {
        Objects.requireNonNull(cause, "cause");
        Objects.requireNonNull(message, "message");
        Objects.requireNonNull(ago, "ago");
        Objects.requireNonNull(exception, "exception");
    }

    /** The failure of an endpoint. Never throws for anything that the exception does. */
    public static EndpointFailure of(EndpointKey endpoint, FailureCause cause, Throwable exception, Duration ago) {
        return new EndpointFailure(cause, endpoint.address() + ": " + describe(exception), ago, exception);
    }

    /**
     * An exception in one line: of types and messages in the chain of causes the outermost, and the innermost if it
     * differs.
     */
    private static String describe(Throwable exception) {
        try {
            String outer = one(exception);
            Throwable root = root(exception);
            String inner = one(root);
            String text = outer.contains(inner) ? outer : outer + ", caused by " + inner;
            text = Secrets.mask(text.replaceAll("\\s+", " "));
            return text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "…";
        } catch (Throwable unreadable) {
            // An exception is foreign code: one that cannot describe itself still has a type.
            return exception.getClass().getName();
        }
    }

    private static String one(Throwable exception) {
        String message = exception.getMessage();
        String type = exception.getClass().getSimpleName();
        // A sentence of a driver goes on as a part of one here.
        String text = message == null ? "" : message.strip().replaceFirst("\\.$", "");
        return text.isEmpty() ? type : type + ": " + text;
    }

    private static Throwable root(Throwable exception) {
        Throwable root = exception;
        for (int depth = 0; depth < 20; depth++) {
            Throwable cause = root.getCause();
            if (cause == null) {
                break;
            }
            root = cause;
        }
        return root;
    }

    /** Such as {@code UNREACHABLE 3 s ago, 10.0.0.1:5432: ConnectException: Connection refused}. */
    @Override
    public String toString() {
        return cause + " " + ago.toSeconds() + " s ago, " + message;
    }
}
