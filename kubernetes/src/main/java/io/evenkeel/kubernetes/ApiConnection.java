package io.evenkeel.kubernetes;

import io.kubernetes.client.openapi.ApiClient;
import io.kubernetes.client.openapi.ApiException;
import io.kubernetes.client.openapi.Pair;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import okhttp3.Call;
import okhttp3.ConnectionPool;
import okhttp3.OkHttpClient;
import okhttp3.Request;

/**
 * One API server and who we are there.
 *
 * @param client address and credentials
 * @param http sends; with connections of its own, so that giving this up gives them up
 * @param namespace that is meant where none is named
 * @param origin where all this was found, for messages
 */
record ApiConnection(ApiClient client, OkHttpClient http, String namespace, String origin) {

    // Longer than this and no SYN is answered any more. What follows is timed by the sender.
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

    // From a list to its watch, and from one watch to the next; a source that was closed leaves nothing after that.
    private static final long KEEP_IDLE_SECONDS = 5;

    /**
     * A connection with what was found.
     *
     * @param settings what is set on top of the client's own, such as credentials and a proxy
     */
    static ApiConnection of(
            ApiClient client,
            String namespace,
            String origin,
            ApiEnvironment environment,
            Consumer<OkHttpClient.Builder> settings) {
        OkHttpClient.Builder builder = client.getHttpClient().newBuilder();
        settings.accept(builder);
        OkHttpClient http = builder
                // Over HTTP/2 a connection that answers no ping is closed, within twice this time. Without it a watch
                // over a connection that is half open looks like a Service on which nothing happens.
                .pingInterval(environment.ping())
                .connectionPool(new ConnectionPool(1, KEEP_IDLE_SECONDS, TimeUnit.SECONDS))
                .connectTimeout(CONNECT_TIMEOUT)
                .readTimeout(Duration.ZERO)
                .callTimeout(Duration.ZERO)
                .build();
        return new ApiConnection(client, http, namespace, origin);
    }

    /** The server's address, for messages. */
    String server() {
        return client.getBasePath();
    }

    /** A GET that is not sent yet, with the credentials of this moment. */
    Call get(String path, Map<String, String> parameters) {
        List<Pair> query = parameters.entrySet().stream()
                .map(parameter -> new Pair(parameter.getKey(), parameter.getValue()))
                .toList();
        Map<String, String> headers = new HashMap<>(Map.of("Accept", "application/json", "User-Agent", "evenkeel"));
        try {
            Request request = client.buildRequest(
                    null,
                    path,
                    "GET",
                    query,
                    List.of(),
                    null,
                    headers,
                    new HashMap<>(),
                    new HashMap<>(),
                    new String[] {"BearerToken"},
                    null);
            return http.newCall(request);
        } catch (ApiException invalid) {
            throw new IllegalStateException("a request of " + server() + path + " cannot be made", invalid);
        }
    }

    void close() {
        http.connectionPool().evictAll();
    }
}
