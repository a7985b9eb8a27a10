package io.evenkeel.jdbc.driver;

import io.evenkeel.endpoint.Endpoint;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLNonTransientConnectionException;
import java.util.Properties;
import java.util.Set;
import java.util.function.Supplier;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Connects to one endpoint with the user's URL and options. The user name and password are read at every connect.
 * Thread-safe.
 */
final class EndpointDataSource implements DataSource {
    private final Driver driver;
    private final JdbcUrl url;
    private final Properties properties;
    private final Set<String> given;
    private final Supplier<Credentials> credentials;
    private final Endpoint endpoint;
    private volatile int loginTimeoutSeconds;
    private volatile @Nullable PrintWriter logWriter;

    EndpointDataSource(
            Driver driver,
            JdbcUrl url,
            Properties properties,
            Set<String> given,
            Supplier<Credentials> credentials,
            Endpoint endpoint) {
        this.driver = driver;
        this.url = url;
        this.properties = properties;
        this.given = given;
        this.credentials = credentials;
        this.endpoint = endpoint;
    }

    @Override
    public Connection getConnection() throws SQLException {
        return open(null, null).connection();
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
        return connect(user, password).connection();
    }

    /** Connects, by the configured credentials where {@code user} is null. */
    DriverConnection open(@Nullable String user, @Nullable String password) throws SQLException {
        if (user != null) {
            return connect(user, password);
        }
        Credentials now = credentials.get();
        return connect(now.username(), now.password());
    }

    private DriverConnection connect(@Nullable String user, @Nullable String password) throws SQLException {
        Properties all = new Properties();
        all.putAll(properties);
        if (user != null) {
            all.setProperty("user", user);
        }
        if (password != null) {
            all.setProperty("password", password);
        }
        if (loginTimeoutSeconds > 0) {
            url.family().limit(all, given, loginTimeoutSeconds);
        }
        try (Dial dial = Dial.begin()) {
            url.family().lead(all, url, given, endpoint, dial.name());
            String text = url.family().urlText(driver, all, url, given, endpoint);
            return new DriverConnection(connect(text, all), dial.probe());
        }
    }

    private Connection connect(String text, Properties all) throws SQLException {
        Connection connection = driver.connect(text, all);
        if (connection == null) {
            throw new SQLNonTransientConnectionException(
                    "jdbcUrl: " + JdbcUrl.shown(url.text()) + " (expected: one that "
                            + driver.getClass().getName() + " accepts)",
                    "08001");
        }
        return connection;
    }

    @Override
    public int getLoginTimeout() {
        return loginTimeoutSeconds;
    }

    /** Bounds connecting and logging in to this endpoint; {@code DriverManager}'s setting is left alone. */
    @Override
    public void setLoginTimeout(int seconds) {
        loginTimeoutSeconds = seconds;
    }

    @Override
    public @Nullable PrintWriter getLogWriter() {
        return logWriter;
    }

    @Override
    public void setLogWriter(@Nullable PrintWriter out) {
        logWriter = out;
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
        return driver.getParentLogger();
    }

    @Override
    public <T> T unwrap(Class<T> iface) throws SQLException {
        if (!isWrapperFor(iface)) {
            throw new SQLException("unwrap: " + iface.getName() + " (expected: what " + this + " implements)");
        }
        return iface.cast(this);
    }

    @Override
    public boolean isWrapperFor(Class<?> iface) {
        return iface.isInstance(this);
    }

    @Override
    public String toString() {
        return JdbcUrl.shown(url.text()) + " at " + endpoint.key();
    }
}
