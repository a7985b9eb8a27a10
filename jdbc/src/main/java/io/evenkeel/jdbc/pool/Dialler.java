package io.evenkeel.jdbc.pool;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.jdbc.driver.Credentials;
import io.evenkeel.jdbc.driver.DriverConnection;
import io.evenkeel.jdbc.driver.DriverTemplate;
import io.evenkeel.jdbc.handle.InitSqlException;
import io.evenkeel.jdbc.pool.Session.Baseline;
import io.evenkeel.time.Ticker;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connects and sets connections up as HikariCP does. What comes out is usable: every setting is applied and
 * {@code connectionInitSql} has ended. Thread-safe; blocks.
 */
final class Dialler {
    private static final Logger LOG = LoggerFactory.getLogger(Dialler.class);
    private static final int UNKNOWN = Integer.MIN_VALUE;

    private final Function<Endpoint, DataSource> drivers;
    private final Supplier<Credentials> credentials;
    private final Supplier<HikariSettings> settings;
    private final Ticker ticker;

    // Asked of the first connection only: where many are opened, the round trips count.
    private volatile int driversIsolation = UNKNOWN;
    private volatile int driversNetworkTimeout = UNKNOWN;

    Dialler(
            Function<Endpoint, DataSource> drivers,
            Supplier<Credentials> credentials,
            Supplier<HikariSettings> settings,
            Ticker ticker) {
        this.drivers = drivers;
        this.credentials = credentials;
        this.settings = settings;
        this.ticker = ticker;
    }

    /** What the user's function or the driver makes for one Pod; not connected to. */
    DataSource dataSource(Endpoint endpoint) throws SQLException {
        DataSource made = drivers.apply(endpoint);
        if (made == null) {
            throw new IllegalStateException("connections: null for " + endpoint.key() + " (expected: a DataSource)");
        }
        try {
            made.setLoginTimeout((int) Math.max(1, (500 + settings.get().connectionTimeout()) / 1000));
        } catch (SQLException | RuntimeException e) {
            LOG.info("Pool {}: {} has no login timeout", settings.get().name(), made, e);
        }
        return made;
    }

    Session dial(DataSource dataSource) throws SQLException {
        return dial(dataSource, connection -> {});
    }

    /** @param connected receives the connection before it is set up, which may take its time, too */
    Session dial(DataSource dataSource, Consumer<Connection> connected) throws SQLException {
        Credentials now = credentials.get();
        DriverConnection made = DriverTemplate.connect(dataSource, now.username(), now.password());
        if (made.connection() == null) {
            throw new SQLTransientConnectionException("the data source returned no connection", "08001");
        }
        Connection connection = made.connection();
        boolean usable = false;
        try {
            connected.accept(connection);
            Session session = new Session(made, setUp(connection, settings.get()), ticker.nanos());
            usable = true;
            return session;
        } finally {
            if (!usable) {
                closeQuietly(connection);
            }
        }
    }

    private Baseline setUp(Connection connection, HikariSettings now) throws SQLException {
        int networkTimeout = networkTimeout(connection);
        if (networkTimeout != Baseline.UNSUPPORTED) {
            connection.setNetworkTimeout(Runnable::run, (int) now.validationTimeout());
        }
        if (connection.isReadOnly() != now.readOnly()) {
            connection.setReadOnly(now.readOnly());
        }
        if (connection.getAutoCommit() != now.autoCommit()) {
            connection.setAutoCommit(now.autoCommit());
        }
        int isolation = isolation(connection, now);
        if (now.catalog() != null) {
            connection.setCatalog(now.catalog());
        }
        if (now.schema() != null) {
            connection.setSchema(now.schema());
        }
        if (now.testQuery() == null && !connection.isValid((int) Math.max(1, now.validationTimeout() / 1000))) {
            throw new SQLTransientConnectionException("a new connection is not valid", "08001");
        }
        execute(connection, now.testQuery(), false, now);
        try {
            execute(connection, now.initSql(), true, now);
        } catch (SQLException failure) {
            throw new InitSqlException(failure);
        }
        if (networkTimeout != Baseline.UNSUPPORTED) {
            connection.setNetworkTimeout(Runnable::run, networkTimeout);
        }
        return new Baseline(now.autoCommit(), now.readOnly(), isolation, networkTimeout, now.catalog(), now.schema());
    }

    private int networkTimeout(Connection connection) {
        int known = driversNetworkTimeout;
        if (known == UNKNOWN) {
            try {
                known = connection.getNetworkTimeout();
                connection.setNetworkTimeout(Runnable::run, known);
            } catch (SQLException | RuntimeException | AbstractMethodError | NoSuchMethodError e) {
                LOG.info(
                        "Pool {}: the driver has no network timeout ({})",
                        settings.get().name(),
                        e.getMessage());
                known = Baseline.UNSUPPORTED;
            }
            known = Math.max(Baseline.UNSUPPORTED, known);
            driversNetworkTimeout = known;
        }
        return known;
    }

    private int isolation(Connection connection, HikariSettings now) throws SQLException {
        int known = driversIsolation;
        if (known == UNKNOWN) {
            known = connection.getTransactionIsolation();
            driversIsolation = known;
        }
        if (now.isolation() == HikariSettings.DRIVERS_ISOLATION || now.isolation() == known) {
            return known;
        }
        connection.setTransactionIsolation(now.isolation());
        return now.isolation();
    }

    private static void execute(
            Connection connection, @org.jspecify.annotations.Nullable String sql, boolean commit, HikariSettings now)
            throws SQLException {
        if (sql == null) {
            return;
        }
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
        if (now.isolateInternalQueries() && !now.autoCommit()) {
            if (commit) {
                connection.commit();
            } else {
                connection.rollback();
            }
        }
    }

    private static void closeQuietly(Connection connection) {
        try {
            connection.close();
        } catch (SQLException | RuntimeException | Error e) {
            LOG.debug("closing {} failed", connection, e);
        }
    }
}
