package io.evenkeel.kubernetes.fake;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One Pod in a slice. A condition that is null is left out, as a controller may.
 *
 * @param pod its name, or null for an endpoint without a Pod
 */
public record SliceEndpoint(
        @Nullable String pod,
        String address,
        @Nullable Boolean ready,
        @Nullable Boolean serving,
        @Nullable Boolean terminating,
        @Nullable String zone,
        @Nullable String node) {

    /** Ready, and not about to leave; neither zone nor node. */
    public static SliceEndpoint ready(String pod, String address) {
        return new SliceEndpoint(pod, address, true, true, false, null, null);
    }

    /** Deleted, and still serving what it has. */
    public static SliceEndpoint terminating(String pod, String address) {
        return new SliceEndpoint(pod, address, false, true, true, null, null);
    }

    public static SliceEndpoint notReady(String pod, String address) {
        return new SliceEndpoint(pod, address, false, false, false, null, null);
    }

    public SliceEndpoint at(String newZone, String newNode) {
        return new SliceEndpoint(pod, address, ready, serving, terminating, newZone, newNode);
    }

    JsonObject json(String namespace) {
        JsonObject endpoint = new JsonObject();
        JsonArray addresses = new JsonArray();
        addresses.add(address);
        endpoint.add("addresses", addresses);
        JsonObject conditions = new JsonObject();
        add(conditions, "ready", ready);
        add(conditions, "serving", serving);
        add(conditions, "terminating", terminating);
        endpoint.add("conditions", conditions);
        if (pod != null) {
            JsonObject target = new JsonObject();
            target.addProperty("kind", "Pod");
            target.addProperty("namespace", namespace);
            target.addProperty("name", pod);
            // Stable, so that a Pod that moves to another slice is known again.
            target.addProperty(
                    "uid",
                    UUID.nameUUIDFromBytes((namespace + "/" + pod + "/" + address).getBytes(StandardCharsets.UTF_8))
                            .toString());
            endpoint.add("targetRef", target);
        }
        if (node != null) {
            endpoint.addProperty("nodeName", node);
        }
        if (zone != null) {
            endpoint.addProperty("zone", zone);
        }
        return endpoint;
    }

    private static void add(JsonObject conditions, String name, @Nullable Boolean value) {
        if (value != null) {
            conditions.addProperty(name, value);
        }
    }
}
