package io.evenkeel.jdbc.driver;

import java.sql.Connection;
import java.util.Objects;

/**
 * A connection as the driver made it, with the probe of its socket.
 *
 * @param connection the driver's
 * @param probe {@link LivenessProbe#NONE} where the socket is not ours
 */
public record DriverConnection(Connection connection, LivenessProbe probe) {
    public DriverConnection {
        Objects.requireNonNull(connection, "connection");
        Objects.requireNonNull(probe, "probe");
    }
}
