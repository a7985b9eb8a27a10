package io.evenkeel.jdbc.driver;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.mariadb.jdbc.Configuration;
import org.mariadb.jdbc.util.ConfigurableSocketFactory;

/**
 * The {@code socketFactory} for MariaDB Connector/J, which hands it its configuration; the endpoint's address is an
 * option that the driver does not know and keeps. A query is killed over a connection with the same configuration,
 * and so at the same endpoint; TLS is laid over the socket with the name in the URL.
 */
public final class MariaDbSocketFactory extends ConfigurableSocketFactory {
    /**
     * The option with {@code host:port} of the endpoint, with brackets around an IPv6 address, and what belongs to
     * the dial.
     */
    public static final String ENDPOINT = "evenkeelEndpoint";

    private @Nullable EndpointAddress address;

    /** For the driver. */
    public MariaDbSocketFactory() {}

    @Override
    public void setConfiguration(Configuration configuration, String host) {
        address = EndpointAddress.parse(
                Objects.requireNonNull(configuration.nonMappedOptions().getProperty(ENDPOINT), ENDPOINT));
    }

    private EndpointAddress address() {
        return Objects.requireNonNull(address, "address (expected: set by setConfiguration)");
    }

    @Override
    public Socket createSocket() throws IOException {
        return new EndpointSocket(address());
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        return EndpointSockets.connected(address(), null);
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        return EndpointSockets.connected(address(), null);
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress localHost, int localPort) throws IOException {
        return EndpointSockets.connected(address(), new InetSocketAddress(localHost, localPort));
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress localHost, int localPort) throws IOException {
        return EndpointSockets.connected(address(), new InetSocketAddress(localHost, localPort));
    }
}
