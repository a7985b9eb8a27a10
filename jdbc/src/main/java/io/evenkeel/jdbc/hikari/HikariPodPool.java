package io.evenkeel.jdbc.hikari;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariCredentialsProvider;
import com.zaxxer.hikari.metrics.MetricsTrackerFactory;
import com.zaxxer.hikari.pool.HikariPool;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.jdbc.pool.Observers;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One Pod's pool, by HikariCP. {@link HikariPool} is used rather than {@code HikariDataSource} because only it takes a
 * time limit per borrow and can be asked for one more connection; the reasons are in docs/adr/0004-acquire-path.md.
 *
 * <p>The configuration is the user's, except that the pool is built at its largest size (the queue of its connection
 * adder never grows later) and then made smaller, starts empty, and shares its timers with the other Pods' pools.
 */
final class HikariPodPool implements PodPool {
    private static final Logger LOG = LoggerFactory.getLogger(HikariPodPool.class);

    /** HikariCP's lower bound for every time limit. */
    private static final long SHORTEST_MILLIS = 250;

    private static final long LONGEST_VALIDATION_MILLIS = 1_000;

    private final HikariConfig config;
    private final HikariPool pool;
    private final AtomicBoolean closed = new AtomicBoolean();

    /** @param guarded has the user's metrics fail alone */
    HikariPodPool(
            HikariConfig template,
            String name,
            EndpointKey endpoint,
            int largest,
            DataSource dataSource,
            ScheduledExecutorService timers,
            UnaryOperator<MetricsTrackerFactory> guarded) {
        config = withoutDriverProperties(template);
        MetricsTrackerFactory metrics = Observers.factory(template);
        if (metrics != null) {
            config.setMetricsTrackerFactory(guarded.apply(metrics));
        }
        config.setPoolName(sanitise(name + "-" + endpoint));
        config.setDataSourceClassName(null);
        config.setCredentialsProvider(credentials(template));
        // The URL stays, although it is not connected to: HikariCP looks at it for what it works around in a driver.
        config.setDataSource(dataSource);
        config.setScheduledExecutor(timers);
        config.setMaximumPoolSize(largest);
        config.setMinimumIdle(0);
        config.setInitializationFailTimeout(-1);
        config.setValidationTimeout(validationMillis(template));
        config.validate();
        pool = new HikariPool(config);
        resize(0, 0);
    }

    /**
     * What a Pod's pool needs of the template. Not its state as a whole: HikariCP prints the driver's properties at
     * DEBUG and masks only the one that is called {@code password}, and this pool has no use for them, since its data
     * source connects.
     */
    private static HikariConfig withoutDriverProperties(HikariConfig template) {
        HikariConfig copy = new HikariConfig();
        copy.setJdbcUrl(template.getJdbcUrl());
        copy.setConnectionTimeout(template.getConnectionTimeout());
        copy.setIdleTimeout(template.getIdleTimeout());
        copy.setMaxLifetime(template.getMaxLifetime());
        copy.setKeepaliveTime(template.getKeepaliveTime());
        copy.setLeakDetectionThreshold(template.getLeakDetectionThreshold());
        copy.setAutoCommit(template.isAutoCommit());
        copy.setReadOnly(template.isReadOnly());
        copy.setCatalog(template.getCatalog());
        copy.setSchema(template.getSchema());
        copy.setTransactionIsolation(template.getTransactionIsolation());
        copy.setConnectionInitSql(template.getConnectionInitSql());
        copy.setConnectionTestQuery(template.getConnectionTestQuery());
        copy.setIsolateInternalQueries(template.isIsolateInternalQueries());
        copy.setAllowPoolSuspension(template.isAllowPoolSuspension());
        copy.setRegisterMbeans(template.isRegisterMbeans());
        copy.setThreadFactory(template.getThreadFactory());
        copy.setExceptionOverride(template.getExceptionOverride());
        return copy;
    }

    /**
     * A Pod that is frozen must not cost a caller the whole deadline, so validating may take a third of it, at most 1
     * s.
     */
    static long validationMillis(HikariConfig template) {
        long part = Math.min(LONGEST_VALIDATION_MILLIS, template.getConnectionTimeout() / 3);
        return Math.max(SHORTEST_MILLIS, Math.min(template.getValidationTimeout(), part));
    }

    /** Asked for on every connect, so that a password changed in the template counts from the next connection on. */
    static HikariCredentialsProvider credentials(HikariConfig template) {
        HikariCredentialsProvider own = template.getCredentialsProvider();
        return own != null ? own : template::getCredentials;
    }

    /** JMX object names allow neither of these characters unquoted. */
    static String sanitise(String name) {
        return name.replaceAll("[:,=*?\"\\s]", "_");
    }

    @Override
    public Connection borrow(long timeoutMillis) throws SQLException {
        return pool.getConnection(timeoutMillis);
    }

    @Override
    public void evict(Connection borrowed) {
        pool.evictConnection(borrowed);
    }

    @Override
    public void resize(int maximum, int minimumIdle) {
        // HikariCP allows no pool of size 0; the data source refuses to connect where there is no seat.
        config.setMinimumIdle(minimumIdle);
        config.setMaximumPoolSize(Math.max(1, maximum));
    }

    @Override
    public void nudge() {
        pool.addBagItem(1);
    }

    @Override
    public void evictAll() {
        config.setMinimumIdle(0);
        pool.softEvictConnections();
    }

    @Override
    public void softEvict() {
        pool.softEvictConnections();
    }

    @Override
    public int total() {
        return pool.getTotalConnections();
    }

    @Override
    public int active() {
        return pool.getActiveConnections();
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        try {
            pool.shutdown();
        } catch (InterruptedException e) {
            LOG.debug("{}: interrupted while closing", config.getPoolName(), e);
            Thread.currentThread().interrupt();
        }
    }
}
