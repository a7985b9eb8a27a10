package io.evenkeel.micrometer;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.metrics.IMetricsTracker;
import com.zaxxer.hikari.metrics.PoolStats;
import io.evenkeel.CapturedLog;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class EvenkeelMetricsTest {
    private static final String POOL = "orders";

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final FakePool pool = new FakePool(POOL);

    private EvenkeelMetrics bound(EvenkeelMetrics metrics) {
        metrics.bindTo(registry);
        return metrics;
    }

    private double gauge(EvenkeelMeter meter, String... tags) {
        return registry.get(meter.meterName()).tags(tags).gauge().value();
    }

    @Test
    void every_meter_is_registered_as_it_is_documented_and_no_other() {
        EvenkeelMetrics metrics = bound(EvenkeelMetrics.builder().podTag(true).build());
        FakePool.recordEverything(metrics, pool);
        Set<String> registered = new TreeSet<>();
        for (Meter meter : registry.getMeters()) {
            registered.add(meter.getId().getName());
            EvenkeelMeter documented = Arrays.stream(EvenkeelMeter.values())
                    .filter(known -> known.meterName().equals(meter.getId().getName()))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError(meter.getId() + ": not documented"));
            assertThat(meter.getId().getType()).as(documented.name()).isEqualTo(documented.type());
            assertThat(meter.getId().getBaseUnit()).as(documented.name()).isEqualTo(documented.baseUnit());
            assertThat(meter.getId().getDescription()).as(documented.name()).isEqualTo(documented.meaning());
            Set<String> tags =
                    meter.getId().getTags().stream().map(Tag::getKey).collect(Collectors.toCollection(TreeSet::new));
            Set<String> expected = new TreeSet<>(documented.tags());
            expected.add("pool");
            if (documented.isPerPod()) {
                expected.add("pod");
            }
            assertThat(tags).as(documented.name()).isEqualTo(expected);
        }
        assertThat(registered)
                .isEqualTo(Arrays.stream(EvenkeelMeter.values())
                        .map(EvenkeelMeter::meterName)
                        .collect(Collectors.toCollection(TreeSet::new)));
    }

    @Test
    void a_registry_that_is_bound_after_pools_began_has_all_meters_and_micrometer_warns_of_nothing() {
        EvenkeelMetrics metrics =
                EvenkeelMetrics.builder().podTag(true).hikariNames(true).build();
        HikariConfig config = new HikariConfig();
        try (CapturedLog log = new CapturedLog()) {
            EvenkeelHikariMetrics.observe(config, metrics);
            IMetricsTracker tracker = config.getMetricsTrackerFactory().create(POOL, new PoolStats(1_000) {
                @Override
                protected void update() {
                    totalConnections = 6;
                }
            });
            metrics.poolStarted(POOL, pool);
            metrics.acquireWaited(POOL, Duration.ofMillis(1), false);
            tracker.recordConnectionAcquiredNanos(5);
            assertThat(metrics.registry().getMeters())
                    .as("what Micrometer warns of, once in a JVM, when a registry is added")
                    .isEmpty();
            bound(metrics);
            assertThat(registry.getMeters())
                    .extracting(meter -> meter.getId().getName())
                    .contains("hikaricp.connections", EvenkeelMeter.BALANCE.meterName());
            tracker.recordConnectionAcquiredNanos(5);
            tracker.recordConnectionUsageMillis(1);
            metrics.acquireWaited(POOL, Duration.ofMillis(1), false);
            tracker.close();
            assertThat(log.linesWith("micrometer")).isEmpty();
        }
        assertThat(registry.get(EvenkeelMeter.ACQUIRE.meterName()).timer().count())
                .as("counts before it was bound are lost")
                .isEqualTo(1);
        assertThat(registry.get(EvenkeelMeter.TIMEOUTS.meterName()).counter().count())
                .isEqualTo(1);
        assertThat(registry.getMeters())
                .extracting(meter -> meter.getId().getName())
                .as("the tracker's meters end with it")
                .doesNotContain("hikaricp.connections");
    }

    @Test
    void without_the_pod_tag_no_meter_has_it() {
        EvenkeelMetrics metrics = bound(EvenkeelMetrics.create());
        FakePool.recordEverything(metrics, pool);
        assertThat(registry.getMeters())
                .allSatisfy(meter -> assertThat(meter.getId().getTag("pod")).isNull());
    }

    @Test
    void gauges_show_the_pool_as_it_is() {
        bound(EvenkeelMetrics.create()).poolStarted(POOL, pool);
        pool.pod("pg-0", 4, 3, 1).pod("pg-1", 2, 1, 0).leaving("pg-2", 1, 1, 1);
        assertThat(gauge(EvenkeelMeter.CONNECTIONS, "state", "idle")).isEqualTo(2);
        assertThat(gauge(EvenkeelMeter.CONNECTIONS, "state", "in_use")).isEqualTo(3);
        assertThat(gauge(EvenkeelMeter.CONNECTIONS, "state", "draining")).isEqualTo(2);
        assertThat(gauge(EvenkeelMeter.CONNECTIONS_MAX)).isEqualTo(10);
        assertThat(gauge(EvenkeelMeter.WAITING)).isEqualTo(3);
        assertThat(gauge(EvenkeelMeter.STREAMS_STICKING)).isEqualTo(6);
        assertThat(registry.get("evenkeel.source.requests").functionCounter().count())
                .isEqualTo(5);
        assertThat(gauge(EvenkeelMeter.PODS, "state", "serving")).isEqualTo(2);
        assertThat(gauge(EvenkeelMeter.PODS, "state", "leaving")).isEqualTo(1);
        assertThat(gauge(EvenkeelMeter.BALANCE)).isEqualTo(4 / 3.0);
        pool.clear();
        assertThat(gauge(EvenkeelMeter.CONNECTIONS, "state", "idle")).isZero();
        assertThat(gauge(EvenkeelMeter.BALANCE)).isNaN();
    }

    @Test
    void the_age_of_the_source_is_nan_before_its_first_answer() {
        bound(EvenkeelMetrics.create()).poolStarted(POOL, pool);
        assertThat(gauge(EvenkeelMeter.SOURCE_AGE)).isNaN();
        assertThat(gauge(EvenkeelMeter.SOURCE_STALE)).isZero();
        pool.stale(Duration.ofSeconds(90));
        assertThat(gauge(EvenkeelMeter.SOURCE_AGE)).isEqualTo(90);
        assertThat(gauge(EvenkeelMeter.SOURCE_STALE)).isEqualTo(1);
    }

    @Test
    void pods_that_come_and_go_get_and_lose_their_gauges() {
        EvenkeelMetrics metrics = bound(EvenkeelMetrics.builder().podTag(true).build());
        metrics.poolStarted(POOL, pool);
        pool.pod("pg-0", 4, 3, 0).pod("pg-1", 2, 1, 0);
        gauge(EvenkeelMeter.CONNECTIONS_MAX);
        assertThat(gauge(EvenkeelMeter.CONNECTIONS, "state", "in_use", "pod", "pg-0"))
                .isEqualTo(3);
        pool.clear();
        pool.pod("pg-1", 2, 2, 0);
        gauge(EvenkeelMeter.CONNECTIONS_MAX);
        assertThat(registry.find(EvenkeelMeter.CONNECTIONS.meterName())
                        .tag("pod", "pg-0")
                        .gauge())
                .isNull();
        assertThat(gauge(EvenkeelMeter.CONNECTIONS, "state", "in_use", "pod", "pg-1"))
                .isEqualTo(2);
        metrics.poolClosed(POOL, pool);
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void two_pools_of_one_name_are_counted_together_until_both_are_closed() {
        EvenkeelMetrics metrics = bound(EvenkeelMetrics.create());
        FakePool other = new FakePool(POOL);
        metrics.poolStarted(POOL, pool);
        metrics.poolStarted(POOL, other);
        assertThat(gauge(EvenkeelMeter.CONNECTIONS_MAX)).isEqualTo(20);
        metrics.poolClosed(POOL, pool);
        assertThat(gauge(EvenkeelMeter.CONNECTIONS_MAX)).isEqualTo(10);
        metrics.poolClosed(POOL, other);
        assertThat(registry.find(EvenkeelMeter.CONNECTIONS_MAX.meterName()).gauge())
                .isNull();
        metrics.poolStarted(POOL, other);
        assertThat(gauge(EvenkeelMeter.CONNECTIONS_MAX)).isEqualTo(10);
    }

    @Test
    void a_registry_may_come_after_the_pool() {
        EvenkeelMetrics metrics = EvenkeelMetrics.create();
        metrics.poolStarted(POOL, pool);
        metrics.bindTo(registry);
        System.gc();
        Gauge seats = registry.get(EvenkeelMeter.CONNECTIONS_MAX.meterName()).gauge();
        assertThat(seats.value()).isEqualTo(10);
    }

    @Test
    void a_wait_that_timed_out_is_a_time_out() {
        EvenkeelMetrics metrics = bound(EvenkeelMetrics.create());
        metrics.acquireWaited(POOL, Duration.ofSeconds(3), false);
        metrics.acquireWaited(POOL, Duration.ofMillis(20), true);
        assertThat(registry.get("evenkeel.timeouts").counter().count()).isEqualTo(1);
        Timer acquired =
                registry.get("evenkeel.wait").tag("outcome", "acquired").timer();
        assertThat(acquired.totalTime(TimeUnit.MILLISECONDS)).isEqualTo(20);
    }

    @Test
    void a_move_is_counted_where_it_went() {
        EvenkeelMetrics metrics = bound(EvenkeelMetrics.builder().podTag(true).build());
        EndpointKey from = Endpoint.of("10.0.0.1", 5432).key();
        EndpointKey to = Endpoint.of("10.0.0.2", 5432).key();
        metrics.connectionMoved(POOL, from, to);
        assertThat(registry.get("evenkeel.moves")
                        .tag("pod", to.identity())
                        .counter()
                        .count())
                .isEqualTo(1);
    }

    @Test
    void prometheus_takes_them_all() {
        PrometheusMeterRegistry prometheus = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        EvenkeelMetrics metrics = EvenkeelMetrics.create();
        metrics.bindTo(prometheus);
        FakePool.recordEverything(metrics, pool);
        FakePool.recordEverything(metrics, new FakePool("billing"));
        String page = prometheus.scrape();
        assertThat(page).contains("evenkeel_connections{pool=\"orders\",state=\"in_use\"} 3.0");
        for (EvenkeelMeter meter : EvenkeelMeter.values()) {
            assertThat(page).as(meter.name()).contains(PrometheusName.of(meter) + "{");
        }
    }
}
