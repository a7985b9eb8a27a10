package io.evenkeel.kubernetes;

import io.evenkeel.endpoint.Target;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.EndpointSourceProvider;
import io.evenkeel.source.SourceContext;
import java.util.Set;

/**
 * The Pods behind a Kubernetes Service: {@code k8s:///pg.default:5432}, see {@link KubernetesTarget}. The API server
 * and the credentials are found as {@link KubernetesEndpointSource} describes.
 */
public final class KubernetesSourceProvider implements EndpointSourceProvider {

    @Override
    public Set<String> schemes() {
        return KubernetesTarget.SCHEMES;
    }

    @Override
    public EndpointSource create(Target target, SourceContext context) {
        return KubernetesEndpointSource.builder(target).build(context);
    }
}
