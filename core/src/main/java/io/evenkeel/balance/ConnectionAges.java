package io.evenkeel.balance;

import io.evenkeel.endpoint.EndpointKey;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * When connections have lived long enough. Confined to the control thread.
 *
 * <p>It keeps moments, not connections: each connection that opens adds one at its endpoint, each that closes takes the
 * earliest away, and when one falls due the adapter gives up the oldest connection there. A connection's own age can
 * therefore differ from its moment by the jitter, which is the point of jitter.
 */
final class ConnectionAges {

    private static final double JITTER = 0.25;

    private final long ageNanos;
    private final RandomGenerator random;
    private final Map<EndpointKey, PriorityQueue<Long>> expiries = new HashMap<>();
    private int firstGenerationLeft;
    private int firstGeneration;
    private boolean planned;

    ConnectionAges(Duration age, RandomGenerator random) {
        this.ageNanos = age.toNanos();
        this.random = random;
    }

    /** So many connections are about to be opened together, for the first time; later calls change nothing. */
    void firstPlan(int seats) {
        if (!planned) {
            planned = true;
            firstGeneration = seats;
            firstGenerationLeft = seats;
        }
    }

    void opened(EndpointKey endpoint, long now) {
        if (ageNanos > 0) {
            expiries.computeIfAbsent(endpoint, key -> new PriorityQueue<>((a, b) -> Long.signum(a - b)))
                    .add(now + lifetime());
        }
    }

    private long lifetime() {
        if (firstGenerationLeft > 0) {
            // A pool that fills at once would otherwise renew itself at once, age after age.
            double part = (firstGeneration - firstGenerationLeft + random.nextDouble()) / firstGeneration;
            firstGenerationLeft--;
            return (long) (ageNanos * Math.max(0.02, part));
        }
        return (long) (ageNanos * (1 - JITTER + 2 * JITTER * random.nextDouble()));
    }

    void closed(EndpointKey endpoint) {
        PriorityQueue<Long> times = expiries.get(endpoint);
        if (times != null) {
            times.poll();
            if (times.isEmpty()) {
                expiries.remove(endpoint);
            }
        }
    }

    /** When the first connection of this endpoint expires, or null. */
    @Nullable
    Long firstAt(EndpointKey endpoint) {
        PriorityQueue<Long> times = expiries.get(endpoint);
        return times == null ? null : times.peek();
    }

    /** The first expiry of this endpoint could not be acted upon: it falls due again later. */
    void putOff(EndpointKey endpoint, long until) {
        PriorityQueue<Long> times = expiries.get(endpoint);
        if (times != null && times.poll() != null) {
            times.add(until);
        }
    }

    void forget(EndpointKey endpoint) {
        expiries.remove(endpoint);
    }
}
