package io.evenkeel.micrometer;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.status.EndpointStatus;
import io.evenkeel.status.PoolStatus;
import io.evenkeel.watch.SourceHealth;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The gauges of all pools of one name, from the first one's start to the last one's close. Each read looks at the pools
 * as they are at that moment. Thread-safe.
 */
final class PoolGauges {

    private static final Map<String, ToIntFunction<EndpointStatus>> STATES = Map.of(
            "idle", EndpointStatus::idle,
            "in_use", endpoint -> endpoint.inUse() - endpoint.draining(),
            "draining", EndpointStatus::draining,
            "connecting", EndpointStatus::connecting);

    private final MeterRegistry registry;
    private final MeterSource source;
    private final String pool;
    private final boolean podTag;
    private final List<Supplier<PoolStatus>> pools = new CopyOnWriteArrayList<>();
    private final List<Meter> gauges = new CopyOnWriteArrayList<>();
    private final List<DoubleSupplier> counted = new ArrayList<>();

    private final ReentrantLock lock = new ReentrantLock();
    /** Guarded by the lock: the gauges of the Pods that the last read of the pool's size saw. */
    private final Map<EndpointKey, List<Meter>> ofPods = new HashMap<>();

    private boolean ended;
    // Of the thread that registers, one at a time.
    private boolean registered;

    PoolGauges(MeterRegistry registry, MeterSource source, String pool, boolean podTag) {
        this.registry = registry;
        this.source = source;
        this.pool = pool;
        this.podTag = podTag;
    }

    /** Once the registry is bound; may be called again. One call at a time. */
    void register() {
        if (!registered) {
            registered = true;
            registerAll();
        }
    }

    void add(Supplier<PoolStatus> status) {
        pools.add(status);
    }

    /** @return whether any pool is left; if none is, the gauges are gone */
    boolean remove(Supplier<PoolStatus> status) {
        pools.remove(status);
        if (!pools.isEmpty()) {
            return true;
        }
        gauges.forEach(registry::remove);
        lock.lock();
        try {
            ended = true;
            ofPods.values().forEach(meters -> meters.forEach(registry::remove));
            ofPods.clear();
        } finally {
            lock.unlock();
        }
        return false;
    }

    private void registerAll() {
        if (!podTag) {
            STATES.forEach((state, count) -> gauge(
                    EvenkeelMeter.CONNECTIONS,
                    state,
                    () -> endpoints().mapToInt(count).sum()));
        }
        gauge(EvenkeelMeter.CONNECTIONS_MAX, null, this::sizeAfterLookingForPods);
        gauge(EvenkeelMeter.WAITING, null, () -> sum(PoolStatus::waiting));
        gauge(EvenkeelMeter.STREAMS_STICKING, null, () -> sum(PoolStatus::stickingStreams));
        gauge(EvenkeelMeter.MOVES_PENDING, null, () -> sum(PoolStatus::movesPending));
        gauge(
                EvenkeelMeter.PODS,
                "serving",
                () -> endpoints().filter(PoolGauges::isServing).count());
        gauge(
                EvenkeelMeter.PODS,
                "ejected",
                () -> endpoints().filter(EndpointStatus::isEjected).count());
        gauge(
                EvenkeelMeter.PODS,
                "leaving",
                () -> endpoints().filter(EndpointStatus::leaving).count());
        gauge(EvenkeelMeter.BALANCE, null, this::balance);
        gauge(EvenkeelMeter.SOURCE_AGE, null, this::sourceAge);
        gauge(EvenkeelMeter.SOURCE_STALE, null, () -> statuses().anyMatch(PoolGauges::isStale) ? 1 : 0);
        counter(
                EvenkeelMeter.SOURCE_REQUESTS,
                () -> sum(status -> status.source().requests()));
    }

    private void counter(EvenkeelMeter meter, DoubleSupplier read) {
        gauges.add(FunctionCounter.builder(meter.meterName(), read, DoubleSupplier::getAsDouble)
                .description(meter.meaning())
                .baseUnit(meter.baseUnit())
                .tags(source.tags(meter, pool, null, null))
                .register(registry));
        // held here, since Micrometer holds it weakly
        counted.add(read);
    }

    private void gauge(EvenkeelMeter meter, @Nullable String value, Supplier<Number> read) {
        gauges.add(gauge(meter, null, value, read));
    }

    private Gauge gauge(
            EvenkeelMeter meter, @Nullable EndpointKey endpoint, @Nullable String value, Supplier<Number> read) {
        return Gauge.builder(meter.meterName(), read)
                .description(meter.meaning())
                .baseUnit(meter.baseUnit())
                .tags(source.tags(meter, pool, endpoint, value))
                .strongReference(true)
                .register(registry);
    }

    private Stream<PoolStatus> statuses() {
        return pools.stream().map(Supplier::get);
    }

    private Stream<EndpointStatus> endpoints() {
        return statuses().flatMap(status -> status.endpoints().stream());
    }

    private double sum(ToDoubleFunction<PoolStatus> count) {
        return statuses().mapToDouble(count).sum();
    }

    private static boolean isServing(EndpointStatus endpoint) {
        return !endpoint.leaving() && !endpoint.isEjected();
    }

    private static boolean isStale(PoolStatus status) {
        return status.source().health() == SourceHealth.STALE;
    }

    /** Over the Pods that the plan gives seats: those that leave, or have none in a small pool, do not take part. */
    private double balance() {
        Map<EndpointKey, Integer> open = new HashMap<>();
        endpoints()
                .filter(endpoint -> !endpoint.leaving() && endpoint.plannedSeats() > 0)
                .forEach(endpoint -> open.merge(endpoint.endpoint().key(), endpoint.open(), Integer::sum));
        int most = open.values().stream().mapToInt(Integer::intValue).max().orElse(0);
        int all = open.values().stream().mapToInt(Integer::intValue).sum();
        return all == 0 ? Double.NaN : (double) most * open.size() / all;
    }

    private double sourceAge() {
        return statuses()
                .map(status -> status.source().age())
                .mapToDouble(age -> age == null ? Double.NaN : age.toNanos() / 1e9)
                .max()
                .orElse(Double.NaN);
    }

    private double sizeAfterLookingForPods() {
        List<PoolStatus> all = statuses().toList();
        if (podTag) {
            lookForPods(all);
        }
        return all.stream().mapToInt(PoolStatus::seats).sum();
    }

    /** No event says which Pods there are, but this gauge is read whenever the others are. */
    private void lookForPods(List<PoolStatus> all) {
        Set<EndpointKey> present = new HashSet<>();
        all.forEach(status -> status.endpoints()
                .forEach(endpoint -> present.add(endpoint.endpoint().key())));
        lock.lock();
        try {
            if (ended) {
                return;
            }
            ofPods.entrySet().removeIf(known -> {
                boolean gone = !present.contains(known.getKey());
                if (gone) {
                    known.getValue().forEach(registry::remove);
                }
                return gone;
            });
            present.forEach(key -> ofPods.computeIfAbsent(key, this::gaugesOf));
        } finally {
            lock.unlock();
        }
    }

    private List<Meter> gaugesOf(EndpointKey key) {
        return STATES.entrySet().stream()
                .<Meter>map(state -> gauge(
                        EvenkeelMeter.CONNECTIONS,
                        key,
                        state.getKey(),
                        () -> endpoints()
                                .filter(endpoint -> endpoint.endpoint().key().equals(key))
                                .mapToInt(state.getValue())
                                .sum()))
                .toList();
    }
}
