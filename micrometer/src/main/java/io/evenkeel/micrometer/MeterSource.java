package io.evenkeel.micrometer;

import io.evenkeel.endpoint.EndpointKey;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Timers and counters as {@link EvenkeelMeter} describes them, each registered when it is first used after the registry
 * is bound: what is registered before would make Micrometer warn that its counts are lost. Keeps them, because to look
 * one up in a registry costs several objects. Thread-safe.
 */
final class MeterSource {
    private final Tags common;
    private final boolean podTag;
    private final ConcurrentHashMap<Key, LateTimer> timers = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<Key, LateCounter> counters = new ConcurrentHashMap<>();
    // Null until it leads anywhere.
    private volatile @Nullable MeterRegistry registry;

    MeterSource(Tags common, boolean podTag) {
        this.common = common;
        this.podTag = podTag;
    }

    /** From now on meters are registered here. */
    void bind(MeterRegistry bound) {
        registry = bound;
    }

    /** @param value that of the meter's own tag, or null if it has none */
    private record Key(
            EvenkeelMeter meter,
            String pool,
            @Nullable String pod,
            @Nullable String value) {}

    /** A timer that records nothing before its registry is bound. */
    final class LateTimer {
        private final Key key;
        // Registered twice it is the same one, so no lock is needed.
        private volatile @Nullable Timer timer;

        private LateTimer(Key key) {
            this.key = key;
        }

        void record(Duration took) {
            record(took.toNanos(), TimeUnit.NANOSECONDS);
        }

        void record(long amount, TimeUnit unit) {
            Timer known = timer;
            MeterRegistry bound = registry;
            if (known == null && bound != null) {
                known = Timer.builder(key.meter.meterName())
                        .description(key.meter.meaning())
                        .tags(tags(key))
                        .register(bound);
                timer = known;
            }
            if (known != null) {
                known.record(amount, unit);
            }
        }
    }

    /** A counter that counts nothing before its registry is bound. */
    final class LateCounter {
        private final Key key;
        private volatile @Nullable Counter counter;

        private LateCounter(Key key) {
            this.key = key;
        }

        void increment() {
            Counter known = counter;
            MeterRegistry bound = registry;
            if (known == null && bound != null) {
                known = Counter.builder(key.meter.meterName())
                        .description(key.meter.meaning())
                        .baseUnit(key.meter.baseUnit())
                        .tags(tags(key))
                        .register(bound);
                counter = known;
            }
            if (known != null) {
                known.increment();
            }
        }
    }

    LateTimer timer(EvenkeelMeter meter, String pool, @Nullable EndpointKey endpoint) {
        return timer(meter, pool, endpoint, null);
    }

    LateTimer timer(EvenkeelMeter meter, String pool, @Nullable EndpointKey endpoint, @Nullable String value) {
        return timers.computeIfAbsent(key(meter, pool, endpoint, value), LateTimer::new);
    }

    LateCounter counter(EvenkeelMeter meter, String pool, @Nullable EndpointKey endpoint) {
        return counters.computeIfAbsent(key(meter, pool, endpoint, null), LateCounter::new);
    }

    /** The tags of a gauge. */
    Tags tags(EvenkeelMeter meter, String pool, @Nullable EndpointKey endpoint, @Nullable String value) {
        return tags(key(meter, pool, endpoint, value));
    }

    private Key key(EvenkeelMeter meter, String pool, @Nullable EndpointKey endpoint, @Nullable String value) {
        boolean named = podTag && meter.isPerPod();
        return new Key(meter, pool, named && endpoint != null ? endpoint.identity() : null, value);
    }

    private Tags tags(Key key) {
        Tags tags = common.and("pool", key.pool);
        if (key.pod != null) {
            tags = tags.and("pod", key.pod);
        }
        return key.value == null ? tags : tags.and(key.meter.tags().get(0), key.value);
    }
}
