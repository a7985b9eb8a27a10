package io.evenkeel.jdbc.driver;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.UnknownHostException;

/**
 * A plain socket that connects to one endpoint, whatever address it is told. The driver goes on believing that it talks to
 * the name in its URL, and so verifies that name on TLS.
 */
final class EndpointSocket extends Socket {
    private final String host;
    private final int port;

    /** @param address {@code host:port}, with brackets around an IPv6 address */
    EndpointSocket(String address) {
        int colon = address.lastIndexOf(':');
        this.host = hostOf(address);
        this.port = Integer.parseInt(address.substring(colon + 1));
    }

    static String hostOf(String address) {
        String host = address.substring(0, address.lastIndexOf(':'));
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    /** Ignores {@code named}; a host name is resolved anew on every call. */
    @Override
    public void connect(SocketAddress named, int timeoutMillis) throws IOException {
        InetSocketAddress endpoint = new InetSocketAddress(host, port);
        if (endpoint.isUnresolved()) {
            throw new UnknownHostException(host + " (the endpoint's address, in place of " + named + ")");
        }
        super.connect(endpoint, timeoutMillis);
    }
}
