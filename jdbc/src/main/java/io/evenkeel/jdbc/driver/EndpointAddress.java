package io.evenkeel.jdbc.driver;

import java.util.Objects;

/**
 * Where a socket factory's sockets lead, as the one text that some drivers let through to it.
 *
 * @param host an address without brackets, or a name
 * @param port the port
 * @param dial the dial that the sockets belong to, see {@link Dial}; empty for none
 */
record EndpointAddress(String host, int port, String dial) {
    EndpointAddress {
        Objects.requireNonNull(host, "host");
        Objects.requireNonNull(dial, "dial");
    }

    /** @param text {@code host:port}, with brackets around an IPv6 address, and the dial after a {@code #} if there is one */
    static EndpointAddress parse(String text) {
        int hash = text.indexOf('#');
        String address = hash < 0 ? text : text.substring(0, hash);
        int colon = address.lastIndexOf(':');
        if (colon < 0) {
            throw new IllegalArgumentException("address: " + text + " (expected: host:port)");
        }
        String host = address.substring(0, colon);
        return new EndpointAddress(
                host.startsWith("[") ? host.substring(1, host.length() - 1) : host,
                Integer.parseInt(address.substring(colon + 1)),
                hash < 0 ? "" : text.substring(hash + 1));
    }

    /** As {@link #parse} takes it. */
    static String text(String address, String dial) {
        return address + "#" + dial;
    }
}
