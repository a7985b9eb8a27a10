package io.evenkeel.jdbc.hikari;

import io.evenkeel.time.Ticker;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Where one Pod's pool gets its connections from: those that were established for it first, else it connects, but
 * only if a seat lacks a connection. So the number of connections is the seats' to decide, not the pool's.
 */
final class PhysicalDataSource implements DataSource {
    private static final org.slf4j.Logger LOG = LoggerFactory.getLogger(PhysicalDataSource.class);

    private final Supplier<DataSource> drivers;
    private final Lane lane;
    private final Ticker ticker;
    private final Queue<PhysicalConnection> ready = new ConcurrentLinkedQueue<>();

    /** What is open, for {@link #abandon}. */
    private final Set<PhysicalConnection> open = ConcurrentHashMap.newKeySet();

    private volatile @Nullable DataSource driver;
    private volatile int loginSeconds;

    /** @param drivers makes what connects to the Pod; called by the first dial, or two at once, since it may block */
    PhysicalDataSource(Supplier<DataSource> drivers, Lane lane, Ticker ticker) {
        this.drivers = drivers;
        this.lane = lane;
        this.ticker = ticker;
    }

    @Override
    public Connection getConnection() throws SQLException {
        return connect(null, null);
    }

    @Override
    public Connection getConnection(String username, String password) throws SQLException {
        return connect(username, password);
    }

    private Connection connect(@Nullable String username, @Nullable String password) throws SQLException {
        PhysicalConnection first = ready.poll();
        if (first != null) {
            first.delivered();
            lane.delivered();
            if (!ready.isEmpty()) {
                lane.pool().nudge();
            }
            return first;
        }
        if (!lane.beginDial()) {
            throw new SQLTransientConnectionException("every seat at " + lane.key() + " has its connection");
        }
        return dial(username, password, true);
    }

    /** Connects for a seat that is to be added; validated, but not yet the pool's: {@link #offer} it. */
    PhysicalConnection dialAhead(@Nullable String username, @Nullable String password, int validationSeconds)
            throws SQLException {
        if (!lane.beginExtraDial()) {
            throw new SQLTransientConnectionException("the pool at " + lane.key() + " is closing");
        }
        PhysicalConnection connection = dial(username, password, false);
        boolean valid = false;
        try {
            valid = connection.isValid(validationSeconds);
        } finally {
            if (!valid) {
                connection.close();
            }
        }
        if (!valid) {
            throw new SQLTransientConnectionException("a new connection to " + lane.key() + " is not valid", "08001");
        }
        return connection;
    }

    /** Has the pool take it as its next connection. */
    void offer(PhysicalConnection connection) {
        ready.add(connection);
        lane.pool().nudge();
    }

    /** Closes one that the pool has not taken yet; false if there is none. */
    boolean closeOne() {
        PhysicalConnection left = ready.poll();
        if (left != null) {
            closeQuietly(left);
        }
        return left != null;
    }

    /** Closes what the pool did not take. */
    void drop() {
        while (closeOne()) {
            LOG.debug("closed a connection to {} before it was used", lane.key());
        }
    }

    /** Closes what is still open after the pool has ended: a dial that it did not wait for may have left one. */
    void abandon() {
        open.forEach(PhysicalDataSource::closeQuietly);
    }

    private DataSource driver() {
        DataSource made = driver;
        if (made == null) {
            made = drivers.get();
            if (made == null) {
                throw new IllegalStateException("connections: null for " + lane.key() + " (expected: a DataSource)");
            }
            limitLogin(made);
            driver = made;
        }
        return made;
    }

    private void limitLogin(DataSource made) {
        try {
            made.setLoginTimeout(loginSeconds);
        } catch (SQLException | RuntimeException e) {
            LOG.debug("{} has no login timeout", made, e);
        }
    }

    private PhysicalConnection dial(@Nullable String username, @Nullable String password, boolean delivered)
            throws SQLException {
        long start = ticker.nanos();
        Connection made;
        try {
            DataSource to = driver();
            made = username == null ? to.getConnection() : to.getConnection(username, password);
        } catch (SQLException | RuntimeException | Error e) {
            lane.dialFailed(e);
            throw e;
        }
        long now = ticker.nanos();
        PhysicalConnection connection = new PhysicalConnection(made, lane, now, open::remove);
        open.add(connection);
        if (delivered) {
            connection.delivered();
        }
        if (!lane.connected(Duration.ofNanos(now - start), delivered)) {
            connection.close();
            throw new SQLTransientConnectionException("the pool at " + lane.key() + " is closing");
        }
        return connection;
    }

    private static void closeQuietly(Connection connection) {
        try {
            connection.close();
        } catch (SQLException | RuntimeException | Error e) {
            LOG.debug("closing {} failed", connection, e);
        }
    }

    @Override
    public PrintWriter getLogWriter() throws SQLException {
        return driver().getLogWriter();
    }

    @Override
    public void setLogWriter(PrintWriter out) throws SQLException {
        driver().setLogWriter(out);
    }

    /** Reaches the driver with the first dial. */
    @Override
    public void setLoginTimeout(int seconds) {
        loginSeconds = seconds;
    }

    @Override
    public int getLoginTimeout() {
        return loginSeconds;
    }

    @Override
    public Logger getParentLogger() {
        return Logger.getLogger("io.evenkeel.jdbc");
    }

    @Override
    public <T> T unwrap(Class<T> iface) throws SQLException {
        DataSource of = driver();
        return iface.isInstance(of) ? iface.cast(of) : of.unwrap(iface);
    }

    @Override
    public boolean isWrapperFor(Class<?> iface) throws SQLException {
        DataSource of = driver();
        return iface.isInstance(of) || of.isWrapperFor(iface);
    }
}
