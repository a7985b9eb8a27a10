package io.evenkeel.kubernetes.fake;

import com.google.gson.JsonArray;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a resource's objects are called, and how they and their lists are written. */
record Kind(String name, String apiVersion) {

    private static final Map<String, String> NAMES = Map.of(
            "endpointslices", "EndpointSlice",
            "namespaces", "Namespace",
            "pods", "Pod",
            "services", "Service");

    /** Nothing if the server does not have this resource. */
    static Optional<Kind> of(ApiRequest request) {
        String name = NAMES.get(request.resource());
        boolean discovery = "endpointslices".equals(request.resource());
        if (name == null
                || !request.version().equals("v1")
                || !request.group().equals(discovery ? "discovery.k8s.io" : "")) {
            return Optional.empty();
        }
        return Optional.of(new Kind(name, request.group().isEmpty() ? "v1" : request.group() + "/v1"));
    }

    /** As it stands alone or in an event; in a list it has no kind. */
    JsonObject alone(JsonObject object) {
        JsonObject alone = new JsonObject();
        alone.addProperty("kind", name);
        alone.addProperty("apiVersion", apiVersion);
        object.entrySet().forEach(field -> alone.add(field.getKey(), field.getValue()));
        return alone;
    }

    /** Takes away what {@link #alone} puts there. */
    static JsonObject inList(JsonObject object) {
        JsonObject bare = object.deepCopy();
        bare.remove("kind");
        bare.remove("apiVersion");
        return bare;
    }

    JsonObject list(JsonObject metadata, List<JsonObject> objects) {
        JsonObject list = new JsonObject();
        list.addProperty("kind", name + "List");
        list.addProperty("apiVersion", apiVersion);
        list.add("metadata", metadata);
        JsonArray items = new JsonArray();
        objects.forEach(items::add);
        list.add("items", items);
        return list;
    }

    /** The object of a BOOKMARK event: nothing but a revision, with the fields that Go cannot leave out. */
    JsonObject bookmark(long revision, boolean initialEventsEnd) {
        JsonObject metadata = new JsonObject();
        metadata.addProperty("resourceVersion", Long.toString(revision));
        if (initialEventsEnd) {
            JsonObject annotations = new JsonObject();
            annotations.addProperty("k8s.io/initial-events-end", "true");
            metadata.add("annotations", annotations);
        }
        JsonObject object = new JsonObject();
        object.add("metadata", metadata);
        if (name.equals("EndpointSlice")) {
            object.addProperty("addressType", "");
            object.add("endpoints", JsonNull.INSTANCE);
            object.add("ports", JsonNull.INSTANCE);
        }
        return alone(object);
    }
}
