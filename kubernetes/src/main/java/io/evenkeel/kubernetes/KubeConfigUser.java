package io.evenkeel.kubernetes;

import io.evenkeel.endpoint.HostSyntax;
import io.kubernetes.client.util.KubeConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import javax.net.ssl.KeyManager;
import org.jspecify.annotations.Nullable;

/**
 * The user and the cluster of a kubeconfig's chosen context, read by ourselves where client-java would go on without
 * credentials, or without what it does not know.
 *
 * <p>In client-go's order: {@code tokenFile}, else {@code token}, else {@code username} and {@code password}, else
 * {@code exec}, else {@code auth-provider}; a client certificate in any case; {@code as} on top. What is configured and
 * cannot be had is a {@link CredentialsException}, and never a request without credentials.
 */
final class KubeConfigUser {

    private final String name;
    private final Map<?, ?> user;
    private final Map<?, ?> cluster;
    private final String origin;

    private KubeConfigUser(String name, Map<?, ?> user, Map<?, ?> cluster, String origin) {
        this.name = name;
        this.user = user;
        this.cluster = cluster;
        this.origin = origin;
    }

    /**
     * What a connection is made with.
     *
     * @param requests what is sent with each request
     * @param keys what is presented when a connection is opened; empty if nothing is
     */
    record Found(RequestCredentials requests, List<KeyManager> keys) {}

    /**
     * Of the chosen context.
     *
     * @throws CredentialsException if it names no user, or one that is not there
     */
    static KubeConfigUser of(KubeConfig kubeconfig, String origin) throws CredentialsException {
        Map<?, ?> context = named(kubeconfig.getContexts(), kubeconfig.getCurrentContext(), "context");
        Map<?, ?> cluster = context == null ? null : named(kubeconfig.getClusters(), context.get("cluster"), "cluster");
        Object name = context == null ? null : context.get("user");
        Map<?, ?> user = named(kubeconfig.getUsers(), name, "user");
        boolean nobody = name == null || String.valueOf(name).isEmpty();
        if (user == null && !(nobody && isPlain(cluster))) {
            throw new CredentialsException(
                    "user: " + (nobody ? "none" : HostSyntax.shown(String.valueOf(name))) + " in " + origin
                            + " (expected: the name of one of its users)",
                    null);
        }
        return new KubeConfigUser(
                String.valueOf(name), user == null ? Map.of() : user, cluster == null ? Map.of() : cluster, origin);
    }

    /** A proxy such as {@code kubectl proxy}, which has credentials of its own. */
    private static boolean isPlain(@Nullable Map<?, ?> cluster) {
        return cluster != null && String.valueOf(cluster.get("server")).startsWith("http://");
    }

    private static @Nullable Map<?, ?> named(@Nullable List<Object> all, @Nullable Object name, String key) {
        if (all == null || name == null) {
            return null;
        }
        for (Object entry : all) {
            if (entry instanceof Map<?, ?> map && name.equals(map.get("name"))) {
                // "user: {}" may be written as "user:".
                return map.get(key) instanceof Map<?, ?> value ? value : Map.of();
            }
        }
        return null;
    }

    /** The same kubeconfig without this user's credentials. */
    KubeConfig without(KubeConfig kubeconfig) {
        ArrayList<Object> users = new ArrayList<>(List.of(Map.of("name", name, "user", Map.of())));
        KubeConfig bare = new KubeConfig(kubeconfig.getContexts(), kubeconfig.getClusters(), users);
        bare.setContext(kubeconfig.getCurrentContext());
        return bare;
    }

    /** The cluster's proxy, or null. */
    @Nullable
    String proxyUrl() {
        return text("proxy-url", cluster);
    }

