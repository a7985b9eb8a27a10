package io.evenkeel.kubernetes;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where a configuration is looked for, and how long its parts may take: this process's environment variables, and what
 * Kubernetes mounts into a Pod.
 *
 * @param variables environment variables
 * @param serviceAccount directory with {@code token}, {@code ca.crt} and {@code namespace}
 * @param pluginTimeout how long a credential plugin may run
 * @param ping how often a connection over HTTP/2 is asked for a sign of life; twice that is the most it can be dead
 *     unnoticed
 */
record ApiEnvironment(Map<String, String> variables, Path serviceAccount, Duration pluginTimeout, Duration ping) {

    private static final Duration PLUGIN_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration PING = Duration.ofSeconds(25);

    ApiEnvironment {
        variables = Map.copyOf(variables);
        Objects.requireNonNull(serviceAccount, "serviceAccount");
    }

    ApiEnvironment(Map<String, String> variables, Path serviceAccount) {
        this(variables, serviceAccount, PLUGIN_TIMEOUT, PING);
    }

    static ApiEnvironment ofThisProcess() {
        return new ApiEnvironment(System.getenv(), Path.of("/var/run/secrets/kubernetes.io/serviceaccount"));
    }

    /** The variable's value, or null where it is not set or empty. */
    @Nullable
    String get(String variable) {
        String value = variables.get(variable);
        return value == null || value.isBlank() ? null : value;
    }
}
