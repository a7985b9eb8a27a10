package io.evenkeel.kubernetes.fake;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An EndpointSlice as its controller writes it, for {@link FakeApiServer#put}. Not thread-safe. */
public final class Slice {

    private final String name;
    private final String service;
    private final List<SliceEndpoint> endpoints = new ArrayList<>();
    private final Map<String, JsonElement> more = new LinkedHashMap<>();
    private final JsonArray ports = new JsonArray();
    private String namespace = "default";
    private String addressType = "IPv4";

    private Slice(String name, String service) {
        this.name = name;
        this.service = service;
    }

    /** An empty slice without a port, in the namespace {@code default}. */
    public static Slice of(String name, String service) {
        return new Slice(name, service);
    }

    public Slice namespace(String newNamespace) {
        namespace = newNamespace;
        return this;
    }

    public Slice addressType(String newType) {
        addressType = newType;
        return this;
    }

    /** A TCP port; a Service with one port may leave its name away. */
    public Slice port(@Nullable String portName, int number) {
        JsonObject port = new JsonObject();
        port.addProperty("name", portName == null ? "" : portName);
        port.addProperty("protocol", "TCP");
        port.addProperty("port", number);
        ports.add(port);
        return this;
    }

    public Slice endpoints(SliceEndpoint... added) {
        endpoints.addAll(List.of(added));
        return this;
    }

    /** A ready Pod. */
    public Slice ready(String pod, String address) {
        return endpoints(SliceEndpoint.ready(pod, address));
    }

    /** Any field beside the known ones, such as a later version may have. */
    public Slice with(String field, JsonElement value) {
        more.put(field, value);
        return this;
    }

    String namespace() {
        return namespace;
    }

    /** Without what only the server knows. */
    public JsonObject json() {
        JsonObject labels = new JsonObject();
        labels.addProperty("endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io");
        labels.addProperty("kubernetes.io/service-name", service);
        JsonObject metadata = new JsonObject();
        metadata.addProperty("name", name);
        metadata.addProperty("namespace", namespace);
        metadata.add("labels", labels);
        JsonObject slice = new JsonObject();
        slice.add("metadata", metadata);
        slice.addProperty("addressType", addressType);
        slice.add("endpoints", endpointsJson());
        slice.add("ports", ports.isEmpty() ? JsonNull.INSTANCE : ports.deepCopy());
        more.forEach(slice::add);
        return slice;
    }

    private JsonElement endpointsJson() {
        if (endpoints.isEmpty()) {
            // as the real one writes a list without elements
            return JsonNull.INSTANCE;
        }
        JsonArray all = new JsonArray();
        endpoints.forEach(endpoint -> all.add(endpoint.json(namespace)));
        return all;
    }
}
