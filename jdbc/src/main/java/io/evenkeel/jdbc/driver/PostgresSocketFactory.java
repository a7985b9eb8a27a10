package io.evenkeel.jdbc.driver;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import javax.net.SocketFactory;

/**
 * The {@code socketFactory} for pgjdbc, which hands it its {@code socketFactoryArg}. A connection keeps its factory, so
 * that a cancel request goes to the same endpoint; TLS is laid over the socket with the name in the URL.
 */
public final class PostgresSocketFactory extends SocketFactory {
    private final EndpointAddress address;

    /**
     * @param address {@code host:port} of the endpoint, with brackets around an IPv6 address, and what belongs to the
     * dial
     */
    public PostgresSocketFactory(String address) {
        this.address = EndpointAddress.parse(address);
    }

    @Override
    public Socket createSocket() throws IOException {
        return new EndpointSocket(address);
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        return EndpointSockets.connected(address, null);
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        return EndpointSockets.connected(address, null);
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress localHost, int localPort) throws IOException {
        return EndpointSockets.connected(address, new InetSocketAddress(localHost, localPort));
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress localHost, int localPort) throws IOException {
        return EndpointSockets.connected(address, new InetSocketAddress(localHost, localPort));
    }
}
