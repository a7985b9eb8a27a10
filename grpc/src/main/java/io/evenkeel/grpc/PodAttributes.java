package io.evenkeel.grpc;

import io.evenkeel.adapter.PoolSettings;
import io.evenkeel.endpoint.Endpoint;
import io.grpc.Attributes;
import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;

/** Where policies and resolvers find what is known of a Pod beyond its address. */
public final class PodAttributes {

    /**
     * In the attributes of an {@link EquivalentAddressGroup} that one of our resolvers made: the Pod with its identity,
     * zone, weight and condition. Each group is one Pod with one address.
     */
    @EquivalentAddressGroup.Attr
    public static final Attributes.Key<Endpoint> ENDPOINT = Attributes.Key.create("io.evenkeel.grpc.endpoint");

    /**
     * What {@link EvenkeelGrpc} hands to the policy through the resolver: settings that a service config can't hold.
     */
    static final NameResolver.Args.Key<PoolSettings> SETTINGS_ARG =
            NameResolver.Args.Key.create("io.evenkeel.grpc.settings");

    private PodAttributes() {}
}
