package io.evenkeel.grpc;

/** Resolves {@code static:///10.0.0.1:50051,10.0.0.2:50051}. */
public final class StaticNameResolverProvider extends PodNameResolverProvider {

    /** For {@code ServiceLoader}. */
    public StaticNameResolverProvider() {
        super("static", "static");
    }
}
