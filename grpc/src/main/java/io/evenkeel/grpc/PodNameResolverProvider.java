package io.evenkeel.grpc;

import io.evenkeel.watch.EndpointWatchers;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.util.Collection;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One scheme for gRPC's registry of resolvers, which finds its subclasses by {@code ServiceLoader}. */
abstract class PodNameResolverProvider extends NameResolverProvider {

    private static final int PRIORITY = 5;

    private final String scheme;
    private final String coreScheme;

    /** @param coreScheme what core calls it, which may be another name */
    PodNameResolverProvider(String scheme, String coreScheme) {
        this.scheme = scheme;
        this.coreScheme = coreScheme;
    }

    @Override
    public @Nullable NameResolver newNameResolver(URI uri, NameResolver.Args args) {
        if (!scheme.equals(uri.getScheme())) {
            return null;
        }
        return new PodNameResolver(PodTarget.parse(uri.toString(), coreScheme), args, EndpointWatchers.shared());
    }

    @Override
    public String getDefaultScheme() {
        return scheme;
    }

    @Override
    protected boolean isAvailable() {
        return true;
    }

    @Override
    protected int priority() {
        return PRIORITY;
    }

    @Override
    public Collection<Class<? extends SocketAddress>> getProducedSocketAddressTypes() {
        return Set.of(InetSocketAddress.class);
    }
}
