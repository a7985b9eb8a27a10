package io.evenkeel.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.metrics.IMetricsTracker;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class EvenkeelHikariMetricsTest {
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final HikariConfig config = new HikariConfig();

    private IMetricsTracker tracker(EvenkeelMetrics metrics) {
        EvenkeelHikariMetrics.observe(config, metrics);
        return config.getMetricsTrackerFactory().create("orders", new FakePool.NoStats());
    }

    @Test
    void acquire_and_usage_are_timed() {
        EvenkeelMetrics metrics = EvenkeelMetrics.create();
        metrics.bindTo(registry);
        IMetricsTracker tracker = tracker(metrics);
        tracker.recordConnectionAcquiredNanos(2_000_000);
        tracker.recordConnectionUsageMillis(5);
        assertThat(registry.get("evenkeel.acquire")
                        .tag("pool", "orders")
                        .timer()
                        .totalTime(TimeUnit.MILLISECONDS))
                .isEqualTo(2);
        assertThat(registry.get("evenkeel.usage").timer().totalTime(TimeUnit.MILLISECONDS))
                .isEqualTo(5);
        assertThat(registry.find("hikaricp.connections").meters()).isEmpty();
    }

    @Test
    void hikaris_own_names_are_there_on_request() {
        EvenkeelMetrics metrics = EvenkeelMetrics.builder().hikariNames(true).build();
        metrics.bindTo(registry);
        IMetricsTracker tracker = tracker(metrics);
        tracker.recordConnectionTimeout();
        assertThat(registry.get("hikaricp.connections")
                        .tag("pool", "orders")
                        .gauge()
                        .value())
                .isEqualTo(7);
        assertThat(registry.get("hikaricp.connections.pending").gauge().value()).isEqualTo(2);
        assertThat(registry.get("hikaricp.connections.timeout").counter().count())
                .isEqualTo(1);
    }

    @Test
    void a_registry_that_was_configured_goes_on() {
        SimpleMeterRegistry configured = new SimpleMeterRegistry();
        config.setMetricRegistry(configured);
        tracker(EvenkeelMetrics.create()).recordConnectionTimeout();
        assertThat(configured.get("hikaricp.connections.timeout").counter().count())
                .isEqualTo(1);
    }

    @Test
    void a_tracker_that_was_configured_goes_on() {
        int[] timeouts = new int[1];
        config.setMetricsTrackerFactory((pool, stats) -> new IMetricsTracker() {
            @Override
            public void recordConnectionTimeout() {
                timeouts[0]++;
            }
        });
        tracker(EvenkeelMetrics.create()).recordConnectionTimeout();
        assertThat(timeouts[0]).isEqualTo(1);
    }

    @Test
    void another_librarys_registry_is_refused() {
        HikariConfig dropwizard = new HikariConfig() {
            @Override
            public Object getMetricRegistry() {
                return "a registry";
            }
        };
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EvenkeelHikariMetrics.observe(dropwizard, EvenkeelMetrics.create()))
                .withMessageContaining("metricRegistry: java.lang.String (expected: one of Micrometer's, or none");
    }
}
