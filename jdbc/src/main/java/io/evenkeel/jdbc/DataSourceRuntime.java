package io.evenkeel.jdbc;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariConfigMXBean;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import com.zaxxer.hikari.pool.HikariPool;
import io.evenkeel.adapter.BalancedPool;
import io.evenkeel.adapter.DerivedTarget;
import io.evenkeel.adapter.PoolConfig;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.InvalidTargetException;
import io.evenkeel.endpoint.Target;
import io.evenkeel.jdbc.driver.DriverTemplate;
import io.evenkeel.jdbc.handle.FaultClassifier;
import io.evenkeel.jdbc.hikari.JdbcConnections;
import io.evenkeel.jdbc.pool.ConnectionPool;
import io.evenkeel.jdbc.pool.HikariAccess;
import io.evenkeel.jdbc.pool.HikariSettings;
import io.evenkeel.jdbc.pool.Observers;
import io.evenkeel.jdbc.pool.PoolParts;
import io.evenkeel.jdbc.pool.SeatPool;
import io.evenkeel.spi.SeatPolicy;
import io.evenkeel.status.PoolStatus;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One running data source: a balanced pool and its per-Pod pools, made and ended in order. */
final class DataSourceRuntime implements EvenkeelDataSource.Runtime {

    private static final Logger LOG = LoggerFactory.getLogger(EvenkeelDataSource.class);

    private static final int DEFAULT_SIZE = 10;
    private static final Duration START_POLL = Duration.ofMillis(250);

    private final String pool;
    private final LiveConfig live;
    private final BalancedPool balanced;
    private final ConnectionPool connections;
    private final Observers observers;
    private final PoolBean bean;
    private final HikariBeans beans;
    private final Duration closeTimeout;
    private final int surge;

    private DataSourceRuntime(
            PoolConfig pooled,
            LiveConfig live,
            Function<Endpoint, DataSource> drivers,
            EvenkeelDataSourceBuilder builder) {
        this.pool = pooled.name();
        this.live = live;
        this.closeTimeout = pooled.closeTimeout();
        HikariConfig config = live.settings();
        // Connections are renewed by the rebalancer, which knows where the next one is to go.
        config.setMaxLifetime(0);
        this.surge = pooled.balance().surge();
        this.balanced = BalancedPool.create(pooled);
        this.observers = new Observers(pool, balanced.ticker());
        this.connections = connections(builder.pooling, config, drivers);
        this.bean = new PoolBean(pool, connections);
        this.beans = new HikariBeans(pool);
        live.onChange(this::changed);
        start(builder.wrapped);
        if (config.isRegisterMbeans() && builder.pooling == Pooling.SEATS) {
            beans.register(live, bean);
        }
        failFast(builder);
    }

    private ConnectionPool connections(Pooling pooling, HikariConfig config, Function<Endpoint, DataSource> drivers) {
        HikariSettings settings = HikariSettings.of(config, surge);
        if (pooling == Pooling.HIKARI_PER_POD) {
            return new JdbcConnections(
                    settings,
                    config,
                    drivers,
                    balanced.signals(),
                    balanced.metrics(),
                    balanced.ticker(),
                    balanced.seed());
        }
        SeatPool made = new SeatPool(
                settings,
                new PoolParts(
                        drivers,
                        HikariAccess.credentials(config),
                        balanced.signals(),
                        balanced.metrics(),
                        observers,
                        new FaultClassifier(HikariAccess.exceptionOverride(config)),
                        config.getThreadFactory(),
                        balanced.ticker(),
                        balanced.seed()));
        observers.record(config, made::counts, made::settings);
        made.configure(settings);
        return made;
    }

    /** From here on connections are opened: not before those of the pool that this one replaces are closed. */
    private void start(@Nullable HikariDataSource replaced) {
        try {
            balanced.start(connections, () -> closeWrapped(pool, replaced));
        } catch (RuntimeException e) {
            connections.close(Duration.ZERO);
            throw e;
        }
    }

