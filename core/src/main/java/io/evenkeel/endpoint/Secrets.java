package io.evenkeel.endpoint;

import java.util.regex.Pattern;

/**
 * Masks what looks like a credential in text that is to be shown: exceptions of drivers repeat URLs and properties. A
 * last line of defence, since text of Evenkeel's own never has credentials in it.
 */
public final class Secrets {

    private static final String MASK = "***";

    /** User and password of a URL, to the last {@code @} before white space: a password may contain one. */
    private static final Pattern USER_INFO = Pattern.compile("(?<=://)[^\\s/@]*:\\S*@");

    /** {@code password=…}, {@code "sslPassword": "…"} and their like, up to what separates properties. */
    private static final Pattern PROPERTY = Pattern.compile(
            "(?i)(\\b[\\w.-]*(?:password|passwd|passphrase|pwd|secret|token|credentials?|api-?key)[\"']?\\s*[=:]\\s*)"
                    + "(\"[^\"]*\"|'[^']*'|[^\\s&;,}\\])]+)");

    /** {@code Authorization: Bearer …}. */
    private static final Pattern BEARER = Pattern.compile("(?i)\\b(bearer|basic)\\s+[\\w.~+/=-]{8,}");

    private Secrets() {}

    /** The text, with {@code ***} for what looks like a credential. */
    public static String mask(String text) {
        String masked = USER_INFO.matcher(text).replaceAll(MASK + "@");
        masked = BEARER.matcher(masked).replaceAll("$1 " + MASK);
        return PROPERTY.matcher(masked).replaceAll("$1" + MASK);
    }
}
