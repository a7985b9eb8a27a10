package io.evenkeel.kubernetes;

import io.evenkeel.endpoint.EndpointKey;
import io.kubernetes.client.openapi.ApiClient;
import io.kubernetes.client.util.ClientBuilder;
import io.kubernetes.client.util.credentials.Authentication;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import okhttp3.Interceptor;
import okhttp3.Response;
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
                .setAuthentication(new ProjectedToken(directory.resolve("token")))
                .build();
        String namespace = namespace(environment);
        return ApiConnection.of(
                client, namespace == null ? "default" : namespace, "the Pod's service account in " + directory);
    }

    /** The Pod's own namespace, or null outside of a Pod. */
    static @Nullable String namespace(ApiEnvironment environment) throws IOException {
        Path file = environment.serviceAccount().resolve("namespace");
        return Files.isReadable(file) ? Files.readString(file).strip() : null;
    }

    /** The token as it is in the file at the moment of each request: the kubelet replaces it long before it expires. */
    private record ProjectedToken(Path file) implements Authentication, Interceptor {

        @Override
        public void provide(ApiClient client) {
            client.setHttpClient(
                    client.getHttpClient().newBuilder().addInterceptor(this).build());
        }

        @Override
        public Response intercept(Chain chain) throws IOException {
            String token = Files.readString(file).strip();
            return chain.proceed(chain.request()
                    .newBuilder()
                    .header("Authorization", "Bearer " + token)
                    .build());
        }
    }
}
