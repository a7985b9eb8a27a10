package io.evenkeel.jdbc.pool;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.util.UtilityElf;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a pool, as a {@link HikariConfig} has them at one moment; times in milliseconds. Of the whole pool,
 * over all Pods.
 *
 * @param name the pool's, in messages and thread names
 * @param budget the most connections over all Pods; at least 1
 * @param surge how many more there may be while connections move; 0 or 1
 * @param minimumIdle how many idle ones are kept ready; below {@code budget}, connections are opened when they are
 *     needed
 * @param connectionTimeout how long a caller waits, and the limit that drivers are given for connecting; above 0
 * @param validationTimeout how long a test of a connection may take; above 0
 * @param idleTimeout after how long an idle connection beyond {@code minimumIdle} is closed; 0 for never
 * @param keepaliveTime how often an idle connection is tested; 0 for never
 * @param leakDetectionThreshold after how long in use a connection is reported as leaked; 0 for never
 * @param isolation the transaction isolation of {@link java.sql.Connection}, or -1 for the driver's default
 * @param catalog null for the driver's default
 * @param schema null for the driver's default
 * @param initSql executed on every new connection, or null
 * @param testQuery in place of {@link java.sql.Connection#isValid}, or null
 * @param isolateInternalQueries whether {@code initSql} and {@code testQuery} get a transaction of their own where
 *     {@code autoCommit} is off
 */
public record HikariSettings(
        String name,
        int budget,
        int surge,
        int minimumIdle,
        long connectionTimeout,
        long validationTimeout,
        long idleTimeout,
        long keepaliveTime,
        long leakDetectionThreshold,
        boolean autoCommit,
        boolean readOnly,
        int isolation,
        @Nullable String catalog,
        @Nullable String schema,
        @Nullable String initSql,
        @Nullable String testQuery,
        boolean isolateInternalQueries) {

    /** The driver decides. */
    static final int DRIVERS_ISOLATION = -1;

    /** A frozen Pod must not cost a caller its whole deadline. */
    private static final long LONGEST_VALIDATION = 1_000;

    private static final long SHORTEST_VALIDATION = 250;

    public HikariSettings {
        Objects.requireNonNull(name, "name");
        check(budget >= 1, "maximumPoolSize", budget, ">= 1");
        check(surge == 0 || surge == 1, "surge", surge, "0 or 1");
        check(minimumIdle >= 0 && minimumIdle <= budget, "minimumIdle", minimumIdle, "0 to " + budget);
        check(connectionTimeout > 0, "connectionTimeout", connectionTimeout, "> 0");
        check(validationTimeout > 0, "validationTimeout", validationTimeout, "> 0");
    }

    private static void check(boolean holds, String what, long value, String expected) {
        if (!holds) {
            throw new IllegalArgumentException(what + ": " + value + " (expected: " + expected + ")");
        }
    }

    /**
     * @throws IllegalArgumentException if a setting can't be honoured; the message says what to do instead
     */
    public static HikariSettings of(HikariConfig config, int surge) {
        int size = config.getMaximumPoolSize();
        int idle = config.getMinimumIdle();
        return new HikariSettings(
                config.getPoolName(),
                size,
                surge,
                // Unset means a pool of fixed size, as it does to HikariCP.
                idle < 0 || idle > size ? size : idle,
                config.getConnectionTimeout(),
                config.getValidationTimeout(),
                config.getIdleTimeout(),
                config.getKeepaliveTime(),
                config.getLeakDetectionThreshold(),
                config.isAutoCommit(),
                config.isReadOnly(),
                isolation(config.getTransactionIsolation()),
                config.getCatalog(),
                config.getSchema(),
                config.getConnectionInitSql(),
                config.getConnectionTestQuery(),
                config.isIsolateInternalQueries());
    }

    private static int isolation(@Nullable String name) {
        if (name == null) {
            return DRIVERS_ISOLATION;
        }
        try {
            return UtilityElf.getTransactionIsolation(name);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "transactionIsolation: " + name + " (expected: a constant of java.sql.Connection such as"
                            + " TRANSACTION_READ_COMMITTED, or its number)",
                    e);
        }
    }

    /** Whether connections are opened when they are needed, rather than with their seat. */
    public boolean isElastic() {
        return minimumIdle < budget;
    }

    /** How long the test of a connection may take that a caller waits for: at most a third of what it has, or 1 s. */
    long validationMillis() {
        long part = Math.min(LONGEST_VALIDATION, connectionTimeout / 3);
        return Math.max(SHORTEST_VALIDATION, Math.min(validationTimeout, part));
    }
}
