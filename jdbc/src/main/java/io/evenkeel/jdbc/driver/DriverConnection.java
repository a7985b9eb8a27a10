package io.evenkeel.jdbc.driver;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Objects;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

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

    /**
     * Connects by any data source; by one of {@link DriverTemplate#dataSource} with a probe.
     *
     * @param user null to connect with what the data source has
     */
    public static DriverConnection open(DataSource dataSource, @Nullable String user, @Nullable String password)
            throws SQLException {
        if (dataSource instanceof EndpointDataSource ours) {
            return ours.open(user, password);
        }
        Connection made = user == null ? dataSource.getConnection() : dataSource.getConnection(user, password);
        return new DriverConnection(made, LivenessProbe.NONE);
    }
}
