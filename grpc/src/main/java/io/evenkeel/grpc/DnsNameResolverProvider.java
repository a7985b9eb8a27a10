package io.evenkeel.grpc;

/**
 * Resolves {@code evenkeel-dns:///orders-headless.default.svc:50051} and asks again by itself; {@code dns:} stays
 * grpc's own.
 */
public final class DnsNameResolverProvider extends PodNameResolverProvider {

    /** For {@code ServiceLoader}. */
    public DnsNameResolverProvider() {
        super("evenkeel-dns", "dns");
    }
}
