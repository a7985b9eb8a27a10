package io.evenkeel.jdbc.driver;

import java.util.Objects;

/**
 * Where a socket factory's sockets lead, as the one text that some drivers let through to it.
 *
 * @param host an address without brackets, or a name
 * @param port the port
 * @param dial the dial that the sockets belong to, see {@link Dial}; empty for none
 * @param service the host in the user's URL, whose name TLS is to verify; empty where the driver knows it by itself
 */
record EndpointAddress(String host, int port, String dial, String service) {
    private static final String SEPARATOR = "#";

    EndpointAddress {
        Objects.requireNonNull(host, "host");
        Objects.requireNonNull(dial, "dial");
        Objects.requireNonNull(service, "service");
    }

    /** @param text as {@link #text} makes it; {@code host:port} alone will do */
    static EndpointAddress parse(String text) {
        String[] parts = text.split(SEPARATOR, 3);
        int colon = parts[0].lastIndexOf(':');
        if (colon < 0) {
            throw new IllegalArgumentException("address: " + text + " (expected: host:port)");
        }
        String host = parts[0].substring(0, colon);
        return new EndpointAddress(
                host.startsWith("[") ? host.substring(1, host.length() - 1) : host,
                Integer.parseInt(parts[0].substring(colon + 1)),
                parts.length > 1 ? parts[1] : "",
                parts.length > 2 ? parts[2] : "");
    }

    /**
     * As {@link #parse} takes it.
     *
     * @param address {@code host:port}, with brackets around an IPv6 address
     */
    static String text(String address, String dial, String service) {
        return String.join(SEPARATOR, address, dial, service);
    }
}
