package io.evenkeel.endpoint;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A target is missing, is not one, or no source on the class path understands it. Every adapter throws it while it is
 * configured or built, before any thread is started. What looks like credentials in the text is not repeated in the message.
 */
public final class InvalidTargetException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    /** User and password of a URL, to the last {@code @}: a password may contain one. */
    private static final Pattern USER_INFO = Pattern.compile("://\\S*:\\S*@");

    private static final Pattern QUERY = Pattern.compile("\\?.*", Pattern.DOTALL);

    public InvalidTargetException(String message) {
        this(message, null);
    }

    public InvalidTargetException(String message, @Nullable Throwable cause) {
        super(USER_INFO.matcher(message).replaceAll("://***@"), cause);
    }

    /** As given, without the user and password of a URL and without its query. */
    static String redact(String text) {
        return QUERY.matcher(USER_INFO.matcher(text).replaceAll("://***@")).replaceAll("?***");
    }
}
