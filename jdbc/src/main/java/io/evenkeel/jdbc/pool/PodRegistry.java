package io.evenkeel.jdbc.pool;

import io.evenkeel.endpoint.EndpointKey;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The Pods that there are, the settings of the pool, and the routing that follows from both: what all parts of the
 * engine look at. Thread-safe.
 */
final class PodRegistry {
    private final String name;
    private final SeatExchange exchange;
    private final Map<EndpointKey, Pod> pods = new ConcurrentHashMap<>();

    // Read on every acquire, written rarely.
    private volatile HikariSettings settings;

    PodRegistry(HikariSettings settings, SeatExchange exchange) {
        this.name = settings.name();
        this.settings = settings;
        this.exchange = exchange;
    }

    /** The pool's. */
    String name() {
        return name;
    }

    HikariSettings settings() {
        return settings;
    }

    void configure(HikariSettings newer) {
        settings = newer;
    }

    Collection<Pod> pods() {
        return pods.values();
    }

    @Nullable
    Pod get(EndpointKey endpoint) {
        return pods.get(endpoint);
    }

    void add(Pod pod) {
        pods.put(pod.key(), pod);
    }

    @Nullable
    Pod remove(EndpointKey endpoint) {
        return pods.remove(endpoint);
    }

    /** Seats were added or are gone, or another set of Pods is routable. */
    void publish() {
        exchange.publish(pods.values());
    }

    int waiting() {
        return exchange.waiting();
    }

    boolean isClosed() {
        return exchange.isClosed();
    }
}
