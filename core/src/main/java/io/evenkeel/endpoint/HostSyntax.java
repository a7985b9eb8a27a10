package io.evenkeel.endpoint;

import java.net.InetAddress;
import java.net.UnknownHostException;

/**
 * What a host may look like. Endpoints are written by all who may write a file, a DNS zone or an EndpointSlice, and end
 * up in URLs, log lines and messages; so a host is an address or a name, and nothing that a URL or a terminal would
 * read as something else. Pure functions of the text; never resolves a name.
 */
public final class HostSyntax {

    /** What is expected, for messages. */
    public static final String EXPECTED =
            "an IP address without brackets, or a host name of letters, digits, hyphens and dots, "
                    + "at most 253 characters";

    private static final int LONGEST_NAME = 253;
    private static final int LONGEST_LABEL = 63;
    private static final int LONGEST_IPV6 = 45;
    private static final int LONGEST_SCOPE = 15;
    private static final int LONGEST_SHOWN = 80;

    private HostSyntax() {}

    /** Whether it is an IPv4 or IPv6 literal, or a host name as of RFC 1123. */
    public static boolean isHost(String text) {
        return text.indexOf(':') >= 0 ? isIpv6(text) : isIpv4(text) || isName(text);
    }

    /**
     * Whether it is an IPv4 literal: four decimal numbers up to 255, without leading zeros, which some read as octal.
     */
    public static boolean isIpv4(String text) {
        int numbers = 1;
        int digits = 0;
        int value = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '.') {
                if (digits == 0 || ++numbers > 4) {
                    return false;
                }
                digits = 0;
                value = 0;
            } else if (!isDigit(c) || (digits > 0 && value == 0) || (value = value * 10 + c - '0') > 255) {
                return false;
            } else {
                digits++;
            }
        }
        return numbers == 4 && digits > 0;
    }

    /** Whether it is an IPv6 literal without brackets; a scope such as {@code %eth0} may follow. */
    public static boolean isIpv6(String text) {
        int percent = text.indexOf('%');
        String address = percent < 0 ? text : text.substring(0, percent);
        if (address.indexOf(':') < 0
                || address.length() > LONGEST_IPV6
                || !address.chars().allMatch(c -> c == ':' || c == '.' || (Character.digit(c, 16) >= 0 && c < 128))
                || (percent >= 0 && !isScope(text.substring(percent + 1)))) {
            return false;
        }
        try {
            // In brackets it is an address or an error, and never looked up.
            return InetAddress.getByName("[" + address + "]") != null;
        } catch (UnknownHostException invalid) {
            return false;
        }
    }

    private static boolean isScope(String scope) {
        return !scope.isEmpty()
                && scope.length() <= LONGEST_SCOPE
                && scope.chars().allMatch(c -> isLetterOrDigit((char) c) || c == '.' || c == '-' || c == '_');
    }

    /**
     * Whether it is a host name: labels of letters, digits and inner hyphens. A last label that is a number, also a
     * hexadecimal one, is refused: some resolvers take such a name for an address.
     */
    private static boolean isName(String text) {
        String name = text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
        if (name.isEmpty() || name.length() > LONGEST_NAME) {
            return false;
        }
        int label = 0;
        for (int i = 0; i <= name.length(); i++) {
            if (i == name.length() || name.charAt(i) == '.') {
                if (!isLabel(name, label, i)) {
                    return false;
                }
                label = i + 1;
            }
        }
        return !isNumber(name.substring(name.lastIndexOf('.') + 1));
    }

    private static boolean isLabel(String name, int from, int to) {
        if (to == from || to - from > LONGEST_LABEL || name.charAt(from) == '-' || name.charAt(to - 1) == '-') {
            return false;
        }
        for (int i = from; i < to; i++) {
            if (!isLetterOrDigit(name.charAt(i)) && name.charAt(i) != '-') {
                return false;
            }
        }
        return true;
    }

    private static boolean isNumber(String label) {
        boolean hexadecimal = label.startsWith("0x") || label.startsWith("0X");
        return label.substring(hexadecimal ? 2 : 0)
                .chars()
                .allMatch(c -> Character.digit(c, hexadecimal ? 16 : 10) >= 0);
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isLetterOrDigit(char c) {
        return isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }

    /** Text from outside as a message may show it: in quotes, short, and without control characters. */
    public static String shown(String text) {
        StringBuilder shown = new StringBuilder("\"");
        text.codePoints().limit(LONGEST_SHOWN).forEach(c -> {
            if (isControl(c)) {
                shown.append(String.format("\\u%04x", c));
            } else {
                shown.appendCodePoint(c);
            }
        });
        return shown.append(text.length() > LONGEST_SHOWN ? "…\" (" + text.length() + " characters)" : "\"")
                .toString();
    }

    /** Whether a terminal or a log could take this for more than a character: controls, line ends, direction marks. */
    static boolean isControl(int c) {
        int type = Character.getType(c);
        return type == Character.CONTROL
                || type == Character.FORMAT
                || type == Character.LINE_SEPARATOR
                || type == Character.PARAGRAPH_SEPARATOR
                || type == Character.SURROGATE;
    }

    /**
     * Refuses a name that is blank, too long, or has control characters in it.
     *
     * @param field for the message
     * @throws IllegalArgumentException that names the field
     */
    static void requireName(String field, String text, int longest) {
        if (text.isBlank() || text.length() > longest || text.codePoints().anyMatch(HostSyntax::isControl)) {
            throw new IllegalArgumentException(field + ": " + shown(text) + " (expected: 1 to " + longest
                    + " characters, not blank, without control characters)");
        }
    }
}
