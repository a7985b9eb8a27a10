package io.evenkeel.jdbc.driver;

import java.io.IOException;
import java.net.Socket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;
import org.mariadb.jdbc.plugin.tls.main.DefaultTlsSocketPlugin;

/**
 * Lets MariaDB Connector/J verify the Service's name although its URL has the endpoint's address: the driver's own
 * plugin, except that TLS is negotiated with the name that the socket carries. For version 4 and later; the driver
 * finds it by {@link java.util.ServiceLoader}.
 */
public final class MariaDbTlsPlugin extends DefaultTlsSocketPlugin {
    /** What the option {@code tlsSocketType} says. */
    public static final String TYPE = "evenkeel";

    /** For the driver. */
    public MariaDbTlsPlugin() {}

    @Override
    public String type() {
        return TYPE;
    }

    /**
     * Called from version 4 on; earlier ones have no such method to override, and verify the name in the URL
     * themselves.
     */
    @SuppressWarnings("MissingOverride")
    public SSLSocket createSocket(Socket socket, SSLSocketFactory factory, @Nullable String host) throws IOException {
        String service = socket instanceof EndpointSocket ours ? ours.service() : "";
        return (SSLSocket) factory.createSocket(socket, service.isEmpty() ? host : service, socket.getPort(), true);
    }
}
