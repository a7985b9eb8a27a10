package io.evenkeel.grpc;

/** Resolves {@code fallback:///k8s:///orders.default:grpc%7Cdns:///…}: the bar is percent-encoded in a URI. */
public final class FallbackNameResolverProvider extends PodNameResolverProvider {

    /** For {@code ServiceLoader}. */
    public FallbackNameResolverProvider() {
        super("fallback", "fallback");
    }
}
