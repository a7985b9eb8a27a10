package io.evenkeel.micrometer;

import io.evenkeel.endpoint.EndpointKey;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Timers and counters as {@link EvenkeelMeter} describes them, each made when it is first wanted. Keeps them, because
 * to look one up in a registry costs several objects. Thread-safe.
 */
final class MeterSource {
    private final MeterRegistry registry;
    private final Tags common;
    private final boolean podTag;
    private final ConcurrentHashMap<Key, Timer> timers = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<Key, Counter> counters = new ConcurrentHashMap<>();

    MeterSource(MeterRegistry registry, Tags common, boolean podTag) {
        this.registry = registry;
        this.common = common;
        this.podTag = podTag;
    }

    /** @param value that of the meter's own tag, or null if it has none */
    private record Key(
            EvenkeelMeter meter,
            String pool,
            @Nullable String pod,
            @Nullable String value) {}

    Timer timer(EvenkeelMeter meter, String pool, @Nullable EndpointKey endpoint) {
        return timer(meter, pool, endpoint, null);
    }

    Timer timer(EvenkeelMeter meter, String pool, @Nullable EndpointKey endpoint, @Nullable String value) {
        return timers.computeIfAbsent(
                key(meter, pool, endpoint, value),
                key -> Timer.builder(meter.meterName())
                        .description(meter.meaning())
                        .tags(tags(key))
                        .register(registry));
    }

    Counter counter(EvenkeelMeter meter, String pool, @Nullable EndpointKey endpoint) {
        return counters.computeIfAbsent(
                key(meter, pool, endpoint, null),
                key -> Counter.builder(meter.meterName())
                        .description(meter.meaning())
                        .baseUnit(meter.baseUnit())
                        .tags(tags(key))
                        .register(registry));
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
