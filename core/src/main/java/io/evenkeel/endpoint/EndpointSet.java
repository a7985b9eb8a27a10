package io.evenkeel.endpoint;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * All endpoints behind one target at one moment: immutable, ordered by key (never by the order in which a source happened
 * to list them), with a version that grows by every change that is published.
 */
public final class EndpointSet {

    private static final EndpointSet EMPTY = new EndpointSet(0, new TreeMap<>());

    private final long version;
    private final SortedMap<EndpointKey, Endpoint> byKey;

    private EndpointSet(long version, SortedMap<EndpointKey, Endpoint> byKey) {
        this.version = version;
        this.byKey = Collections.unmodifiableSortedMap(byKey);
    }

    /** The set before anything was heard: version 0, no endpoint. */
    public static EndpointSet empty() {
        return EMPTY;
    }

    /**
     * A set of these endpoints.
     *
     * @param version at least 0
     * @throws IllegalArgumentException if two endpoints have the same key
     */
    public static EndpointSet of(long version, Collection<Endpoint> endpoints) {
        if (version < 0) {
            throw new IllegalArgumentException("version: " + version + " (expected: >= 0)");
        }
        SortedMap<EndpointKey, Endpoint> byKey = new TreeMap<>();
        for (Endpoint endpoint : endpoints) {
            if (byKey.put(endpoint.key(), endpoint) != null) {
                throw new IllegalArgumentException("endpoints: " + endpoint.key() + " twice (expected: once)");
            }
        }
        return new EndpointSet(version, byKey);
    }

    public long version() {
        return version;
    }

    /** The endpoints in order of their keys. */
    public Collection<Endpoint> endpoints() {
        return byKey.values();
    }

    public Map<EndpointKey, Endpoint> byKey() {
        return byKey;
    }

    public @Nullable Endpoint get(EndpointKey key) {
        return byKey.get(key);
    }

    /** Those that new work may go to. */
    public List<Endpoint> ready() {
        List<Endpoint> ready = new ArrayList<>();
        for (Endpoint endpoint : byKey.values()) {
            if (endpoint.isReady()) {
                ready.add(endpoint);
            }
        }
        return Collections.unmodifiableList(ready);
    }

    public int size() {
        return byKey.size();
    }

    public boolean isEmpty() {
        return byKey.isEmpty();
    }

    /** Whether both hold the same endpoints in the same conditions; versions are not compared. */
    public boolean sameEndpoints(EndpointSet other) {
        return byKey.equals(other.byKey);
    }

    /** What changed on the way from {@code earlier} to this set. */
    public EndpointDiff since(EndpointSet earlier) {
        List<Endpoint> added = new ArrayList<>();
        List<EndpointDiff.Change> changed = new ArrayList<>();
        for (Endpoint now : byKey.values()) {
            Endpoint before = earlier.byKey.get(now.key());
            if (before == null) {
                added.add(now);
            } else if (!before.equals(now)) {
                changed.add(new EndpointDiff.Change(before, now));
            }
        }
        List<Endpoint> removed = new ArrayList<>();
        for (Endpoint before : earlier.byKey.values()) {
            if (!byKey.containsKey(before.key())) {
                removed.add(before);
            }
        }
        return new EndpointDiff(added, removed, changed);
    }

    @Override
    public boolean equals(@Nullable Object o) {
        return o instanceof EndpointSet other && version == other.version && byKey.equals(other.byKey);
    }

    @Override
    public int hashCode() {
        return Objects.hash(version, byKey);
    }

    @Override
    public String toString() {
        return "EndpointSet[version=" + version + ", endpoints=" + byKey.values() + "]";
    }
}
