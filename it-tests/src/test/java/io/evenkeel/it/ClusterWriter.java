package io.evenkeel.it;

import io.kubernetes.client.openapi.ApiClient;
import io.kubernetes.client.openapi.ApiException;
import io.kubernetes.client.util.ClientBuilder;
import io.kubernetes.client.util.KubeConfig;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Writes to a cluster what controllers and kubelets would: in a namespace of its own, which goes with it. Needs the right to
 * create namespaces.
 */
final class ClusterWriter implements AutoCloseable {

    private static final String MERGE = "application/merge-patch+json";

    private final ApiClient client;
    private final String namespace;

    private ClusterWriter(ApiClient client, String namespace) {
        this.client = client;
        this.namespace = namespace;
    }

    static ClusterWriter create(Path kubeconfig, String namespace) throws IOException {
        try (Reader reader = Files.newBufferedReader(kubeconfig)) {
            KubeConfig config = KubeConfig.loadKubeConfig(reader);
            config.setFile(kubeconfig.toFile());
            ClusterWriter writer =
                    new ClusterWriter(ClientBuilder.kubeconfig(config).build(), namespace);
            writer.send("POST", "/api/v1/namespaces", object("v1", "Namespace", Map.of("name", namespace), Map.of()));
            return writer;
        }
    }

    /** A headless Service without selector: only what is written has to do with it. */
    void createService(String name, int port) throws IOException {
        Map<String, Object> spec =
                Map.of("clusterIP", "None", "ports", List.of(Map.of("name", name, "port", port, "protocol", "TCP")));
        send("POST", core("services"), object("v1", "Service", Map.of("name", name), Map.of("spec", spec)));
    }

    /** A Pod that no scheduler ever places, and that is said to run at this address. */
    void createPod(String name, String address) throws IOException {
        Map<String, Object> container = Map.of("name", "none", "image", "example.invalid/none");
        Map<String, Object> spec = Map.of("schedulerName", "nobody", "containers", List.of(container));
        send("POST", core("pods"), object("v1", "Pod", Map.of("name", name), Map.of("spec", spec)));
        Map<String, Object> ready = Map.of("type", "Ready", "status", "True");
        Map<String, Object> status = Map.of(
                "phase",
                "Running",
                "podIP",
                address,
                "podIPs",
                List.of(Map.of("ip", address)),
                "conditions",
                List.of(ready));
        send("PATCH", core("pods") + "/" + name + "/status", Map.of("status", status));
    }

    /** One endpoint of a slice. */
    record Member(String pod, String address, boolean ready, boolean serving, boolean terminating) {
        static Member ready(String pod, String address) {
            return new Member(pod, address, true, true, false);
        }

        static Member leaving(String pod, String address) {
            return new Member(pod, address, false, true, true);
        }
    }

    void createSlice(String name, String service, int port, Member... members) throws IOException {
        Map<String, Object> metadata = Map.of("name", name, "labels", Map.of("kubernetes.io/service-name", service));
        Map<String, Object> content = new HashMap<>(endpoints(members));
        content.put("addressType", "IPv4");
        content.put("ports", List.of(Map.of("name", service, "port", port, "protocol", "TCP")));
        send("POST", slices(), object("discovery.k8s.io/v1", "EndpointSlice", metadata, content));
    }

    void patchSlice(String name, Member... members) throws IOException {
        send("PATCH", slices() + "/" + name, endpoints(members));
    }

    void deleteSlice(String name) throws IOException {
        send("DELETE", slices() + "/" + name, null);
    }

    private Map<String, Object> endpoints(Member... members) {
        return Map.of(
                "endpoints",
                List.of(members).stream()
                        .map(member -> Map.of(
                                "addresses",
                                List.of(member.address()),
                                "conditions",
                                Map.of(
                                        "ready", member.ready(),
                                        "serving", member.serving(),
                                        "terminating", member.terminating()),
                                "targetRef",
                                Map.of("kind", "Pod", "name", member.pod(), "namespace", namespace)))
                        .toList());
    }

    private String core(String resource) {
        return "/api/v1/namespaces/" + namespace + "/" + resource;
    }

    private String slices() {
        return "/apis/discovery.k8s.io/v1/namespaces/" + namespace + "/endpointslices";
    }

    private static Map<String, Object> object(
            String apiVersion, String kind, Map<String, Object> metadata, Map<String, Object> content) {
        Map<String, Object> object = new HashMap<>(content);
        object.put("apiVersion", apiVersion);
        object.put("kind", kind);
        object.put("metadata", metadata);
        return object;
    }

    private void send(String method, String path, @Nullable Object body) throws IOException {
        Map<String, String> headers = new HashMap<>(Map.of("Accept", "application/json"));
        headers.put("Content-Type", method.equals("PATCH") ? MERGE : "application/json");
        try (Response response = client.getHttpClient()
                .newCall(client.buildRequest(
                        null,
                        path,
                        method,
                        List.of(),
                        List.of(),
                        body,
                        headers,
                        new HashMap<>(),
                        new HashMap<>(),
                        new String[] {"BearerToken"},
                        null))
                .execute()) {
            if (!response.isSuccessful()) {
                throw new IOException(method + " " + path + ": " + response.code() + " "
                        + response.peekBody(4096).string());
            }
        } catch (ApiException invalid) {
            throw new IOException(method + " " + path, invalid);
        }
    }

    /** Deletes the namespace with everything in it. */
    @Override
    public void close() throws IOException {
        send("DELETE", "/api/v1/namespaces/" + namespace, null);
        client.getHttpClient().connectionPool().evictAll();
    }
}
