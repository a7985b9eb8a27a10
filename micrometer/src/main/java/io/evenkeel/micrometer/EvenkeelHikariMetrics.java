package io.evenkeel.micrometer;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.metrics.IMetricsTracker;
import com.zaxxer.hikari.metrics.MetricsTrackerFactory;
import com.zaxxer.hikari.metrics.PoolStats;
import com.zaxxer.hikari.metrics.micrometer.MicrometerMetricsTrackerFactory;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
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
            others.add(new MicrometerMetricsTrackerFactory(metrics.registry()));
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
    private record Trackers(Timer acquire, Timer usage, List<IMetricsTracker> others) implements IMetricsTracker {

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
}
