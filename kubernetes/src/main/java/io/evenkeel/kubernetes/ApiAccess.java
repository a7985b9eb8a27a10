package io.evenkeel.kubernetes;

import io.kubernetes.client.openapi.ApiClient;
import io.kubernetes.client.util.ClientBuilder;
import io.kubernetes.client.util.KubeConfig;
import java.io.File;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.KeyManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the API server and our credentials, when they are first needed and again when they turn out to be out of date.
 * All who are configured alike share one, and with it one connection where the server speaks HTTP/2. Reads files and
 * may run a credential plugin, so {@link #connect} is called where that may block. Thread-safe.
 */
final class ApiAccess implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ApiAccess.class);

    private final Config config;
    // One attempt for all that need it at the same time: a plugin may ask a person. They wait for its end
    // without a lock.
    // Invariant: what is here has not failed.
    private final AtomicReference<@Nullable Attempt> current = new AtomicReference<>();

    /** Completed by the thread that made it. */
    private static final class Attempt extends CompletableFuture<ApiConnection> {}

    /**
     * What the user chose; equal for those who can share.
     *
     * @param client of the user's own, or null
     * @param kubeconfig file, or null to look for a configuration
     * @param context of the kubeconfig, or null for its current one
     * @param environment where to look
     */
    record Config(
            @Nullable ApiClient client,
            @Nullable Path kubeconfig,
            @Nullable String context,
            ApiEnvironment environment) {}

    ApiAccess(Config config) {
        this.config = config;
    }

    /**
     * The connection to use now. A thread that is interrupted in here stops what it waits for.
     *
     * @throws IOException if the configuration cannot be read, or the credentials cannot be had
     * @throws IllegalArgumentException if there is none, or it is not usable
     */
    ApiConnection connect() throws IOException {
        Attempt mine = new Attempt();
        Attempt known = current.compareAndExchange(null, mine);
        if (known != null) {
            return resultOf(known);
        }
        try {
            ApiConnection found = find();
            LOG.debug("The API server is {}, from {}", found.server(), found.origin());
            mine.complete(found);
            return found;
        } catch (IOException | RuntimeException | Error failure) {
            current.compareAndSet(mine, null);
            mine.completeExceptionally(failure);
            throw failure;
        }
    }

    private static ApiConnection resultOf(Attempt attempt) throws IOException {
        try {
            return attempt.get();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("not needed any more");
        } catch (ExecutionException failed) {
            Throwable cause = failed.getCause();
            if (cause instanceof IOException io) {
                throw io;
            }
            if (cause instanceof RuntimeException runtime) {
                throw runtime;
            }
            throw new IOException("the API server's configuration cannot be read: " + cause, cause);
        }
    }

    private @Nullable ApiConnection last() {
        Attempt attempt = current.get();
        return attempt != null && attempt.isDone() && !attempt.isCompletedExceptionally() ? attempt.join() : null;
    }

    /**
     * Discards a connection that failed, with everything that was read for it; unless another has done so already.
     * Doesn't block: its sockets are closed a few seconds after they were last used.
     */
    @SuppressWarnings("ReferenceEquality") // it is this very connection that failed
    void renew(@Nullable ApiConnection failed) {
        Attempt attempt = current.get();
        if (failed != null && attempt != null && last() == failed) {
            current.compareAndSet(attempt, null);
        }
    }

    @Override
    public void close() {
        ApiConnection last = last();
        if (last != null) {
            last.close();
        }
    }

    private ApiConnection find() throws IOException {
        ApiClient own = config.client();
        if (own != null) {
            return ApiConnection.of(
                    own, ownNamespace(), "the ApiClient that was given", config.environment(), http -> {});
        }
        Path file = config.kubeconfig();
        if (file == null && config.context() == null && InCluster.isHere(config.environment())) {
            return InCluster.connect(config.environment());
        }
        return fromFiles(file == null ? findFiles() : List.of(file));
    }

    private List<Path> findFiles() {
        ApiEnvironment environment = config.environment();
        String variable = environment.get("KUBECONFIG");
        if (variable != null) {
            List<Path> files = Stream.of(variable.split(File.pathSeparator, -1))
                    .filter(name -> !name.isBlank())
                    .map(Path::of)
                    .filter(Files::exists)
                    .toList();
            if (files.isEmpty()) {
                throw new IllegalArgumentException(
                        "KUBECONFIG: " + variable + " (expected: at least one file of these to exist)");
            }
            return files;
        }
        String home = environment.get("HOME");
        Path file = Path.of(home == null ? System.getProperty("user.home") : home, ".kube", "config");
        if (!Files.exists(file)) {
            throw new IllegalArgumentException(
                    "API server: unknown (expected: to run in a Pod with a service account's token in "
                            + environment.serviceAccount() + ", or KUBECONFIG set, or a file " + file
                            + "; in a Pod, is automountServiceAccountToken false?)");
        }
        return List.of(file);
    }

    private ApiConnection fromFiles(List<Path> files) throws IOException {
        String where = files.stream().map(Path::toString).collect(Collectors.joining(", "));
        try {
            KubeConfig kubeconfig = KubeConfigFiles.read(files);
            choose(kubeconfig, where);
            String origin = "the context " + kubeconfig.getCurrentContext() + " of " + where;
            if (!kubeconfig.verifySSL()) {
                LOG.warn("The API server's certificate is not verified: insecure-skip-tls-verify is set in {}", origin);
            }
            KubeConfigUser user = KubeConfigUser.of(kubeconfig, origin);
            KubeConfigUser.Found credentials =
                    user.find(kubeconfig, config.environment().pluginTimeout());
            ClientBuilder builder = ClientBuilder.kubeconfig(user.without(kubeconfig));
            if (!credentials.keys().isEmpty()) {
                // Later, the authority would be read a second time from where nothing is left.
                builder.setAuthentication(
                        made -> made.setKeyManagers(credentials.keys().toArray(KeyManager[]::new)));
            }
            ApiClient client = builder.build();
            ProxyChoice proxy = ProxyChoice.of(URI.create(client.getBasePath()), user.proxyUrl(), config.environment());
            String namespace = kubeconfig.getNamespace();
            return ApiConnection.of(
                    client, namespace == null ? "default" : namespace, origin, config.environment(), http -> {
                        http.addInterceptor(credentials.requests());
                        proxy.applyTo(http);
                    });
        } catch (LinkageError missing) {
            throw new IllegalArgumentException(MissingLibrary.explain(missing, "kubeconfig " + where), missing);
        }
    }

    private void choose(KubeConfig kubeconfig, String where) {
        String context = config.context();
        if (context != null && !kubeconfig.setContext(context)) {
            throw new IllegalArgumentException(
                    "context: " + context + " is not in " + where + " (expected: one of the contexts in it)");
        }
        if (context == null && kubeconfig.getCurrentContext() == null) {
            throw new IllegalArgumentException("current-context: not set in " + where
                    + " (expected: a context, or one in the target as in k8s://context/pg.default:5432)");
        }
        String server = Objects.requireNonNull(
                kubeconfig.getServer(), () -> "server: missing in the chosen context of " + where);
        requireNoUserInfo(server, where);
    }

    /** The client would not send it, and every message that names the server would show it. */
    private static void requireNoUserInfo(String server, String where) {
        String authority = server.replaceFirst("^[^/]*//", "").replaceFirst("[/?#].*$", "");
        if (authority.contains("@")) {
            throw new IllegalArgumentException("server: has user information in the chosen context of " + where
                    + " (expected: host and port alone; credentials belong to the user's entry)");
        }
    }

    private String ownNamespace() throws IOException {
        String inCluster = InCluster.namespace(config.environment());
        return inCluster == null ? "default" : inCluster;
    }
}
