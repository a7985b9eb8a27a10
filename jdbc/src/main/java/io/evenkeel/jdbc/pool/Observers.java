package io.evenkeel.jdbc.pool;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.SQLExceptionOverride;
import com.zaxxer.hikari.metrics.IMetricsTracker;
import com.zaxxer.hikari.metrics.MetricsTrackerFactory;
import com.zaxxer.hikari.metrics.PoolStats;
import io.evenkeel.jdbc.pool.ConnectionPool.Counts;
import java.lang.reflect.Constructor;
import java.sql.SQLException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What HikariCP's settings have observe the pool: its metrics (one tracker for the whole pool, with HikariCP's names), the
 * detection of leaks, and {@code exceptionOverride}. All of it is foreign code: what it throws is logged once per kind, and
 * changes nothing. Thread-safe.
 */
public final class Observers implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Observers.class);
    private static final String FACTORIES = "com.zaxxer.hikari.metrics.";

    private final String pool;
    private final @Nullable SQLExceptionOverride override;
    private final Set<String> logged = ConcurrentHashMap.newKeySet();
    private volatile @Nullable IMetricsTracker tracker;

    /**
     * @param override HikariCP's {@code exceptionOverride}, or null
     */
    public Observers(String pool, @Nullable SQLExceptionOverride override) {
        this.pool = pool;
        this.override = override;
    }

    /**
     * Begins to record where the settings have a {@code metricsTrackerFactory} or a {@code metricRegistry}.
     *
     * @param counts asked by the gauges
     * @throws IllegalArgumentException if the registry is of no kind that HikariCP knows
     */
    public void record(HikariConfig config, Supplier<Counts> counts, Supplier<PoolSettings> settings) {
        MetricsTrackerFactory factory = factory(config);
        if (factory != null) {
            tracker = factory.create(pool, new Stats(counts, settings));
        }
    }

    private static @Nullable MetricsTrackerFactory factory(HikariConfig config) {
        if (config.getMetricsTrackerFactory() != null) {
            return config.getMetricsTrackerFactory();
        }
        Object registry = config.getMetricRegistry();
        return registry == null ? null : factoryFor(registry);
    }

    /** HikariCP itself chooses by class name, since every one of these libraries is optional. */
    private static MetricsTrackerFactory factoryFor(Object registry) {
        for (String name : new String[] {
            "micrometer.MicrometerMetricsTrackerFactory",
            "dropwizard.CodahaleMetricsTrackerFactory",
            "dropwizard.Dropwizard5MetricsTrackerFactory"
        }) {
            try {
                Class<?> type = Class.forName(FACTORIES + name);
                for (Constructor<?> constructor : type.getConstructors()) {
                    Class<?>[] parameters = constructor.getParameterTypes();
                    if (parameters.length == 1 && parameters[0].isInstance(registry)) {
                        return (MetricsTrackerFactory) constructor.newInstance(registry);
                    }
                }
            } catch (ReflectiveOperationException | LinkageError e) {
                LOG.debug("{} is not for {}", name, registry.getClass(), e);
            }
        }
        throw new IllegalArgumentException(
                "metricRegistry: " + registry.getClass().getName()
                        + " (expected: a MeterRegistry of Micrometer or a MetricRegistry of Dropwizard 3 to 5)");
    }

    boolean isObserving(PoolSettings settings) {
        return tracker != null || settings.leakDetectionThreshold() > 0;
    }

    SQLExceptionOverride.@Nullable Override verdictOn(SQLException failure) {
        if (override == null) {
            return null;
        }
        try {
            return override.adjudicate(failure);
        } catch (RuntimeException | Error e) {
            failed("exceptionOverride", e);
            return null;
        }
    }

    void created(long nanos) {
        IMetricsTracker told = tracker;
        if (told != null) {
            guarded(
                    "connectionCreated",
                    () -> told.recordConnectionCreatedMillis(TimeUnit.NANOSECONDS.toMillis(nanos)));
        }
    }

    void timedOut() {
        IMetricsTracker told = tracker;
        if (told != null) {
            guarded("connectionTimeout", told::recordConnectionTimeout);
        }
    }

    /** A connection was handed out after so long. */
    Loan begin(PooledConnection connection, long waitedNanos, PoolSettings settings, IoThreads io) {
        IMetricsTracker told = tracker;
        long start = System.nanoTime();
        if (told != null) {
            guarded("connectionAcquired", () -> told.recordConnectionAcquiredNanos(waitedNanos));
        }
        long threshold = settings.leakDetectionThreshold();
        Leak leak = threshold > 0 ? new Leak(pool, connection.toString()) : null;
        IoThreads.Cancellable timer = leak == null ? null : io.schedule(leak, threshold);
        return () -> {
            if (timer != null && leak != null) {
                timer.cancel();
                leak.returned();
            }
            if (told != null) {
                long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
                guarded("connectionUsage", () -> told.recordConnectionUsageMillis(millis));
            }
        };
    }

    private void guarded(String what, Runnable call) {
        try {
            call.run();
        } catch (RuntimeException | Error e) {
            failed(what, e);
        }
    }

    void failed(String what, Throwable cause) {
        if (logged.add(what + ' ' + cause.getClass().getName())) {
            LOG.warn("Pool {}: {} failed; further failures of this kind are not logged", pool, what, cause);
        }
    }

    @Override
    public void close() {
        IMetricsTracker told = tracker;
        tracker = null;
        if (told != null) {
            guarded("close", told::close);
        }
    }

    /** Where a connection was taken that has not come back. */
    private static final class Leak extends Exception implements Runnable {
        private static final long serialVersionUID = 1L;

        private final String pool;
        private final String connection;
        private final String thread = Thread.currentThread().getName();
        private volatile boolean reported;

        Leak(String pool, String connection) {
            super("Apparent connection leak detected");
            this.pool = pool;
            this.connection = connection;
        }

        @Override
        public void run() {
            reported = true;
            LOG.warn(
                    "Pool {}: connection leak detection triggered for {} on thread {}, stack trace follows",
                    pool,
                    connection,
                    thread,
                    this);
        }

        void returned() {
            if (reported) {
                LOG.info(
                        "Pool {}: previously reported leaked {} on thread {} was returned (unleaked)",
                        pool,
                        connection,
                        thread);
            }
        }
    }

    /** HikariCP asks for these at most once a second. */
    private static final class Stats extends PoolStats {
        private final Supplier<Counts> counts;
        private final Supplier<PoolSettings> settings;

        Stats(Supplier<Counts> counts, Supplier<PoolSettings> settings) {
            super(TimeUnit.SECONDS.toMillis(1));
            this.counts = counts;
            this.settings = settings;
        }

        @Override
        protected void update() {
            Counts now = counts.get();
            totalConnections = now.total();
            idleConnections = now.idle();
            activeConnections = now.active();
            pendingThreads = now.waiting();
            maxConnections = settings.get().budget();
            minConnections = settings.get().minimumIdle();
        }
    }
}
