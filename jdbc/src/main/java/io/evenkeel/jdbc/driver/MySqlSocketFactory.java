package io.evenkeel.jdbc.driver;

import com.mysql.cj.conf.PropertySet;
import com.mysql.cj.conf.RuntimeProperty;
import com.mysql.cj.protocol.StandardSocketFactory;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The {@code socketFactory} for MySQL Connector/J, which hands it the connection's properties; those of ours are among
 * them. A query is killed over a connection with the same properties, and so at the same endpoint; TLS is laid over the
 * socket with the name in the URL.
 */
public final class MySqlSocketFactory extends StandardSocketFactory {
    /** The property with the endpoint's host: an address without brackets, or a name. */
    public static final String HOST = "evenkeelHost";

    /** The property with the endpoint's port. */
    public static final String PORT = "evenkeelPort";

    /** The property with the time for connecting and the handshake together, in milliseconds; 0 or absent: no limit. */
    public static final String LOGIN_TIMEOUT = "evenkeelLoginTimeout";

    /** The property with the dial; absent for none. */
    public static final String DIAL = "evenkeelDial";

    private @Nullable EndpointAddress address;

    /** For the driver. */
    public MySqlSocketFactory() {}

    @Override
    public <T extends Closeable> T connect(String name, int namedPort, PropertySet properties, int loginTimeout)
            throws IOException {
        String endpointHost = Objects.requireNonNull(property(properties, HOST), HOST);
        int endpointPort = Integer.parseInt(Objects.requireNonNull(property(properties, PORT), PORT));
        address = new EndpointAddress(
                endpointHost, endpointPort, Objects.requireNonNullElse(property(properties, DIAL), ""), "");
        String limit = property(properties, LOGIN_TIMEOUT);
        // The driver only knows DriverManager's, which is one for the whole process.
        int loginMillis = loginTimeout == 0 && limit != null ? Integer.parseInt(limit) : loginTimeout;
        return super.connect(endpointHost, endpointPort, properties, loginMillis);
    }

    /** What the driver then connects, to an address that it has resolved. */
    @Override
    protected Socket createSocket(PropertySet properties) {
        try {
            return new EndpointSocket(Objects.requireNonNull(address, "address (expected: set by connect)"));
        } catch (IOException e) {
            throw new UncheckedIOException("no socket could be opened", e);
        }
    }

    private static @Nullable String property(PropertySet properties, String name) {
        RuntimeProperty<String> property = properties.getStringProperty(name);
        return property == null ? null : property.getValue();
    }
}
