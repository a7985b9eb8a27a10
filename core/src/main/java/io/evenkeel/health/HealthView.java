package io.evenkeel.health;

import io.evenkeel.endpoint.EndpointKey;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Which endpoints are left out at one moment, and why. Immutable; every instant is in the nanoseconds of the ticker.
 */
public final class HealthView {

    private static final HealthView NONE = new HealthView(0, false, new TreeMap<>(), new TreeMap<>());

    private final long now;
    private final boolean panic;
    private final SortedMap<EndpointKey, Ejection> ejections;
    private final SortedMap<EndpointKey, String> lastErrors;
    private final SortedSet<EndpointKey> ejected;
    private final SortedSet<EndpointKey> probeDue;

    HealthView(
            long now,
            boolean panic,
            SortedMap<EndpointKey, Ejection> ejections,
            SortedMap<EndpointKey, String> lastErrors) {
        this.now = now;
        this.panic = panic;
        this.ejections = ejections;
        this.lastErrors = lastErrors;
        SortedSet<EndpointKey> due = new TreeSet<>();
        for (Map.Entry<EndpointKey, Ejection> entry : ejections.entrySet()) {
            Ejection ejection = entry.getValue();
            if (!ejection.probing() && ejection.until() - now <= 0) {
                due.add(entry.getKey());
            }
        }
        this.probeDue = Collections.unmodifiableSortedSet(due);
        this.ejected = panic
                ? Collections.emptySortedSet()
                : Collections.unmodifiableSortedSet(new TreeSet<>(ejections.keySet()));
    }

    /** A view in which nothing ever failed. */
    static HealthView none() {
        return NONE;
    }

    /** Whether new work should pass the endpoint by; false for every endpoint during {@link #panic()}. */
    public boolean isEjected(EndpointKey endpoint) {
        return ejected.contains(endpoint);
    }

    /** Those that new work should pass by, in order of their keys; none during {@link #panic()}. */
    public Set<EndpointKey> ejected() {
        return ejected;
    }

    /**
     * When the endpoint's ejection ends and a probe is due, or null if it is not ejected. May have passed: it stays out
     * until a probe succeeds. Given also during panic.
     */
    public @Nullable Long ejectedUntil(EndpointKey endpoint) {
        Ejection ejection = ejections.get(endpoint);
        return ejection == null ? null : (Long) ejection.until();
    }

    /**
     * How much longer the endpoint is out, counted from this view's moment and at least zero; null if new work does not
     * pass it by.
     */
    @Nullable
    Duration remaining(EndpointKey endpoint) {
        Ejection ejection = panic ? null : ejections.get(endpoint);
        return ejection == null ? null : Duration.ofNanos(Math.max(0, ejection.until() - now));
    }

    /** Since when the endpoint has been out without a break, failed probes included; null if it is not ejected. */
    public @Nullable Long ejectedSince(EndpointKey endpoint) {
        Ejection ejection = ejections.get(endpoint);
        return ejection == null ? null : (Long) ejection.since();
    }

    /** Why the endpoint was ejected, for people; null if it is not. */
    public @Nullable String reason(EndpointKey endpoint) {
        Ejection ejection = ejections.get(endpoint);
        return ejection == null ? null : ejection.reason();
    }

    /** Those of {@link #ejected()} that, at this view's moment, had been out without a break for at least so long. */
    public Set<EndpointKey> ejectedFor(Duration atLeast) {
        long nanos = atLeast.toNanos();
        SortedSet<EndpointKey> lasting = new TreeSet<>();
        for (EndpointKey key : ejected) {
            Ejection ejection = ejections.get(key);
            if (ejection != null && now - ejection.since() >= nanos) {
                lasting.add(key);
            }
        }
        return Collections.unmodifiableSortedSet(lasting);
    }

    /** Whether ejections are ignored because too few endpoints would be left. */
    boolean panic() {
        return panic;
    }

    /** The endpoint's last failure, for people, as of this view; null if none is remembered. */
    public @Nullable String lastError(EndpointKey endpoint) {
        return lastErrors.get(endpoint);
    }

    /** Those whose ejection is over and that are not being probed; also during panic. In order of their keys. */
    public Set<EndpointKey> probeDue() {
        return probeDue;
    }

    @Override
    public String toString() {
        return "HealthView[panic=" + panic + ", ejections=" + ejections + "]";
    }

    /** One endpoint that is out, before panic is considered. */
    record Ejection(long since, long until, boolean probing, String reason) {}
}
