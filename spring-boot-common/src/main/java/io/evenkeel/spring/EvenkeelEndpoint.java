package io.evenkeel.spring;

import io.evenkeel.status.EndpointStatus;
import io.evenkeel.status.PoolStatus;
import io.evenkeel.status.SourceStatus;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;

/**
 * {@code /actuator/evenkeel}: every pool, its Pods and its source, read-only. Maps and lists, so that any JSON library
 * will do.
 */
@Endpoint(id = "evenkeel")
public class EvenkeelEndpoint {
    private final PoolDirectory directory;

    public EvenkeelEndpoint(PoolDirectory directory) {
        this.directory = directory;
    }

    /** All pools. */
    @ReadOperation
    public Map<String, Object> pools() {
        return Map.of(
                "pools", directory.pools().stream().map(EvenkeelEndpoint::pool).toList());
    }

    /** The pools of one name, or null (not found) if there is none. */
    @ReadOperation
    public @Nullable Map<String, Object> pool(@Selector String name) {
        List<Map<String, Object>> found = directory.pools().stream()
                .filter(pool -> pool.pool().equals(name))
                .map(EvenkeelEndpoint::pool)
                .toList();
        return found.isEmpty() ? null : Map.of("pools", found);
    }

    private static Map<String, Object> pool(PoolStatus pool) {
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put("pool", pool.pool());
        shown.put("target", pool.target());
        shown.put("size", pool.seats());
        shown.put("open", pool.open());
        shown.put("inUse", pool.inUse());
        shown.put("idle", pool.idle());
        shown.put("connecting", pool.connecting());
        shown.put("waiting", pool.waiting());
        shown.put("acquired", pool.acquired());
        shown.put("timedOut", pool.timedOut());
        shown.put("stickingStreams", pool.stickingStreams());
        shown.put("moves", pool.moves());
        shown.put("movesPending", pool.movesPending());
        shown.put("plan", pool.planReason());
        shown.put("source", source(pool.source()));
        shown.put("pods", pool.endpoints().stream().map(EvenkeelEndpoint::pod).toList());
        return shown;
    }

    private static Map<String, Object> source(SourceStatus source) {
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put("health", source.health().name());
        if (source.age() != null) {
            shown.put("answeredSecondsAgo", source.age().toSeconds());
        }
        if (source.freshFor() != null) {
            shown.put("freshForSeconds", source.freshFor().toSeconds());
        }
        shown.put("reason", source.reason());
        if (source.lastFailure() != null) {
            shown.put("lastFailure", source.lastFailure());
        }
        shown.put("requests", source.requests());
        shown.put("changes", source.changes().stream().map(String::valueOf).toList());
        return shown;
    }

    private static Map<String, Object> pod(EndpointStatus pod) {
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put("pod", pod.endpoint().key().identity());
        shown.put("address", pod.endpoint().key().address());
        shown.put("planned", pod.plannedSeats());
        shown.put("open", pod.open());
        shown.put("inUse", pod.inUse());
        shown.put("idle", pod.idle());
        shown.put("connecting", pod.connecting());
        shown.put("draining", pod.draining());
        shown.put("leaving", pod.leaving());
        if (pod.ejectedFor() != null) {
            shown.put("ejectedForSeconds", pod.ejectedFor().toSeconds());
        }
        if (pod.lastFailure() != null) {
            shown.put("lastFailure", pod.lastFailure().toString());
        }
        return shown;
    }
}
