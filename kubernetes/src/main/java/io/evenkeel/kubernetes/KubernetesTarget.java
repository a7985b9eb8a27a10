package io.evenkeel.kubernetes;

import io.evenkeel.endpoint.Target;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a {@code k8s:} target names: {@code k8s://[context]/service[.namespace][:port]}.
 *
 * <ul>
 *   <li>{@code k8s:///pg.default:5432}: the Service {@code pg} in {@code default}, the Pods' port 5432
 *   <li>{@code k8s:///pg.default:postgres}: the port of that name, which can differ from slice to slice
 *   <li>{@code k8s:///pg}: in our own namespace, and the only port there is
 *   <li>{@code k8s://staging/pg.default:5432}: with the context {@code staging} of the kubeconfig; special characters
 *       are percent-encoded
 * </ul>
 *
 * @param context of the kubeconfig, or null for the current one, or the cluster we run in
 * @param service the Service's name
 * @param namespace or null for our own
 * @param port name or number of the Pods' port, or null for the only one
 */
record KubernetesTarget(
        @Nullable String context,
        String service,
        @Nullable String namespace,
        @Nullable String port) {

    static final Set<String> SCHEMES = Set.of("k8s", "kubernetes");

    private static final String EXAMPLE = "k8s:///pg.default:5432, k8s:///pg.default:postgres or k8s:///pg";
    private static final Pattern LABEL = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");
    private static final Pattern PORT = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");

    KubernetesTarget {
        Objects.requireNonNull(service, "service");
    }

    /**
     * Reads a target.
     *
     * @throws IllegalArgumentException if it is not of the form; the message shows what was given and an example
     */
    static KubernetesTarget of(Target target) {
        if (!SCHEMES.contains(target.scheme())) {
            throw new IllegalArgumentException(
                    "target: \"" + target + "\" (expected: the scheme k8s, as in " + EXAMPLE + ")");
        }
        String path = target.path();
        int colon = path.indexOf(':');
        String port = colon < 0 ? null : path.substring(colon + 1);
        String[] labels = (colon < 0 ? path : path.substring(0, colon)).split("\\.", -1);
        if (labels.length > 2 && !labels[2].equals("svc")) {
            throw refused(
                    target, "name", path, "service.namespace, optionally followed by .svc and the cluster's domain");
        }
        String namespace = labels.length == 1 ? null : labels[1];
        checkLabel(target, "service", labels[0]);
        if (namespace != null) {
            checkLabel(target, "namespace", namespace);
        }
        if (port != null) {
            checkPort(target, port);
        }
        return new KubernetesTarget(context(target), labels[0], namespace, port);
    }

    private static @Nullable String context(Target target) {
        String encoded = target.authority();
        try {
            // In a target a plus is a plus.
            String context = URLDecoder.decode(encoded.replace("+", "%2B"), StandardCharsets.UTF_8);
            return context.isEmpty() ? null : context;
        } catch (IllegalArgumentException invalid) {
            throw refused(target, "context", encoded, "a kubeconfig's context, special characters percent-encoded");
        }
    }

    private static void checkLabel(Target target, String what, String label) {
        if (!LABEL.matcher(label).matches()) {
            throw refused(target, what, label, "lower-case letters, digits and -, at most 63");
        }
    }

    private static void checkPort(Target target, String port) {
        boolean number = port.matches("[0-9]+");
        boolean inRange =
                number && port.length() <= 5 && Integer.parseInt(port) >= 1 && Integer.parseInt(port) <= 65535;
        if (number ? !inRange : !PORT.matcher(port).matches()) {
            throw refused(target, "port", port, "a port's name, or a number from 1 to 65535");
        }
    }

    private static IllegalArgumentException refused(Target target, String what, String given, String expected) {
        return new IllegalArgumentException(
                what + ": \"" + given + "\" in " + target + " (expected: " + expected + ", as in " + EXAMPLE + ")");
    }
}
