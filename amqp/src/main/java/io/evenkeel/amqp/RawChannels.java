package io.evenkeel.amqp;

import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The raw channels of one virtual channel, one for each link that it is open on. Thread-safe. */
final class RawChannels {

    private final Map<Link, RawChannel> byLink = new ConcurrentHashMap<>();

    void add(RawChannel raw) {
        byLink.put(raw.link(), raw);
    }

    @Nullable
    RawChannel on(Link link) {
        return byLink.get(link);
    }

    @Nullable
    RawChannel remove(Link link) {
        return byLink.remove(link);
    }

    boolean contains(RawChannel raw) {
        return byLink.get(raw.link()) == raw;
    }

    Collection<RawChannel> all() {
        return byLink.values();
    }

    /** Deliveries that are not settled, on all of them. */
    long unsettled() {
        long sum = 0;
        for (RawChannel raw : byLink.values()) {
            sum += raw.unsettled();
        }
        return sum;
    }
}
