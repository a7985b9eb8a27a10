package io.evenkeel.jdbc.pool;

import io.evenkeel.jdbc.driver.DriverConnection;
import io.evenkeel.jdbc.driver.Liveness;
import io.evenkeel.jdbc.driver.LivenessProbe;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection at a server, what its state is to be between two users, and what it is now. Confined to the thread
 * that owns its seat, except for {@link #peek}, {@link #evict} and {@link #abort}.
 *
 * <p>Only what differs is set again on return, and only what was changed through JDBC is known: a {@code SET} by SQL
 * stays, as in HikariCP.
 */
final class Session {
    private static final Logger LOG = LoggerFactory.getLogger(Session.class);
    static final int CLOSE_MILLIS = (int) TimeUnit.SECONDS.toMillis(15);
    private static final @Nullable Statement[] NONE = {};

    private final DriverConnection driver;
    private final Connection connection;
    private final Baseline baseline;
    final long openedAt;

    /** When it last answered, on the ticker. */
    long checkedAt;

    /** When the housekeeper asks it next, on the ticker; 0 if that is not yet decided. */
    long keepAliveAt;

    private boolean autoCommit;
    private boolean readOnly;
    private int isolation;
    private int networkTimeout;
    private @Nullable String catalog;
    private @Nullable String schema;

    private volatile boolean evicted;

    private @Nullable Statement[] statements = NONE;
    private int statementCount;

    /**
     * @param baseline the state that {@code driver}'s connection has now
     */
    Session(DriverConnection driver, Baseline baseline, long openedAt) {
        this.driver = driver;
        this.connection = driver.connection();
        this.baseline = baseline;
        this.openedAt = openedAt;
        this.checkedAt = openedAt;
        this.autoCommit = baseline.autoCommit();
        this.readOnly = baseline.readOnly();
        this.isolation = baseline.isolation();
        this.networkTimeout = baseline.networkTimeout();
        this.catalog = baseline.catalog();
        this.schema = baseline.schema();
    }

    /**
     * What a connection is set to when it is handed out.
     *
     * @param networkTimeout in milliseconds, or {@link #UNSUPPORTED}
     * @param catalog null to leave what a user set, as HikariCP does where none is configured
     * @param schema as {@code catalog}
     */
    record Baseline(
            boolean autoCommit,
            boolean readOnly,
            int isolation,
            int networkTimeout,
            @Nullable String catalog,
            @Nullable String schema) {
        static final int UNSUPPORTED = -1;
    }

    Connection connection() {
        return connection;
    }

    /** From any thread: it is to be closed when its user returns it. */
    void evict() {
        evicted = true;
    }

    boolean isEvicted() {
        return evicted;
    }

    /** Whether {@link #peek} sees anything. */
    @SuppressWarnings("ReferenceEquality") // NONE is one object
    boolean hasProbe() {
        return driver.probe() != LivenessProbe.NONE;
    }

    Liveness peek() {
        return driver.probe().peek();
    }

    // --- what its user did ---

    void autoCommit(boolean value) {
        autoCommit = value;
    }

    boolean isAutoCommit() {
        return autoCommit;
    }

    void readOnly(boolean value) {
        readOnly = value;
    }

    void isolation(int value) {
        isolation = value;
    }

    void networkTimeout(int value) {
        networkTimeout = value;
    }

    void catalog(@Nullable String value) {
        catalog = value;
    }

    void schema(@Nullable String value) {
        schema = value;
    }

    void opened(Statement statement) {
        if (statementCount == statements.length) {
            statements = Arrays.copyOf(statements, Math.max(8, statementCount * 2));
        }
        statements[statementCount++] = statement;
    }

    /** From the end: what was opened last is mostly closed first. */
    @SuppressWarnings("ReferenceEquality") // a driver may call two statements equal
    void closed(Statement statement) {
        for (int i = statementCount - 1; i >= 0; i--) {
            if (statements[i] == statement) {
                System.arraycopy(statements, i + 1, statements, i, statementCount - i - 1);
                statements[--statementCount] = null;
                return;
            }
        }
    }

    boolean hasStatements() {
        return statementCount > 0;
    }

    // --- its return ---

    /** Closes the statements that its user left open; what fails says nothing that the reset won't say. */
    void closeStatements() {
        int count = statementCount;
        statementCount = 0;
        for (int i = 0; i < count; i++) {
            @Nullable Statement statement = statements[i];
            statements[i] = null;
            if (statement == null) {
                continue;
            }
            try {
                statement.close();
            } catch (SQLException | RuntimeException e) {
                LOG.debug("closing {} of {} failed", statement, connection, e);
            }
        }
        if (statements.length > 64) {
            statements = NONE;
        }
    }

    /** Sets again what its user changed. */
    void reset() throws SQLException {
        if (readOnly != baseline.readOnly()) {
            connection.setReadOnly(baseline.readOnly());
            readOnly = baseline.readOnly();
        }
        if (autoCommit != baseline.autoCommit()) {
            connection.setAutoCommit(baseline.autoCommit());
            autoCommit = baseline.autoCommit();
        }
        if (isolation != baseline.isolation()) {
            connection.setTransactionIsolation(baseline.isolation());
            isolation = baseline.isolation();
        }
        if (baseline.catalog() != null && !baseline.catalog().equals(catalog)) {
            connection.setCatalog(baseline.catalog());
            catalog = baseline.catalog();
        }
        if (networkTimeout != baseline.networkTimeout()) {
            limit(baseline.networkTimeout());
            networkTimeout = baseline.networkTimeout();
        }
        if (baseline.schema() != null && !Objects.equals(schema, baseline.schema())) {
            connection.setSchema(baseline.schema());
            schema = baseline.schema();
        }
    }

    // --- tests ---

    /** Asks the server; any failure means no. */
    void validate(HikariSettings settings, long millis, long now) throws SQLException {
        limit((int) millis);
        try {
            int seconds = (int) Math.max(1, millis / 1000);
            if (settings.testQuery() == null) {
                if (!connection.isValid(seconds)) {
                    throw new SQLException("connection is not valid after " + millis + " ms", "08006");
                }
            } else {
                query(settings.testQuery(), seconds);
            }
        } finally {
            limit(baseline.networkTimeout());
            if (settings.isolateInternalQueries() && !baseline.autoCommit()) {
                connection.rollback();
            }
        }
        checkedAt = now;
    }

    private void query(String sql, int seconds) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            if (baseline.networkTimeout() == Baseline.UNSUPPORTED) {
                statement.setQueryTimeout(seconds);
            }
            statement.execute(sql);
        }
    }

    private void limit(int millis) throws SQLException {
        if (baseline.networkTimeout() != Baseline.UNSUPPORTED) {
            connection.setNetworkTimeout(Runnable::run, millis);
        }
    }

    // --- its end ---

    /** Closes it, however much of that fails; may block for a while. */
    void close() {
        try {
            if (!connection.isClosed()) {
                limit(CLOSE_MILLIS);
            }
        } catch (SQLException | RuntimeException | Error e) {
            LOG.debug("limiting the close of {} failed", connection, e);
        }
        try {
            connection.close();
        } catch (SQLException | RuntimeException | Error e) {
            LOG.debug("closing {} failed", connection, e);
        }
    }

    /** Ends it while it is in use. */
    void abort() {
        abort(connection);
    }

    /** Ends a connection whose set-up does not come back; may block. */
    static void abort(Connection connection) {
        try {
            connection.abort(Runnable::run);
        } catch (SQLException | RuntimeException | Error e) {
            LOG.debug("aborting {} failed", connection, e);
        }
    }
}
