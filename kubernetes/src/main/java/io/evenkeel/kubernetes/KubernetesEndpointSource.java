package io.evenkeel.kubernetes;

import io.evenkeel.endpoint.Target;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.SourceContext;
import io.kubernetes.client.openapi.ApiClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Watches the EndpointSlices of one Service. Thread-safe. */
public final class KubernetesEndpointSource implements EndpointSource {

    private final Builder settings;
    private final SourceContext context;

    private KubernetesEndpointSource(Builder settings, SourceContext context) {
        this.settings = settings;
        this.context = context;
    }

    /** A builder for a target such as {@code k8s:///pg.default:5432}. */
    public static Builder builder(Target target) {
        return new Builder(target);
    }

    /** The same, from text. */
    public static Builder builder(String target) {
        return builder(Target.parse(target));
    }

    @Override
    public void start(Observer observer) {
        throw new UnsupportedOperationException("not there yet: " + settings + context);
    }

    @Override
    public void close() {}

    /** The slices as they were last heard of, in order of their names; for display. */
    public List<EndpointSlice> slices() {
        return List.of();
    }

    /** Collects the settings of a {@link KubernetesEndpointSource}. Not thread-safe. */
    public static final class Builder {

        private final KubernetesTarget target;
        private @Nullable ApiClient apiClient;
        private @Nullable Path kubeconfig;
        private AddressFamily preferredFamily = AddressFamily.IPV4;
        private Duration listTimeout = Duration.ofSeconds(10);

        private Builder(Target target) {
            this.target = KubernetesTarget.of(target);
        }

        /**
         * Uses this client's address, certificates and credentials instead of looking for a configuration. Defaults to none.
         * It stays the caller's.
         */
        public Builder apiClient(ApiClient apiClient) {
            this.apiClient = Objects.requireNonNull(apiClient, "apiClient");
            return this;
        }

        /** Uses this kubeconfig instead of looking for a configuration. Defaults to none. */
        public Builder kubeconfig(Path kubeconfig) {
            this.kubeconfig = Objects.requireNonNull(kubeconfig, "kubeconfig");
            return this;
        }

        /** Which address of a dual-stack Pod is used. Defaults to IPv4. */
        public Builder preferredFamily(AddressFamily family) {
            this.preferredFamily = Objects.requireNonNull(family, "preferredFamily");
            return this;
        }

        /** How long a list may take until it counts as failed. Defaults to 10 s; above 0. */
        public Builder listTimeout(Duration listTimeout) {
            this.listTimeout = listTimeout;
            return this;
        }

        /** Makes a source that is not started. */
        public KubernetesEndpointSource build(SourceContext context) {
            return new KubernetesEndpointSource(this, context);
        }

        @Override
        public String toString() {
            return target + " " + apiClient + kubeconfig + preferredFamily + listTimeout;
        }
    }
}