    /**
     * Reads, and runs, what there is. May block for as long as a plugin may.
     *
     * @throws CredentialsException if something that is configured cannot be had
     */
    Found find(KubeConfig whole, Duration pluginTimeout) throws CredentialsException {
        List<RequestCredentials.Header> impersonation = impersonation();
        byte[] certificate = dataOrFile("client-certificate");
        byte[] key = dataOrFile("client-key");
        String token = text("token", user);
        String tokenFile = text("tokenFile", user);
        String username = text("username", user);
        String authorization = token == null ? null : bearer(token);
        if (tokenFile == null && token == null && username != null) {
            String both = username + ":" + Objects.requireNonNullElse(text("password", user), "");
            authorization = "Basic " + Base64.getEncoder().encodeToString(both.getBytes(StandardCharsets.UTF_8));
        } else if (tokenFile == null && token == null && user.get("exec") instanceof Map<?, ?> exec) {
            CredentialPlugin.Output output = new CredentialPlugin(exec, cluster, null, pluginTimeout).run();
            authorization = output.token() == null ? null : bearer(output.token());
            certificate = output.certificate() == null ? certificate : bytes(output.certificate());
            key = output.key() == null ? key : bytes(output.key());
        } else if (tokenFile == null && token == null && user.get("auth-provider") != null) {
            authorization = bearer(fromProvider(whole));
        }
        if (authorization == null && tokenFile == null && certificate == null && !isPlain(cluster)) {
            throw new CredentialsException(
                    "user: " + HostSyntax.shown(name) + " in " + origin + " has no credentials (expected: a token, a"
                            + " tokenFile, a client certificate, exec, or username and password)",
                    null);
        }
        if ((certificate == null) != (key == null)) {
            throw new CredentialsException(
                    "user: " + HostSyntax.shown(name) + " in " + origin + " has "
                            + (key == null
                                    ? "a client-certificate without a client-key"
                                    : "a client-key without a" + " client-certificate")
                            + " (expected: both)",
                    null);
        }
        return new Found(
                new RequestCredentials(authorization, tokenFile == null ? null : Path.of(tokenFile), impersonation),
                certificate == null || key == null ? List.of() : List.of(ClientKeys.of(certificate, key)));
    }

    private String bearer(String token) throws CredentialsException {
        if (!RequestCredentials.isHeader(token.strip())) {
            throw new CredentialsException(
                    "user: " + HostSyntax.shown(name) + " in " + origin
                            + " has a token with characters that no token has (expected: one line)",
                    null);
        }
        return "Bearer " + token.strip();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private String fromProvider(KubeConfig whole) throws CredentialsException {
        try {
            Map<String, String> credentials = whole.getCredentials();
            String token = credentials == null ? null : credentials.get(KubeConfig.CRED_TOKEN_KEY);
            if (token != null && !token.isBlank()) {
                return token;
            }
            throw new CredentialsException("the auth-provider of " + origin + " gave no token (expected: one)", null);
        } catch (RuntimeException failed) {
            throw new CredentialsException("the auth-provider of " + origin + " failed: " + failed, failed);
        }
    }

    private List<RequestCredentials.Header> impersonation() {
        List<RequestCredentials.Header> headers = new ArrayList<>();
        add(headers, "Impersonate-User", user.get("as"));
        add(headers, "Impersonate-Uid", user.get("as-uid"));
        add(headers, "Impersonate-Group", user.get("as-groups"));
        if (user.get("as-user-extra") instanceof Map<?, ?> extra) {
            extra.forEach((key, values) -> add(headers, "Impersonate-Extra-" + key, values));
        }
        return headers;
    }

    private static void add(List<RequestCredentials.Header> headers, String name, @Nullable Object values) {
        if (values instanceof List<?> several) {
            several.forEach(value -> add(headers, name, value));
        } else if (values != null) {
            headers.add(new RequestCredentials.Header(name, String.valueOf(values)));
        }
    }

    private byte @Nullable [] dataOrFile(String field) throws CredentialsException {
        String data = text(field + "-data", user);
        String file = text(field, user);
        try {
            if (data != null) {
                return Base64.getMimeDecoder().decode(data);
            }
            return file == null ? null : Files.readAllBytes(Path.of(file));
        } catch (IOException | IllegalArgumentException unreadable) {
            throw new CredentialsException(
                    field + ": of user " + HostSyntax.shown(name) + " in " + origin + " cannot be read: " + unreadable,
                    unreadable);
        }
    }

    private static @Nullable String text(String field, Map<?, ?> from) {
        Object value = from.get(field);
        return value == null || String.valueOf(value).isBlank() ? null : String.valueOf(value);
    }
}
