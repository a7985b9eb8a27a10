package io.evenkeel.endpoint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * All endpoints behind one target at one moment: immutable, ordered by key (never by the order in which a source
 * happened to list them), with a version that grows by every change that is published.
 *
 * <p>A source may report ten thousand endpoints because of one that changed. So this is a sorted array: to make one of
 * endpoints that come in order, to compare two and to find what changed is one pass without a look-up, and endpoints
 * that are the same object are not looked into.
 */
public final class EndpointSet {

    /** How many endpoints may stand behind one target: more than any Service has, and few enough to fit anywhere. */
    public static final int MOST = 20_000;

    private static final EndpointSet EMPTY = new EndpointSet(0, List.of());
    private static final Comparator<Endpoint> BY_KEY = Comparator.comparing(Endpoint::key);

    private final long version;
    // Invariant: ascending by key, no key twice.
    private final List<Endpoint> endpoints;

    private EndpointSet(long version, List<Endpoint> endpoints) {
        this.version = version;
        this.endpoints = endpoints;
    }

    /** The set before anything was heard: version 0, no endpoint. */
    public static EndpointSet empty() {
        return EMPTY;
    }

    /**
     * A set of these endpoints.
     *
     * @param version at least 0
     * @throws IllegalArgumentException if two endpoints have the same key, or there are more than {@link #MOST}
     */
    public static EndpointSet of(long version, Collection<Endpoint> endpoints) {
        if (version < 0) {
            throw new IllegalArgumentException("version: " + version + " (expected: >= 0)");
        }
        if (endpoints.size() > MOST) {
            throw new IllegalArgumentException(
                    "endpoints: " + endpoints.size() + " (expected: at most " + MOST + " behind one target)");
        }
        Endpoint[] sorted = endpoints.toArray(Endpoint[]::new);
        if (!ascending(sorted)) {
            Arrays.sort(sorted, BY_KEY);
            for (int i = 1; i < sorted.length; i++) {
                if (sorted[i - 1].key().equals(sorted[i].key())) {
                    throw new IllegalArgumentException("endpoints: " + sorted[i].key() + " twice (expected: once)");
                }
            }
        }
        return new EndpointSet(version, List.of(sorted));
    }

    private static boolean ascending(Endpoint[] endpoints) {
        for (int i = 1; i < endpoints.length; i++) {
            if (endpoints[i - 1].key().compareTo(endpoints[i].key()) >= 0) {
                return false;
            }
        }
        return true;
    }

    public long version() {
        return version;
    }

    /** The endpoints in order of their keys. */
    public List<Endpoint> endpoints() {
        return endpoints;
    }

    public @Nullable Endpoint get(EndpointKey key) {
        int low = 0;
        int high = endpoints.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            Endpoint endpoint = endpoints.get(middle);
            int order = endpoint.key().compareTo(key);
            if (order == 0) {
                return endpoint;
            }
            low = order < 0 ? middle + 1 : low;
            high = order > 0 ? middle - 1 : high;
        }
        return null;
    }

    /** Those that new work may go to. */
    public List<Endpoint> ready() {
        List<Endpoint> ready = new ArrayList<>();
        for (Endpoint endpoint : endpoints) {
            if (endpoint.isReady()) {
                ready.add(endpoint);
            }
        }
        return Collections.unmodifiableList(ready);
    }

    public int size() {
        return endpoints.size();
    }

    public boolean isEmpty() {
        return endpoints.isEmpty();
    }

    /** Whether both hold the same endpoints in the same conditions; versions are not compared. */
    public boolean sameEndpoints(EndpointSet other) {
        return endpoints.equals(other.endpoints);
    }

    /** What changed on the way from {@code earlier} to this set. */
    public EndpointDiff since(EndpointSet earlier) {
        List<Endpoint> added = new ArrayList<>();
        List<Endpoint> removed = new ArrayList<>();
        List<EndpointDiff.Change> changed = new ArrayList<>();
        int then = 0;
        int now = 0;
        while (then < earlier.size() || now < size()) {
            int order = order(earlier, then, this, now);
            if (order < 0) {
                removed.add(earlier.endpoints.get(then++));
            } else if (order > 0) {
                added.add(endpoints.get(now++));
            } else {
                Endpoint before = earlier.endpoints.get(then++);
                Endpoint after = endpoints.get(now++);
                if (!before.equals(after)) {
                    changed.add(new EndpointDiff.Change(before, after));
                }
            }
        }
        return new EndpointDiff(added, removed, changed);
    }

    /** Which of two places in two sets comes first; a set that has no more comes last. */
    private static int order(EndpointSet a, int inA, EndpointSet b, int inB) {
        if (inA == a.size() || inB == b.size()) {
            return Boolean.compare(inA == a.size(), inB == b.size());
        }
        return a.endpoints.get(inA).key().compareTo(b.endpoints.get(inB).key());
    }

    @Override
    public boolean equals(@Nullable Object o) {
        return o instanceof EndpointSet other && version == other.version && endpoints.equals(other.endpoints);
    }

    @Override
    public int hashCode() {
        return Objects.hash(version, endpoints);
    }

    @Override
    public String toString() {
        return "EndpointSet[version=" + version + ", endpoints=" + endpoints + "]";
    }
}
