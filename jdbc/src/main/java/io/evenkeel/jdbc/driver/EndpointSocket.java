package io.evenkeel.jdbc.driver;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;

/**
 * A socket that connects to one endpoint, for any address that it is given. The driver goes on believing that it
 * talks to the name in its URL, and so verifies that name on TLS.
 */
final class EndpointSocket extends ChannelSocket {
    private final EndpointAddress address;

    EndpointSocket(EndpointAddress address) throws IOException {
        this.address = address;
        Dial.made(address.dial(), this);
    }

    /** The name that TLS is to verify; empty where the driver knows it by itself. */
    String service() {
        return address.service();
    }

    /** Ignores {@code named}; a host name is resolved anew on every call. */
    @Override
    public void connect(SocketAddress named, int timeoutMillis) throws IOException {
        InetSocketAddress endpoint = new InetSocketAddress(address.host(), address.port());
        if (endpoint.isUnresolved()) {
            throw new UnknownHostException(address.host() + " (the endpoint's address, in place of " + named + ")");
        }
        super.connect(endpoint, timeoutMillis);
    }
}
