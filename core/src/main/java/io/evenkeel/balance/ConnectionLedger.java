package io.evenkeel.balance;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.time.DueTime;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.random.RandomGenerator;

/**
 * How many connections there are at each endpoint, and when they have lived long enough. Confined to the control
 * thread.
 *
 * <p>It keeps moments, not connections: each connection that opens adds one at its endpoint, each that closes takes one
 * away, and when the earliest falls due the adapter replaces the oldest connection there. A connection's own age can
 * therefore differ from its moment by the jitter, which is the point of jitter.
 *
 * <p>Signals may arrive in any order: a close that overtakes its open makes the count negative until the open arrives,
 * and that open then adds no moment. Connections that outlive their endpoint's seats ({@link #left}) are counted apart,
 * so that the same endpoint may join again meanwhile.
 *
 * <p>Invariant: an endpoint has as many moments as {@code max(0, open)}, as long as renewal by age is on.
 *
 * <p>Renewing takes a moment out of the queue before anything else happens ({@link #renewalBegan}) and puts it back
 * later than now, so no renewal, however it ends, can make itself due again at the same instant.
 */
final class ConnectionLedger {

    private static final double JITTER = 0.25;

    private static final class Entry {
        /** Opened minus closed since the endpoint's seats were added. */
        int open;
        /** Opened before the endpoint was left, and not closed yet. */
        int lingering;

        final PriorityQueue<Long> expiries = new PriorityQueue<>((a, b) -> Long.signum(a - b));
        /** Moments that stand for connections being renewed: one of these goes with the next connection that closes. */
        final Deque<Long> renewing = new ArrayDeque<>();
    }

    private final long ageNanos;
    private final RandomGenerator random;
    private final Map<EndpointKey, Entry> entries = new HashMap<>();
    private int firstGenerationLeft;
    private int firstGeneration;
    private boolean planned;

    ConnectionLedger(Duration age, RandomGenerator random) {
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
        Entry entry = entries.computeIfAbsent(endpoint, key -> new Entry());
        entry.open++;
        if (ageNanos > 0 && entry.expiries.size() < entry.open) {
            entry.expiries.add(now + lifetime());
        }
        forgetIfEmpty(endpoint, entry);
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
        Entry entry = entries.computeIfAbsent(endpoint, key -> new Entry());
        if (entry.lingering > 0) {
            entry.lingering--;
        } else {
            entry.open--;
            if (entry.expiries.size() > Math.max(0, entry.open)) {
                removeOne(entry);
            }
        }
        forgetIfEmpty(endpoint, entry);
    }

    private static void removeOne(Entry entry) {
        Long renewed = entry.renewing.poll();
        if (renewed == null || !entry.expiries.remove(renewed)) {
            entry.expiries.poll();
        }
    }

    private void forgetIfEmpty(EndpointKey endpoint, Entry entry) {
        if (entry.open == 0 && entry.lingering == 0) {
            entries.remove(endpoint);
        }
    }

    /** Connections reported as opened and not yet as closed. */
    int open(EndpointKey endpoint) {
        Entry entry = entries.get(endpoint);
        return entry == null ? 0 : Math.max(0, entry.open);
    }

    /** When the first connection of this endpoint expires. */
    DueTime firstAt(EndpointKey endpoint) {
        Entry entry = entries.get(endpoint);
        Long first = entry == null ? null : entry.expiries.peek();
        return first == null ? DueTime.never() : DueTime.at(first);
    }

    /**
     * The first connection of this endpoint is being renewed. Unless it closes, it falls due again at {@code againAt},
     * which is later than now.
     */
    void renewalBegan(EndpointKey endpoint, long againAt) {
        Entry entry = entries.get(endpoint);
        Long due = entry == null ? null : entry.expiries.poll();
        if (entry != null && due != null) {
            entry.renewing.remove(due);
            entry.expiries.add(againAt);
            entry.renewing.addLast(againAt);
        }
    }

    /**
     * A connection of this endpoint was renewed whose old one is still closing: it does not fall due again for a whole
     * age.
     */
    void renewed(EndpointKey endpoint, long now) {
        Entry entry = entries.get(endpoint);
        Long placeholder = entry == null ? null : entry.renewing.pollLast();
        if (entry != null && placeholder != null && entry.expiries.remove(placeholder)) {
            long later = now + lifetime();
            entry.expiries.add(later);
            entry.renewing.addLast(later);
        }
    }

    /**
     * The endpoint has no seat any more; connections that are still open close later, or never if they are lost with
     * it.
     */
    void left(EndpointKey endpoint) {
        Entry entry = entries.get(endpoint);
        if (entry != null) {
            entry.lingering += Math.max(0, entry.open);
            entry.open = Math.min(0, entry.open);
            entry.expiries.clear();
            entry.renewing.clear();
            forgetIfEmpty(endpoint, entry);
        }
    }
}
