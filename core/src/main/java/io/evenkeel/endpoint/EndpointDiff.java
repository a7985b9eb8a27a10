package io.evenkeel.endpoint;

import java.util.List;

/**
 * How one {@link EndpointSet} differs from an earlier one, each list in order of keys.
 *
 * @param added keys that were not there
 * @param removed endpoints whose keys are no longer there, as they last were
 * @param changed same key, but another condition, weight, zone, node or hint
 */
public record EndpointDiff(List<Endpoint> added, List<Endpoint> removed, List<Change> changed) {

    public EndpointDiff {
        added = List.copyOf(added);
        removed = List.copyOf(removed);
        changed = List.copyOf(changed);
    }

    public boolean isEmpty() {
        return added.isEmpty() && removed.isEmpty() && changed.isEmpty();
    }

    /** One endpoint before and after. */
    public record Change(Endpoint before, Endpoint after) {}
}
