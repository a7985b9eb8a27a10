package io.evenkeel.kubernetes;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where a configuration is looked for: this process's environment variables, and what Kubernetes mounts into a Pod.
 *
 * @param variables environment variables
 * @param serviceAccount directory with {@code token}, {@code ca.crt} and {@code namespace}
 */
record ApiEnvironment(Map<String, String> variables, Path serviceAccount) {

    ApiEnvironment {
        variables = Map.copyOf(variables);
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
