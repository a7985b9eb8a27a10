package io.evenkeel.endpoint;

import java.util.Objects;

/**
 * One endpoint at one address: what connections are kept by. A Pod that comes back under its old name with a new
 * address has the same {@link #identity()} (so the planner gives it the same seats) but another key (so no connection
 * to the old address is taken for one to the new).
 *
 * @param identity the Pod's name where the source knows it, else {@code host:port}; at most 512 characters, none of
 *     them a control character
 * @param host an IP literal without brackets, or a host name of at most 253 characters as of RFC 1123
 * @param port 1 to 65535
 */
public record EndpointKey(String identity, String host, int port) implements Comparable<EndpointKey> {

    private static final int LONGEST_IDENTITY = 512;

    public EndpointKey {
        Objects.requireNonNull(identity, "identity");
        Objects.requireNonNull(host, "host");
        if (!HostSyntax.isHost(host)) {
            throw new IllegalArgumentException(
                    "host: " + HostSyntax.shown(host) + " (expected: " + HostSyntax.EXPECTED + ")");
        }
        // After the host, which is part of the identity where there is no name.
        HostSyntax.requireName("identity", identity, LONGEST_IDENTITY);
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException("port: " + port + " (expected: 1 to 65535)");
        }
    }

    /** {@code host:port}, with brackets around an IPv6 address. */
    public String address() {
        return address(host, port);
    }

    /** {@code host:port}, with brackets around an IPv6 address. */
    public static String address(String host, int port) {
        return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
    }

    @Override
    public int compareTo(EndpointKey other) {
        int byIdentity = identity.compareTo(other.identity);
        if (byIdentity != 0) {
            return byIdentity;
        }
        int byHost = host.compareTo(other.host);
        return byHost != 0 ? byHost : Integer.compare(port, other.port);
    }

    /** {@code identity@host:port}, or only the address where it is the identity. */
    @Override
    public String toString() {
        String address = address();
        return identity.equals(address) ? address : identity + "@" + address;
    }
}
