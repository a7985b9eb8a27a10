package io.evenkeel.grpc;

/** Resolves {@code k8s:///orders.default:grpc}; needs {@code evenkeel-kubernetes}. */
public final class KubernetesNameResolverProvider extends PodNameResolverProvider {

    /** For {@code ServiceLoader}. */
    public KubernetesNameResolverProvider() {
        super("k8s", "k8s");
    }
}
