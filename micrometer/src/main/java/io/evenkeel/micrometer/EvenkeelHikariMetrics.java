package io.evenkeel.micrometer;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.metrics.IMetricsTracker;
import com.zaxxer.hikari.metrics.MetricsTrackerFactory;
import com.zaxxer.hikari.metrics.PoolStats;
import com.zaxxer.hikari.metrics.micrometer.MicrometerMetricsTrackerFactory;
import io.evenkeel.micrometer.MeterSource.LateTimer;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Gives a JDBC pool several of HikariCP's metrics trackers at once: ours, and those that were wanted anyway. A class of
 * its own, since it needs HikariCP, as the JDBC adapter does.
 */
public final class EvenkeelHikariMetrics implements MetricsTrackerFactory {
    private final MeterSource meters;
    private final List<MetricsTrackerFactory> others;

    private EvenkeelHikariMetrics(MeterSource meters, List<MetricsTrackerFactory> others) {
        this.meters = meters;
        this.others = others;
    }

    /**
     * Adds {@link EvenkeelMeter#ACQUIRE} and {@link EvenkeelMeter#USAGE} to the pool that will be built from this
     * configuration, and HikariCP's own meters where {@link EvenkeelMetrics.Builder#hikariNames} is set. A metrics
     * tracker that is set already, or a registry of Micrometer's, goes on as before.
     *
     * @param config not yet in use; its metrics tracker factory is replaced by one that serves all
     * @throws IllegalArgumentException if it has a registry of another library
     */
    public static void observe(HikariConfig config, EvenkeelMetrics metrics) {
        MetricsTrackerFactory configured = configured(config);
        if (config.getMetricRegistry() != null) {
            // HikariCP takes one or the other
            config.setMetricRegistry(null);
        }
        List<MetricsTrackerFactory> others = new ArrayList<>();
        if (configured != null) {
            others.add(configured);
        } else if (metrics.hikariNames()) {
            others.add((pool, stats) -> new LateTracker(metrics, pool, stats));
        }
        config.setMetricsTrackerFactory(new EvenkeelHikariMetrics(metrics.meters(), List.copyOf(others)));
    }

    private static @Nullable MetricsTrackerFactory configured(HikariConfig config) {
        if (config.getMetricRegistry() instanceof MeterRegistry own) {
            return new MicrometerMetricsTrackerFactory(own);
        }
        if (config.getMetricRegistry() != null) {
            throw new IllegalArgumentException("metricRegistry: "
                    + config.getMetricRegistry().getClass().getName()
                    + " (expected: one of Micrometer's, or none; set a "
                    + "metricsTrackerFactory to have another library's, too)");
        }
        return config.getMetricsTrackerFactory();
    }

    @Override
    public IMetricsTracker create(String poolName, PoolStats stats) {
        return new Trackers(
                meters.timer(EvenkeelMeter.ACQUIRE, poolName, null),
                meters.timer(EvenkeelMeter.USAGE, poolName, null),
                others.stream().map(factory -> factory.create(poolName, stats)).toList());
    }

    /** Time-outs are counted for all adapters alike, by the recorder. */
    private record Trackers(LateTimer acquire, LateTimer usage, List<IMetricsTracker> others)
            implements IMetricsTracker {

        @Override
        public void recordConnectionCreatedMillis(long millis) {
            others.forEach(other -> other.recordConnectionCreatedMillis(millis));
        }

        @Override
        public void recordConnectionAcquiredNanos(long nanos) {
            acquire.record(nanos, TimeUnit.NANOSECONDS);
            others.forEach(other -> other.recordConnectionAcquiredNanos(nanos));
        }

        @Override
        public void recordConnectionUsageMillis(long millis) {
            usage.record(millis, TimeUnit.MILLISECONDS);
            others.forEach(other -> other.recordConnectionUsageMillis(millis));
        }

        @Override
        public void recordConnectionTimeout() {
            others.forEach(IMetricsTracker::recordConnectionTimeout);
        }

        @Override
        public void close() {
            others.forEach(IMetricsTracker::close);
        }
    }

    /** HikariCP's own meters, registered once the registry is bound. */
    private static final class LateTracker implements IMetricsTracker {
        private final AtomicReference<@Nullable IMetricsTracker> real = new AtomicReference<>();
        private volatile boolean closed;

        LateTracker(EvenkeelMetrics metrics, String pool, PoolStats stats) {
            metrics.whenBound(() -> {
                if (!closed) {
                    real.set(new MicrometerMetricsTrackerFactory(metrics.registry()).create(pool, stats));
                }
                if (closed) {
                    end();
                }
            });
        }

        private void onReal(Consumer<IMetricsTracker> report) {
            IMetricsTracker known = real.get();
            if (known != null) {
                report.accept(known);
            }
        }

        private void end() {
            IMetricsTracker known = real.getAndSet(null);
            if (known != null) {
                known.close();
            }
        }

        @Override
        public void recordConnectionCreatedMillis(long millis) {
            onReal(tracker -> tracker.recordConnectionCreatedMillis(millis));
        }

        @Override
        public void recordConnectionAcquiredNanos(long nanos) {
            onReal(tracker -> tracker.recordConnectionAcquiredNanos(nanos));
        }

        @Override
        public void recordConnectionUsageMillis(long millis) {
            onReal(tracker -> tracker.recordConnectionUsageMillis(millis));
        }

        @Override
        public void recordConnectionTimeout() {
            onReal(IMetricsTracker::recordConnectionTimeout);
        }

        @Override
        public void close() {
            closed = true;
            end();
        }
    }
}
