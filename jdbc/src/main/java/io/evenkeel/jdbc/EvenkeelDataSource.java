package io.evenkeel.jdbc;

import com.zaxxer.hikari.HikariConfigMXBean;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.jdbc.handle.DelegatingConnection;
import io.evenkeel.status.PoolStatus;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A {@code DataSource} whose connections follow the Pods behind a Service: spread evenly over them, moved to new Pods
 * within seconds, retired gently before a Pod goes.
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
 * <p>All Pods together have no more connections than {@code maximumPoolSize}. Settings mean what they mean to
 * HikariCP, for all Pods together; docs/hikari.md goes through them one by one. {@code maxLifetime} is the default of
 * the maximum connection age.
 *
 * <p>Building it from a {@link com.zaxxer.hikari.HikariConfig} fails fast, as HikariCP does, if no Pod can be reached;
 * {@code initializationFailTimeout} below 0 has callers wait instead. Built from a {@link HikariDataSource} it waits
 * for nothing.
 *
 * <p>Thread-safe. {@link #close()} it at the end. Not final, so that frameworks can put a proxy in front of it; not
 * meant to be extended otherwise.
 */
public class EvenkeelDataSource implements DataSource, AutoCloseable {

    private final String name;
    private final Runtime runtime;
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile @Nullable PrintWriter logWriter;

    /** For proxies that make a subclass and hand every call on to the real one. */
    protected EvenkeelDataSource() {
        this("proxy", Runtime.NONE);
    }

    EvenkeelDataSource(String name, Runtime runtime) {
        this.name = name;
        this.runtime = runtime;
    }

    /** A builder with the defaults that each of its setters documents. */
    public static EvenkeelDataSourceBuilder builder() {
        return new EvenkeelDataSourceBuilder();
    }

    /**
     * Takes over the settings of an existing pool, with the target derived from its JDBC URL; closes that pool if it
     * was started, since its connections would count against the server beside ours.
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

    /**
     * The Pod that a connection leads to, such as for a tag of a span; also through proxies that can be unwrapped, and
     * after the connection was closed. Empty if the connection is of no Evenkeel pool. Asks no server.
     *
     * @throws SQLException if a proxy can't say what it wraps
     */
    public static Optional<EndpointKey> endpointOf(Connection connection) throws SQLException {
        return connection.isWrapperFor(DelegatingConnection.class)
                ? Optional.of(connection.unwrap(DelegatingConnection.class).endpoint())
                : Optional.empty();
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

    /** Counts over all Pods, as HikariCP shows them; {@code suspendPool} and {@code resumePool} are refused. */
    public HikariPoolMXBean pool() {
        return runtime.pool();
    }

    /** The pool's name. */
    public String name() {
        return name;
    }

    public boolean isClosed() {
        return closed.get();
    }

    /**
     * Hands out nothing any more, closes idle connections at once and those in use when they are returned, until the
     * close timeout; what is in use even then is aborted. When it returns, no thread of this pool is left. May be
     * called again.
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

    /**
     * To this type and to {@link HikariPoolMXBean}; there is no single data source beneath. Not to
     * {@link HikariConfigMXBean}, though {@link #config()} is one: Spring Boot casts what it gets by that to
     * {@link HikariDataSource}.
     */
    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        if (type.isInstance(this)) {
            return type.cast(this);
        }
        if (type == HikariPoolMXBean.class) {
            return type.cast(pool());
        }
        throw new SQLException("Pool " + name + ": unwrap to " + type.getName()
                + " (expected: EvenkeelDataSource or HikariPoolMXBean; settings are at config(); each Pod has a data"
                + " source of its own, so unwrap a Connection instead)");
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
        return type.isInstance(this) || type == HikariPoolMXBean.class;
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

        HikariPoolMXBean pool();

        /** Called once. */
        void close();

        /** Of a proxy's own superclass part, which is never asked. */
        Runtime NONE = new Runtime() {
            @Override
            public Connection acquire() throws SQLException {
                throw new SQLException(unproxied());
            }

            @Override
            public PoolStatus status() {
                throw new IllegalStateException(unproxied());
            }

            @Override
            public HikariConfigMXBean config() {
                throw new IllegalStateException(unproxied());
            }

            @Override
            public HikariPoolMXBean pool() {
                throw new IllegalStateException(unproxied());
            }

            @Override
            public void close() {}

            private String unproxied() {
                return "EvenkeelDataSource: no pool (expected: built by EvenkeelDataSource.builder(); a proxy hands"
                        + " every call on to such a one)";
            }
        };
    }
}
