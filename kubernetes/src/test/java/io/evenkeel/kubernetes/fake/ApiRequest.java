package io.evenkeel.kubernetes.fake;

import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import mockwebserver3.RecordedRequest;
import org.jspecify.annotations.Nullable;

/**
 * A request as the server understood it.
 *
 * @param verb what it asks for
 * @param group the API group, empty for the core group
 * @param version such as {@code v1}
 * @param namespace empty for what has none
 * @param resource in plural, such as {@code endpointslices}
 * @param name of one object, or null for the collection
 * @param subresource such as {@code status}, or null
 * @param query its parameters, decoded
 * @param protocol {@code HTTP/1.1} or {@code HTTP/2}
 * @param authorization the header, or null
 * @param userAgent the header, empty if there was none
 */
public record ApiRequest(
        Verb verb,
        String group,
        String version,
        String namespace,
        String resource,
        @Nullable String name,
        @Nullable String subresource,
        Map<String, String> query,
        String protocol,
        @Nullable String authorization,
        String userAgent) {

    private static final Pattern PATH =
            Pattern.compile("/(?:api|apis/(?<group>[^/]+))/(?<version>[^/]+)(?:/namespaces/(?<namespace>[^/]+)"
                    + "(?=/))?/(?<resource>[^/]+)(?:/(?<name>[^/]+)(?:/(?<sub>[^/]+))?)?");

    public ApiRequest {
        query = Map.copyOf(query);
    }

    /** What a request asks for, or nothing if its path is none of an API's. */
    static Optional<ApiRequest> of(RecordedRequest request) {
        URI target = URI.create(request.getTarget());
        Matcher path = PATH.matcher(target.getPath());
        if (!path.matches()) {
            return Optional.empty();
        }
        Map<String, String> query = query(target.getRawQuery());
        String name = path.group("name");
        return Optional.of(new ApiRequest(
                verb(request.getMethod(), name, query),
                orEmpty(path.group("group")),
                path.group("version"),
                orEmpty(path.group("namespace")),
                path.group("resource"),
                name,
                path.group("sub"),
                query,
                request.getVersion(),
                request.getHeaders().get("Authorization"),
                orEmpty(request.getHeaders().get("User-Agent"))));
    }

    private static Verb verb(String method, @Nullable String name, Map<String, String> query) {
        return switch (method) {
            case "GET" -> {
                if (name != null) {
                    yield Verb.GET;
                }
                yield isTrue(query.get("watch")) ? Verb.WATCH : Verb.LIST;
            }
            case "POST" -> Verb.CREATE;
            case "PUT" -> Verb.UPDATE;
            case "PATCH" -> Verb.PATCH;
            case "DELETE" -> Verb.DELETE;
            default -> throw new IllegalArgumentException("method: " + method + " (expected: one of REST)");
        };
    }

    private static Map<String, String> query(@Nullable String raw) {
        Map<String, String> query = new LinkedHashMap<>();
        if (raw != null && !raw.isEmpty()) {
            for (String pair : raw.split("&")) {
                int equals = pair.indexOf('=');
                String key = equals < 0 ? pair : pair.substring(0, equals);
                String value = equals < 0 ? "" : pair.substring(equals + 1);
                query.put(decode(key), decode(value));
            }
        }
        return query;
    }

    private static String decode(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    private static String orEmpty(@Nullable String text) {
        return text == null ? "" : text;
    }

    private static boolean isTrue(@Nullable String text) {
        return "true".equals(text) || "1".equals(text);
    }

    /** Whether a parameter is there and says yes. */
    public boolean asks(String parameter) {
        return isTrue(query.get(parameter));
    }

    /** Of what kind of thing, in which namespace: {@code discovery.k8s.io/endpointslices/default}. */
    String collection() {
        return group + "/" + resource + "/" + namespace;
    }

    /** As an API server does for a person's terminal; programs get one line. */
    boolean pretty() {
        return asks("pretty") || userAgent.startsWith("curl/");
    }
}
