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
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
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

    /** Everything is registered here once, after the first bind, and here passed on to what it is bound to. */
    private final CompositeMeterRegistry registry = new CompositeMeterRegistry();

    private final MeterSource meters;
    private final boolean podTag;
    private final boolean hikariNames;
    // A pool's gauges are registered within its compute, by its start or by the bind, whichever is later.
    private final ConcurrentHashMap<String, PoolGauges> pools = new ConcurrentHashMap<>();
    private final Queue<Runnable> waiting = new ConcurrentLinkedQueue<>();
    private volatile boolean bound;

    private EvenkeelMetrics(Builder builder) {
        podTag = builder.podTag;
        hikariNames = builder.hikariNames;
        meters = new MeterSource(builder.tags, podTag);
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
        // Before any meter is in ours: Micrometer warns of meters whose counts a registry that is added later lacks.
        registry.add(Objects.requireNonNull(other, "registry"));
        meters.bind(registry);
        bound = true;
        pools.keySet().forEach(this::register);
        for (Runnable late = waiting.poll(); late != null; late = waiting.poll()) {
            late.run();
        }
    }

    private void register(String pool) {
        pools.computeIfPresent(pool, (name, gauges) -> {
            gauges.register();
            return gauges;
        });
    }

    /** Runs this as soon as the registry is bound, which may be at once. */
    void whenBound(Runnable registration) {
        waiting.add(registration);
        // Added after the bind had looked, it is found here: once only, as it is taken out.
        if (bound && waiting.remove(registration)) {
            registration.run();
        }
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
        // After it is in the map: a bind at the same time finds it there, or this finds the bind.
        if (bound) {
            register(pool);
        }
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
