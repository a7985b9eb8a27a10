package io.evenkeel.source;

import io.evenkeel.endpoint.HostSyntax;
import java.util.function.Predicate;

/**
 * An address as a target writes it. For those who implement {@link EndpointSourceProvider}.
 *
 * @param host without brackets
 * @param port 1 to 65535
 */
public record HostPort(String host, int port) {

    private static final int LONGEST_SHOWN = 200;

    /**
     * Parses {@code host:port} or {@code [ipv6]:port}.
     *
     * @param what names the part in messages
     * @param whole what it is a part of, for messages
     * @param example of the whole, for messages
     * @throws IllegalArgumentException if it is neither, or the port is no port
     */
    public static HostPort parse(String text, String what, String whole, String example) {
        return parse(text, what, whole, example, HostSyntax::isHost);
    }

    /**
     * Parses {@code host:port} or {@code [ipv6]:port}.
     *
     * @param what names the part in messages
     * @param whole what it is a part of, for messages
     * @param example of the whole, for messages
     * @param isHost what a host may look like
     * @throws IllegalArgumentException if it is neither, or the port is no port
     */
    public static HostPort parse(String text, String what, String whole, String example, Predicate<String> isHost) {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? text : text.substring(0, colon);
        String port = colon < 0 ? "" : text.substring(colon + 1);
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        if (bracketed) {
            host = host.substring(1, host.length() - 1);
        }
        if (bracketed != (host.indexOf(':') >= 0) || !isHost.test(host)) {
            throw refused(
                    text, what, whole, "host:port, IPv6 in brackets; the host is " + HostSyntax.EXPECTED, example);
        }
        if (!port.matches("[0-9]{1,5}") || Integer.parseInt(port) < 1 || Integer.parseInt(port) > 65535) {
            throw refused(text, what, whole, "a port from 1 to 65535 after the last colon", example);
        }
        return new HostPort(host, Integer.parseInt(port));
    }

    private static String shortened(String whole) {
        return whole.length() > LONGEST_SHOWN ? whole.substring(0, LONGEST_SHOWN) + "…" : whole;
    }

    private static IllegalArgumentException refused(
            String text, String what, String whole, String expected, String example) {
        return new IllegalArgumentException(what + ": " + HostSyntax.shown(text) + " in " + shortened(whole)
                + " (expected: " + expected + ", as in " + example + ")");
    }
}
