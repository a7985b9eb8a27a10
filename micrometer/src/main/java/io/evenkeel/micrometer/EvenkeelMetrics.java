package io.evenkeel.micrometer;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.status.PoolStatus;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * The meters of any number of pools, of all adapters. One object for the application:
 *
 * <pre>{@code
 * EvenkeelMetrics metrics = EvenkeelMetrics.create();
 * metrics.bindTo(registry);                                    // also later, or to several
 * EvenkeelHikariMetrics.observe(hikariConfig, metrics);        // JDBC: acquire and usage timers, too
 * EvenkeelDataSource.builder().hikari(hikariConfig).metrics(metrics).build();
 * EvenkeelRSocketClient.builder().target(target).metrics(metrics).build();
 * connectionFactory.setMetrics(metrics);
 * connectionFactory.setAmqpMetrics(EvenkeelAmqpMetrics.of(metrics));   // AMQP: pauses, roll-backs and recoveries, too
 * }</pre>
 *
 * <p>{@link EvenkeelMeter} describes each meter. Percentiles and histograms are left to the registry. Before it is
 * bound to a registry gauges are kept and counts are lost. Pools of the same name are counted together; a pool's gauges
 * are removed when it is closed. Thread-safe.
 */
public final class EvenkeelMetrics implements MeterBinder, MetricsRecorder {

    /** Everything is registered here once, and here passed on to what it is bound to. */
    private final CompositeMeterRegistry registry = new CompositeMeterRegistry();

    private final MeterSource meters;
    private final boolean podTag;
    private final boolean hikariNames;
    private final ConcurrentHashMap<String, PoolGauges> pools = new ConcurrentHashMap<>();

    private EvenkeelMetrics(Builder builder) {
        podTag = builder.podTag;
        hikariNames = builder.hikariNames;
        meters = new MeterSource(registry, builder.tags, podTag);
    }

    /** With every default. */
    public static EvenkeelMetrics create() {
        return builder().build();
    }

    /** A builder that holds the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** Registers all meters, those of pools that exist already included, with one registry more. */
    @Override
    public void bindTo(MeterRegistry other) {
        registry.add(Objects.requireNonNull(other, "registry"));
    }

    MeterSource meters() {
        return meters;
    }

    MeterRegistry registry() {
        return registry;
    }

    boolean hikariNames() {
        return hikariNames;
    }

    @Override
    public void poolStarted(String pool, Supplier<PoolStatus> status) {
        pools.compute(pool, (name, known) -> {
            PoolGauges gauges = known == null ? new PoolGauges(registry, meters, name, podTag) : known;
            gauges.add(status);
            return gauges;
        });
    }

    @Override
    public void poolClosed(String pool, Supplier<PoolStatus> status) {
        pools.computeIfPresent(pool, (name, known) -> known.remove(status) ? known : null);
    }

    @Override
    public void acquireWaited(String pool, Duration waited, boolean acquired) {
        meters.timer(EvenkeelMeter.WAIT, pool, null, acquired ? "acquired" : "timed_out")
                .record(waited);
        if (!acquired) {
            meters.counter(EvenkeelMeter.TIMEOUTS, pool, null).increment();
        }
    }

    @Override
    public void connectionOpened(String pool, EndpointKey endpoint, Duration took) {
        meters.timer(EvenkeelMeter.CONNECT, pool, endpoint).record(took);
    }

    @Override
    public void connectionFailed(String pool, EndpointKey endpoint) {
        meters.counter(EvenkeelMeter.FAILURES, pool, endpoint).increment();
    }

    @Override
    public void connectionMoved(String pool, EndpointKey from, EndpointKey to) {
        meters.counter(EvenkeelMeter.MOVES, pool, to).increment();
    }

    @Override
    public void endpointEjected(String pool, EndpointKey endpoint) {
        meters.counter(EvenkeelMeter.EJECTIONS, pool, endpoint).increment();
    }

    @Override
    public void endpointReadmitted(String pool, EndpointKey endpoint) {
        meters.counter(EvenkeelMeter.READMISSIONS, pool, endpoint).increment();
    }

    @Override
    public void drained(String pool, EndpointKey endpoint, Duration took, boolean withinDeadline) {
        meters.timer(EvenkeelMeter.DRAINS, pool, endpoint, withinDeadline ? "met" : "missed")
                .record(took);
    }

    /** Collects the settings of an {@link EvenkeelMetrics}. Not thread-safe. */
    public static final class Builder {
        private boolean podTag;
        private boolean hikariNames;
        private Tags tags = Tags.empty();

        private Builder() {}

        /**
         * Whether meters about one Pod have the tag {@code pod}, its name or address. Defaults to false: every rollout
         * makes new time series then, for ever in most back ends.
         */
        @CanIgnoreReturnValue
        public Builder podTag(boolean value) {
            podTag = value;
            return this;
        }

        /**
         * Whether {@link EvenkeelHikariMetrics#observe} also registers HikariCP's own meters, {@code
         * hikaricp.connections.*}, for dashboards that exist. Defaults to false.
         */
        @CanIgnoreReturnValue
        public Builder hikariNames(boolean value) {
            hikariNames = value;
            return this;
        }

        /** Tags of every meter. Defaults to none. */
        @CanIgnoreReturnValue
        public Builder tags(Tags value) {
            tags = Objects.requireNonNull(value, "tags");
            return this;
        }

        /** The metrics, bound to no registry yet. */
        public EvenkeelMetrics build() {
            return new EvenkeelMetrics(this);
        }
    }
}