    /**
     * As HikariCP's constructor does it: with {@code initializationFailTimeout} at 0 or more waits for a first
     * connection, and above 0 fails with the reason once none of the Pods can be reached. A pool that is made from a
     * {@link HikariDataSource} waits for nothing, as that one does until it is first used; and where no Pod is known
     * yet there is nothing to judge.
     */
    private void failFast(EvenkeelDataSourceBuilder builder) {
        HikariConfig template = Objects.requireNonNull(builder.template);
        long patience = template.getInitializationFailTimeout();
        if (patience < 0 || template instanceof HikariDataSource) {
            return;
        }
        long start = balanced.ticker().nanos();
        SQLException refusal = firstConnection(patience, start);
        if (refusal == null || connections.lastFailure() == null) {
            return;
        }
        if (refusal instanceof SQLTransientConnectionException unavailable) {
            // Before the pool is closed, which would be the cause from then on.
            refusal = diagnosed(unavailable, millisSince(start));
        }
        if (patience > 0) {
            close();
            throw new HikariPool.PoolInitializationException(refusal);
        }
        LOG.warn("Pool {}: no connection at the start; callers wait until there is one", pool, refusal);
    }

    private long millisSince(long start) {
        return TimeUnit.NANOSECONDS.toMillis(balanced.ticker().nanos() - start);
    }

    private @Nullable SQLException firstConnection(long patienceMillis, long start) {
        while (true) {
            try {
                connections.acquireAtStart(START_POLL.toNanos()).close();
                return null;
            } catch (SQLException e) {
                long millis = millisSince(start);
                boolean over = millis >= Math.max(patienceMillis, live.getConnectionTimeout())
                        || (millis >= patienceMillis && (connections.isUnreachable() || sourceFails()))
                        || Thread.currentThread().isInterrupted();
                if (over) {
                    return e;
                }
            }
        }
    }

    /** No Pod is known, and the source has given a reason: the first caller would wait a second time for the same. */
    private boolean sourceFails() {
        PoolStatus now = status();
        return now.endpoints().isEmpty() && now.source().lastFailure() != null;
    }

    /** What can't be honoured over several Pods. */
    private static void refuse(HikariConfig config, Pooling pooling) {
        if (pooling == Pooling.HIKARI_PER_POD && !HikariAccess.canPoolPerPod()) {
            throw new IllegalArgumentException("pooling: HIKARI_PER_POD (expected: SEATS, or HikariCP 7 or newer on the"
                    + " class path; the pools per Pod are made with settings that this version doesn't have)");
        }
        if (config.isAllowPoolSuspension()) {
            throw new IllegalArgumentException("allowPoolSuspension: true (expected: false; a Pod is taken out by the"
                    + " cluster, by its readiness, and the others go on serving, so there is nothing to suspend)");
        }
        if (config.getHealthCheckRegistry() != null) {
            throw new IllegalArgumentException("healthCheckRegistry: " + config.getHealthCheckRegistry()
                    + " (expected: null; HikariCP's health checks need its own pool, so register one that asks"
                    + " EvenkeelDataSource.status())");
        }
    }

    static EvenkeelDataSource start(EvenkeelDataSourceBuilder settings) {
        HikariConfig template = settings.template;
        if (template == null) {
            throw new IllegalArgumentException(
                    "hikari: null (expected: a HikariConfig with the URL, user and pool size)");
        }
        requireUnused(settings.wrapped);
        refuse(template, settings.pooling);
        HikariConfig copy = new HikariConfig();
        template.copyStateTo(copy);
        if (copy.getMaximumPoolSize() < 1) {
            // Unset, to HikariCP 5, which sets its default only when it starts a pool.
            copy.setMaximumPoolSize(DEFAULT_SIZE);
        }
        LiveConfig live = new LiveConfig(copy);
        DriverTemplate driver = settings.connections == null ? DriverTemplate.from(copy) : null;
        Function<Endpoint, DataSource> drivers = settings.connections;
        if (driver != null) {
            drivers = endpoint -> driver.dataSource(endpoint, HikariAccess.credentials(copy));
        }
        PoolConfig pooled = poolConfig(settings, copy, live, driver);
        copy.setPoolName(pooled.name());
        return new EvenkeelDataSource(
                pooled.name(), new DataSourceRuntime(pooled, live, Objects.requireNonNull(drivers), settings));
    }

