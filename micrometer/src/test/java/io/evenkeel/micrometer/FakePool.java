package io.evenkeel.micrometer;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.metrics.IMetricsTracker;
import com.zaxxer.hikari.metrics.PoolStats;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.status.EndpointStatus;
import io.evenkeel.status.PoolStatus;
import io.evenkeel.status.SourceStatus;
import io.evenkeel.watch.SourceHealth;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A pool whose status the test says. */
final class FakePool implements Supplier<PoolStatus> {
    private final String name;
    private final List<EndpointStatus> endpoints = new ArrayList<>();
    private SourceHealth source = SourceHealth.UNKNOWN;
    private @Nullable Duration age;

    FakePool(String name) {
        this.name = name;
    }

    FakePool pod(String pod, int open, int inUse, int draining) {
        endpoints.add(status(pod, open, inUse, draining, false));
        return this;
    }

    FakePool leaving(String pod, int open, int inUse, int draining) {
        endpoints.add(status(pod, open, inUse, draining, true));
        return this;
    }

    private static EndpointStatus status(String pod, int open, int inUse, int draining, boolean leaving) {
        Endpoint endpoint = Endpoint.of(pod, "10.0.0.1", 5432);
        return new EndpointStatus(
                endpoint, leaving ? 0 : open, open, open, 0, inUse, open - inUse, draining, leaving, null, null);
    }

    void stale(Duration since) {
        source = SourceHealth.STALE;
        age = since;
    }

    void clear() {
        endpoints.clear();
    }

    @Override
    public PoolStatus get() {
        String target = "static:///10.0.0.1:5432";
        return new PoolStatus(
                name,
                target,
                Duration.ZERO,
                10,
                3,
                17,
                2,
                6,
                endpoints,
                new SourceStatus(target, source, age, null, "reason", null, 5, List.of()),
                "plan",
                0,
                0,
                false,
                Map.of());
    }

    /** Makes every meter there is. */
    static void recordEverything(EvenkeelMetrics metrics, FakePool pool) {
        EndpointKey pod = new EndpointKey("pg-0", "10.0.0.1", 5432);
        metrics.poolStarted(pool.name, pool.pod("pg-0", 4, 3, 0));
        // what a scrape reads first is not said: Pods have their gauges from the second on
        pool.get();
        metrics.registry()
                .get(EvenkeelMeter.CONNECTIONS_MAX.meterName())
                .gauges()
                .forEach(gauge -> gauge.value());
        Duration second = Duration.ofSeconds(1);
        metrics.acquireWaited(pool.name, second, true);
        metrics.acquireWaited(pool.name, second, false);
        metrics.connectionOpened(pool.name, pod, second);
        metrics.connectionFailed(pool.name, pod);
        metrics.connectionMoved(pool.name, pod, pod);
        metrics.endpointEjected(pool.name, pod);
        metrics.endpointReadmitted(pool.name, pod);
        metrics.drained(pool.name, pod, second, true);
        EvenkeelAmqpMetrics amqp = EvenkeelAmqpMetrics.of(metrics);
        amqp.rolledBack(pool.name, pod, pod, "broker");
        amqp.publisherPaused(pool.name, second);
        amqp.consumerGap(pool.name, second);
        amqp.recovered(pool.name, pod, second);
        HikariConfig config = new HikariConfig();
        EvenkeelHikariMetrics.observe(config, metrics);
        IMetricsTracker tracker = config.getMetricsTrackerFactory().create(pool.name, new NoStats());
        tracker.recordConnectionAcquiredNanos(second.toNanos());
        tracker.recordConnectionUsageMillis(second.toMillis());
    }

    static final class NoStats extends PoolStats {
        NoStats() {
            super(Long.MAX_VALUE);
        }

        @Override
        protected void update() {
            totalConnections = 7;
            pendingThreads = 2;
        }
    }
}
