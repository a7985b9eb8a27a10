package io.evenkeel.spring;

import io.evenkeel.status.EndpointStatus;
import io.evenkeel.status.PoolStatus;
import io.evenkeel.watch.SourceHealth;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The application's pools as one health: down when a pool has no Pod that can be reached. Ejected Pods and a stale
 * source are details: connections go on to the others and to the last known Pods.
 *
 * @param up whether every pool has a Pod that can be reached
 * @param details by pool
 */
public record PoolHealth(boolean up, Map<String, Object> details) {

    public static PoolHealth of(List<PoolStatus> pools) {
        boolean up = true;
        Map<String, Object> details = new LinkedHashMap<>();
        for (PoolStatus pool : pools) {
            boolean reachable = pool.endpoints().stream().anyMatch(PoolHealth::isReachable);
            up &= reachable;
            details.put(pool.pool(), details(pool, reachable));
        }
        return new PoolHealth(up, details);
    }

    /** A Pod without a connection counts as reachable until connecting fails: a pool may hold none while it is idle. */
    private static boolean isReachable(EndpointStatus endpoint) {
        return endpoint.open() > 0 || (!endpoint.leaving() && !endpoint.isEjected() && endpoint.lastFailure() == null);
    }

    private static Map<String, Object> details(PoolStatus pool, boolean reachable) {
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("reachable", reachable);
        details.put("pods", pool.endpoints().size());
        details.put("open", pool.open());
        List<String> ejected = pool.endpoints().stream()
                .filter(EndpointStatus::isEjected)
                .map(endpoint -> endpoint.endpoint().key() + ": " + endpoint.lastError())
                .toList();
        if (!ejected.isEmpty()) {
            details.put("ejected", ejected);
        }
        if (pool.source().health() != SourceHealth.HEALTHY || !reachable) {
            details.put("source", pool.source().toString());
        }
        if (!reachable) {
            details.put(
                    "failures",
                    pool.endpoints().stream()
                            .filter(endpoint -> endpoint.lastError() != null)
                            .map(EndpointStatus::lastError)
                            .toList());
        }
        return details;
    }
}
