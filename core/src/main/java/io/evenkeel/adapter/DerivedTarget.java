package io.evenkeel.adapter;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.endpoint.Target;
import io.evenkeel.source.EndpointSources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The target where the user gave none, from the host that is configured already.
 *
 * @param target where the endpoints are
 * @param why one sentence for the log
 */
public record DerivedTarget(Target target, String why) {
    private static final Logger LOG = LoggerFactory.getLogger(DerivedTarget.class);
    private static final Path NAMESPACE_FILE = Path.of("/var/run/secrets/kubernetes.io/serviceaccount/namespace");
    private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");
    private static final Pattern LABEL = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");

    public DerivedTarget {
        Objects.requireNonNull(target, "target");
        Objects.requireNonNull(why, "why");
    }

    /**
     * What can be known of the surroundings.
     *
     * @param inCluster whether this process runs in a Pod
     * @param ownNamespace the namespace of its Pod, or null where it isn't known
     * @param schemes the schemes that a source is there for
     */
    public record Surroundings(boolean inCluster, @Nullable String ownNamespace, Set<String> schemes) {
        public Surroundings {
            schemes = Set.copyOf(schemes);
        }

        /**
         * Those of this process: from its environment, from the service account that Kubernetes mounts into a Pod and
         * from the sources on its class path.
         */
        public static Surroundings ofThisProcess() {
            return of(System::getenv, namespaceIn(NAMESPACE_FILE), EndpointSources.schemes());
        }

        private static @Nullable String namespaceIn(Path file) {
            try {
                return Files.isReadable(file) ? Files.readString(file).strip() : null;
            } catch (IOException e) {
                LOG.warn("The Pod's own namespace is unknown: {} cannot be read", file, e);
                return null;
            }
        }

        /** @param environment looks up an environment variable, null where it isn't set */
        static Surroundings of(
                Function<String, @Nullable String> environment, @Nullable String ownNamespace, Set<String> schemes) {
            return new Surroundings(environment.apply("KUBERNETES_SERVICE_HOST") != null, ownNamespace, schemes);
        }
    }

    /**
     * A Service's name inside a cluster means {@code k8s:}, an address means itself, anything else is looked up.
     *
     * @param host a host name or an IP address without brackets
     * @param port 1 to 65535
     */
    public static DerivedTarget of(String host, int port, Surroundings surroundings) {
        if (IPV4.matcher(host).matches() || host.indexOf(':') >= 0) {
            return new DerivedTarget(
                    Target.parse("static:///" + EndpointKey.address(host, port)),
                    "the configured host " + host + " is an address, so it is the only endpoint");
        }
        String name = host.toLowerCase(Locale.ROOT);
        name = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
        String service = serviceIn(name, surroundings.ownNamespace());
        if (service != null
                && surroundings.inCluster()
                && surroundings.schemes().contains("k8s")) {
            return new DerivedTarget(
                    Target.parse("k8s:///" + service + ":" + port),
                    "the configured host " + host + " is a Service's name and this process runs in a cluster");
        }
        return new DerivedTarget(Target.parse("dns:///" + host + ":" + port), whyDns(host, service, surroundings));
    }

    private static String whyDns(String host, @Nullable String service, Surroundings surroundings) {
        String why = "the addresses of the configured host " + host + " are the endpoints, since ";
        if (service == null) {
            return why + "it is not the name of a Service whose namespace is known";
        }
        if (!surroundings.inCluster()) {
            return why + "this process does not run in a cluster (KUBERNETES_SERVICE_HOST is not set)";
        }
        return why
                + "no source for k8s: is there (add the dependency evenkeel-kubernetes to see "
                + "single Pods; a Service with"
                + " a cluster IP has only one address)";
    }

    /**
     * {@code name.namespace} for {@code name}, {@code name.namespace}, {@code name.namespace.svc} and
     * {@code name.namespace.svc.domain}, else null. A name with three labels or more and no {@code svc} in third place
     * is some other host; {@code db.example.com} must not be taken for a Service.
     */
    private static @Nullable String serviceIn(String host, @Nullable String ownNamespace) {
        String[] labels = host.split("\\.", -1);
        for (String label : labels) {
            if (!LABEL.matcher(label).matches()) {
                return null;
            }
        }
        if (labels.length == 1) {
            return ownNamespace == null || host.equals("localhost") ? null : host + "." + ownNamespace;
        }
        return labels.length == 2 || labels[2].equals("svc") ? labels[0] + "." + labels[1] : null;
    }
}
