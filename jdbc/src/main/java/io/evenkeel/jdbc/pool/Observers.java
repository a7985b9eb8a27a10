package io.evenkeel.jdbc.pool;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.metrics.IMetricsTracker;
import com.zaxxer.hikari.metrics.MetricsTrackerFactory;
import com.zaxxer.hikari.metrics.PoolStats;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.jdbc.pool.ConnectionPool.Counts;
import io.evenkeel.spi.Guard;
import io.evenkeel.time.Ticker;
import java.lang.reflect.Constructor;
import java.sql.Connection;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What HikariCP's settings have observe the pool: its metrics (one tracker for the whole pool, with HikariCP's names)
 * and the detection of leaks. All of it is foreign code: what it throws is logged once per kind, and changes nothing.
 * Thread-safe.
 */
public final class Observers implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Observers.class);
    private static final String FACTORIES = "com.zaxxer.hikari.metrics.";

    private final String pool;
    private final Guard guard;
    private final Ticker ticker;
    private volatile @Nullable IMetricsTracker tracker;

    public Observers(String pool, Ticker ticker) {
        this.pool = pool;
        this.ticker = ticker;
        this.guard = new Guard("Pool " + pool);
    }

    /**
     * Begins to record where the settings have a {@code metricsTrackerFactory} or a {@code metricRegistry}.
     *
     * @param counts asked by the gauges
     * @throws IllegalArgumentException if the registry is of no kind that HikariCP knows
     */
    public void record(HikariConfig config, Supplier<Counts> counts, Supplier<HikariSettings> settings) {
        MetricsTrackerFactory factory = factory(config);
        if (factory != null) {
            tracker = factory.create(pool, new Stats(counts, settings));
        }
    }

    /**
     * What makes the tracker of the settings' metrics, or null if they have none.
     *
     * @throws IllegalArgumentException if the registry is of no kind that HikariCP knows
     */
    public static @Nullable MetricsTrackerFactory factory(HikariConfig config) {
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

    boolean isObserving(HikariSettings settings) {
        return tracker != null || settings.leakDetectionThreshold() > 0;
    }

    void created(long nanos) {
        IMetricsTracker recorder = tracker;
        if (recorder != null) {
            guarded(
                    "connectionCreated",
                    () -> recorder.recordConnectionCreatedMillis(TimeUnit.NANOSECONDS.toMillis(nanos)));
        }
    }

    /** A caller got none in so long, which HikariCP records among the times to acquire as well. */
    void timedOut(long waitedNanos) {
        IMetricsTracker recorder = tracker;
        if (recorder != null) {
            guarded("connectionAcquired", () -> recorder.recordConnectionAcquiredNanos(waitedNanos));
            guarded("connectionTimeout", recorder::recordConnectionTimeout);
        }
    }

    /** A connection was handed out after so long. */
    Loan begin(Connection connection, long waitedNanos, HikariSettings settings, PoolThreads io) {
        IMetricsTracker recorder = tracker;
        long start = ticker.nanos();
        if (recorder != null) {
            guarded("connectionAcquired", () -> recorder.recordConnectionAcquiredNanos(waitedNanos));
        }
        long threshold = settings.leakDetectionThreshold();
        Leak leak = threshold > 0 ? new Leak(pool, described(connection)) : null;
        PoolThreads.Cancellable timer = leak == null ? null : io.schedule(leak, threshold);
        return () -> {
            if (timer != null && leak != null) {
                timer.cancel();
                leak.returned();
            }
            if (recorder != null) {
                long millis = TimeUnit.NANOSECONDS.toMillis(ticker.nanos() - start);
                guarded("connectionUsage", () -> recorder.recordConnectionUsageMillis(millis));
            }
        };
    }

    /** By the driver's own words. */
    private String described(Connection connection) {
        return guard.call(
                "Connection.toString",
                null,
                connection::toString,
                failure -> connection.getClass().getSimpleName() + "@" + System.identityHashCode(connection));
    }

    private void guarded(String kind, Guard.Step foreign) {
        guard.run(kind, null, foreign);
    }

    void acquireWaited(MetricsRecorder metrics, long nanos, boolean acquired) {
        guarded("metrics.acquireWaited", () -> metrics.acquireWaited(pool, Duration.ofNanos(nanos), acquired));
    }

    @Override
    public void close() {
        IMetricsTracker recorder = tracker;
        tracker = null;
        if (recorder != null) {
            guarded("close", recorder::close);
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
        private final Supplier<HikariSettings> settings;

        Stats(Supplier<Counts> counts, Supplier<HikariSettings> settings) {
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
