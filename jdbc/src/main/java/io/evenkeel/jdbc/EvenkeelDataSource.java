package io.evenkeel.jdbc;

import com.zaxxer.hikari.HikariConfigMXBean;
import com.zaxxer.hikari.HikariDataSource;
import io.evenkeel.status.PoolStatus;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A {@code DataSource} whose connections follow the Pods behind a Service: spread evenly over them, moved to new Pods within
 * seconds, given up gently before a Pod goes.
 *
 * <pre>{@code
 * HikariConfig hikari = new HikariConfig();
 * hikari.setJdbcUrl("jdbc:postgresql://pg.default:5432/orders");
 * hikari.setUsername("orders");
 * hikari.setMaximumPoolSize(10);
 *
 * EvenkeelDataSource dataSource = EvenkeelDataSource.builder().hikari(hikari).build();
 * }</pre>
 *
 * <p>It keeps one HikariCP pool per Pod, all of them together no larger than {@code maximumPoolSize}. Settings mean what they
 * mean to HikariCP, for all Pods together; {@code maxLifetime} is the default of the maximum connection age.
 *
 * <p>Building it doesn't connect: the first callers wait, within {@code connectionTimeout}, until a connection is there.
 *
 * <p>Thread-safe. {@link #close()} it at the end.
 */
public final class EvenkeelDataSource implements DataSource, AutoCloseable {

    private final String name;
    private final Runtime runtime;
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile @Nullable PrintWriter logWriter;

    EvenkeelDataSource(String name, Runtime runtime) {
        this.name = name;
        this.runtime = runtime;
    }

    /** A builder with the defaults that each of its setters documents. */
    public static EvenkeelDataSourceBuilder builder() {
        return new EvenkeelDataSourceBuilder();
    }

    /**
     * Takes over the settings of an existing pool, with the target derived from its JDBC URL; closes that pool if it was
     * started, since its connections would count against the server beside ours.
     *
     * @throws IllegalArgumentException if its settings can't be split over Pods; the message says what to do instead
     */
    public static EvenkeelDataSource wrap(HikariDataSource hikari) {
        return builder().wrap(hikari).build();
    }

    /**
     * As {@link #wrap(HikariDataSource)}, with a target such as {@code dns:///pg-headless.default.svc:5432}.
     *
     * @throws IllegalArgumentException if the target can't be understood or the settings can't be split over Pods
     */
    public static EvenkeelDataSource wrap(HikariDataSource hikari, String target) {
        return builder().wrap(hikari).target(target).build();
    }

    /**
     * A connection to the Pod that has most room, within HikariCP's {@code connectionTimeout}.
     *
     * @throws java.sql.SQLTransientConnectionException if none was free in time; the message has the counts of each Pod
     * @throws SQLException if this is closed
     */
    @Override
    public Connection getConnection() throws SQLException {
        return runtime.acquire();
    }

    /** Not supported: a pool has one user. */
    @Override
    public Connection getConnection(@Nullable String username, @Nullable String password) throws SQLException {
        throw new SQLFeatureNotSupportedException("Pool " + name
                + ": getConnection(user, password) (expected: getConnection(); a pool has one user, so build one"
                + " EvenkeelDataSource per user, or change the user through config())");
    }

    /** What the pool looks like now. Cheap enough to be asked every second. */
    public PoolStatus status() {
        return runtime.status();
    }

    /**
     * The settings that can be changed while it runs: {@code maximumPoolSize}, {@code minimumIdle},
     * {@code connectionTimeout}, {@code validationTimeout}, {@code idleTimeout}, {@code leakDetectionThreshold},
     * {@code catalog}, and user name, password or credentials, which new connections use.
     */
    public HikariConfigMXBean config() {
        return runtime.config();
    }

    /** The pool's name. */
    public String name() {
        return name;
    }

    public boolean isClosed() {
        return closed.get();
    }

    /**
     * Hands out nothing any more, closes idle connections at once and those in use when they are returned, until the close
     * timeout; what is in use even then is aborted. When it returns, no thread of this pool is left. May be called again.
     */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            runtime.close();
        }
    }

    @Override
    public @Nullable PrintWriter getLogWriter() {
        return logWriter;
    }

    @Override
    public void setLogWriter(@Nullable PrintWriter out) {
        logWriter = out;
    }

    /** In seconds, HikariCP's {@code connectionTimeout}. */
    @Override
    public int getLoginTimeout() {
        return (int) Math.min(Integer.MAX_VALUE, runtime.config().getConnectionTimeout() / 1000);
    }

    @Override
    public void setLoginTimeout(int seconds) throws SQLException {
        throw new SQLFeatureNotSupportedException("Pool " + name + ": setLoginTimeout(" + seconds
                + ") (expected: config().setConnectionTimeout(milliseconds), or the driver's own connect timeout)");
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
        throw new SQLFeatureNotSupportedException("getParentLogger (expected: slf4j's logger io.evenkeel)");
    }

    /** Itself only: there is no single data source beneath. */
    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        if (type.isInstance(this)) {
            return type.cast(this);
        }
        throw new SQLException(
                "Pool " + name + ": unwrap to " + type.getName()
                        + " (expected: EvenkeelDataSource; each Pod has a data source of its own, so unwrap a Connection instead)");
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
        return type.isInstance(this);
    }

    @Override
    public String toString() {
        return "EvenkeelDataSource[" + name + (isClosed() ? ", closed]" : "]");
    }

    /** What runs beneath, seen from here. */
    interface Runtime {
        Connection acquire() throws SQLException;

        PoolStatus status();

        HikariConfigMXBean config();

        /** Called once. */
        void close();
    }
}