    /** What was set; what was not follows the template. Checked before any thread is started. */
    private static PoolConfig poolConfig(
            EvenkeelDataSourceBuilder settings, HikariConfig copy, LiveConfig live, @Nullable DriverTemplate driver) {
        // With the jitter of 25 % no connection gets older than maxLifetime, which may be a server's own limit.
        Duration age = Duration.ofMillis(live.getMaxLifetime() * 4 / 5);
        return settings.settings()
                .orTarget(() -> derivedTarget(driver))
                .orName(copy.getPoolName())
                .orMaxConnectionAge(age)
                .toConfig(SeatPolicy.budgeted(copy.getMaximumPoolSize()));
    }

    private static void requireUnused(@Nullable HikariDataSource wrapped) {
        if (wrapped != null && wrapped.isRunning()) {
            int active = wrapped.getHikariPoolMXBean().getActiveConnections();
            if (active > 0) {
                throw new IllegalStateException("wrap: pool " + wrapped.getPoolName() + " has " + active
                        + " connections in use (expected: none, since closing it would abort them; wrap it before its"
                        + " first use, or build from its HikariConfig and close it yourself)");
            }
        }
    }

    private static Target derivedTarget(@Nullable DriverTemplate driver) {
        if (driver == null) {
            throw new InvalidTargetException(
                    "target: null (expected: where the Pods are, since connections(…) says how to"
                            + " connect to one; for example dns:///pg-headless.default.svc:5432)");
        }
        DerivedTarget derived =
                DerivedTarget.of(driver.host(), driver.port(), DerivedTarget.Surroundings.ofThisProcess());
        LOG.info("Target {}, since {}", derived.target(), derived.why());
        return derived.target();
    }

    private static void closeWrapped(String pool, @Nullable HikariDataSource wrapped) {
        if (wrapped != null && !wrapped.isClosed()) {
            if (wrapped.isRunning()) {
                LOG.info("Pool {}: closes the pool that it replaces, {}", pool, wrapped.getPoolName());
            }
            wrapped.close();
        }
    }

    private void changed(HikariConfig settings) {
        connections.configure(HikariSettings.of(settings, surge));
        balanced.resize(settings.getMaximumPoolSize());
    }

    @Override
    public Connection acquire() throws SQLException {
        try {
            return connections.acquire(live.connectionTimeoutNanos());
        } catch (SQLTransientConnectionException refusal) {
            throw diagnosed(refusal, live.getConnectionTimeout());
        }
    }

    /** The pool knows its own counts; why connections are missing is known to the source and to health as well. */
    private NoConnectionException diagnosed(SQLTransientConnectionException refusal, long waitedMillis) {
        String whenExhausted = "return connections sooner, or raise maximumPoolSize ("
                + live.settings().getMaximumPoolSize() + ") or connectionTimeout ("
                + live.getConnectionTimeout() + " ms)";
        return new NoConnectionException(
                "no connection within " + waitedMillis + " ms", refusal, balanced.diagnosis(whenExhausted));
    }

    @Override
    public PoolStatus status() {
        return balanced.status();
    }

    @Override
    public HikariConfigMXBean config() {
        return live;
    }

    @Override
    public HikariPoolMXBean pool() {
        return bean;
    }

    @Override
    public void close() {
        LOG.info("Pool {}: closing", pool);
        // Before the connections: a round under way may still be joining a Pod.
        balanced.close();
        connections.close(closeTimeout);
        observers.close();
        beans.close();
        LOG.info("Pool {}: closed", pool);
    }
}
