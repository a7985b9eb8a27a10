package io.evenkeel.adapter;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Where this process runs, as its environment says: {@code EVENKEEL_ZONE}, its topology zone; {@code EVENKEEL_NODE},
 * else {@code NODE_NAME}, the node. In Kubernetes both come from the Pod's own fields:
 *
 * <pre>{@code
 * env:
 * - name: NODE_NAME
 *   valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
 * - name: EVENKEEL_ZONE  # from Kubernetes 1.35 on; else the zone is that of any endpoint on the node
 *   valueFrom: {fieldRef: {fieldPath: "metadata.labels['topology.kubernetes.io/zone']"}}
 * }</pre>
 *
 * @param zone or null where it is not said
 * @param node or null where it is not said
 */
record ProcessLocation(@Nullable String zone, @Nullable String node) {

    static ProcessLocation of(Function<String, @Nullable String> environment) {
        String node = value(environment, "EVENKEEL_NODE");
        return new ProcessLocation(
                value(environment, "EVENKEEL_ZONE"), node == null ? value(environment, "NODE_NAME") : node);
    }

    private static @Nullable String value(Function<String, @Nullable String> environment, String variable) {
        String value = environment.apply(variable);
        return value == null || value.isBlank() ? null : value.strip();
    }
}
