package io.evenkeel.kubernetes;

import io.evenkeel.endpoint.EndpointKey;
import io.kubernetes.client.openapi.ApiClient;
import io.kubernetes.client.util.ClientBuilder;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** What Kubernetes gives a Pod to find and use its API server. */
final class InCluster {

    private InCluster() {}

    /** Whether this process is in a Pod and has a service account's token. */
    static boolean isHere(ApiEnvironment environment) {
        return environment.get("KUBERNETES_SERVICE_HOST") != null
                && Files.isReadable(environment.serviceAccount().resolve("token"));
    }

    static ApiConnection connect(ApiEnvironment environment) throws IOException {
        Path directory = environment.serviceAccount();
        String host = String.valueOf(environment.get("KUBERNETES_SERVICE_HOST"));
        String port = environment.get("KUBERNETES_SERVICE_PORT");
        ApiClient client = new ClientBuilder()
                .setBasePath("https://" + EndpointKey.address(host, port == null ? 443 : Integer.parseInt(port)))
                .setCertificateAuthority(Files.readAllBytes(directory.resolve("ca.crt")))
                .build();
        String namespace = namespace(environment);
        ProxyChoice proxy = ProxyChoice.of(URI.create(client.getBasePath()), null, environment);
        return ApiConnection.of(
                client,
                namespace == null ? "default" : namespace,
                "the Pod's service account in " + directory,
                environment,
                http -> {
                    http.addInterceptor(RequestCredentials.ofFile(directory.resolve("token")));
                    proxy.applyTo(http);
                });
    }

    /** The Pod's own namespace, or null outside of a Pod. */
    static @Nullable String namespace(ApiEnvironment environment) throws IOException {
        Path file = environment.serviceAccount().resolve("namespace");
        return Files.isReadable(file) ? Files.readString(file).strip() : null;
    }
}
