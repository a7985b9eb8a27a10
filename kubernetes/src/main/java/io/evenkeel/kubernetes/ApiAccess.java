package io.evenkeel.kubernetes;

import io.kubernetes.client.openapi.ApiClient;
import io.kubernetes.client.util.ClientBuilder;
import io.kubernetes.client.util.KubeConfig;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the API server and our credentials, when they are first needed and again when they turn out to be out of date. All
 * who are configured alike share one, and with it one connection where the server speaks HTTP/2. Reads files and may run a
 * credential plugin, so {@link #connect} is called where that may block. Thread-safe.
 */
final class ApiAccess implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ApiAccess.class);

    private final Config config;
    // So that it is looked for once, however many need it: a plugin may ask a person. Held while that blocks, and so
    // taken
    // only by threads that may.
    private final ReentrantLock searching = new ReentrantLock();
    private final AtomicReference<@Nullable ApiConnection> current = new AtomicReference<>();

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
     * The connection to use now.
     *
     * @throws IOException if the configuration cannot be read
     * @throws IllegalArgumentException if there is none, or it is not usable
     */
    ApiConnection connect() throws IOException {
        ApiConnection known = current.get();
        if (known != null) {
            return known;
        }
        searching.lock();
        try {
            known = current.get();
            if (known == null) {
                known = find();
                current.set(known);
                LOG.debug("The API server is {}, from {}", known.server(), known.origin());
            }
            return known;
        } finally {
            searching.unlock();
        }
    }

    /**
     * Gives up a connection that failed, with everything that was read for it; unless another has done so already. Doesn't
     * block: its sockets are closed a few seconds after they were last used.
     */
    void renew(@Nullable ApiConnection failed) {
        if (failed != null) {
            current.compareAndSet(failed, null);
        }
    }

    @Override
    public void close() {
        ApiConnection last = current.get();
        if (last != null) {
            last.close();
        }
    }

    private ApiConnection find() throws IOException {
        ApiClient own = config.client();
        if (own != null) {
            return ApiConnection.of(own, ownNamespace(), "the ApiClient that was given");
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
            ApiClient client = ClientBuilder.kubeconfig(kubeconfig).build();
            String namespace = kubeconfig.getNamespace();
            return ApiConnection.of(client, namespace == null ? "default" : namespace, origin);
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
        Objects.requireNonNull(kubeconfig.getServer(), () -> "server: missing in the chosen context of " + where);
    }

    private String ownNamespace() throws IOException {
        String inCluster = InCluster.namespace(config.environment());
        return inCluster == null ? "default" : inCluster;
    }
}
