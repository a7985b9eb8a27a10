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
            "(?i)([\\w.-]{0,64}(?:password|passwd|passphrase|pwd|secret|token|credentials?|api-?key)[\"']?\\s*[=:]\\s*)"
                    + "(\"[^\"]*\"|'[^']*'|[^\\s&;,}\\])]+)");

    /** {@code Authorization: Bearer …}. */
    private static final Pattern BEARER = Pattern.compile("(?i)\\b(bearer|basic)\\s+[\\w.~+/=-]{8,}");

    // Nothing longer is read by people, and masking must stay cheap for hostile text.
    private static final int LONGEST = 8_192;

    /**
     * {@code user:password@} wherever a word may begin. Pods are written as {@code name@host:port}, so this is only for
     * text in which no Pod is named.
     */
    private static final Pattern ANY_USER_INFO = Pattern.compile("(?<![^\\s\"/])[^\\s\"/:@]*:(?!//)[^\\s\"]*@");

    private Secrets() {}

    /** As {@link #mask}, and user and password also where no URL begins before them; for refusals of addresses. */
    static String maskAddresses(String text) {
        return ANY_USER_INFO.matcher(mask(text)).replaceAll(MASK + "@");
    }

    /** The text, with {@code ***} for what looks like a credential; of more than 8,192 characters, only so many. */
    public static String mask(String text) {
        String bounded =
                text.length() > LONGEST ? text.substring(0, LONGEST) + "… (" + text.length() + " characters)" : text;
        String masked = USER_INFO.matcher(bounded).replaceAll(MASK + "@");
        masked = BEARER.matcher(masked).replaceAll("$1 " + MASK);
        return PROPERTY.matcher(masked).replaceAll("$1" + MASK);
    }
}
