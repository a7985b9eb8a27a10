package io.evenkeel.grpc;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.evenkeel.adapter.PoolSettings;
import io.grpc.ManagedChannelBuilder;
import java.util.function.Consumer;

/**
 * Configures channels for the policy {@code evenkeel}.
 *
 * <pre>{@code
 * ManagedChannel channel = EvenkeelGrpc.balance(
 *                 Grpc.newChannelBuilder("k8s:///orders.default:grpc", TlsChannelCredentials.create()),
 *                 settings -> settings.drainDeadline(Duration.ofSeconds(60)).listener(events))
 *         .build();
 * }</pre>
 *
 * <p>Without code, a service config that names the policy does the same, as far as its values go.
 */
public final class EvenkeelGrpc {

    private EvenkeelGrpc() {}

    /**
     * Lets a channel balance by the policy {@code evenkeel} with these settings; unless its service config names
     * another one.
     *
     * @param builder changed, and returned
     * @param settings changes the settings that all adapters have. A target that is set there is ignored: a channel has
     *     its own
     * @throws IllegalArgumentException if a setting is out of its bounds
     */
    @CanIgnoreReturnValue
    public static <B extends ManagedChannelBuilder<?>> B balance(B builder, Consumer<PoolSettings> settings) {
        builder.defaultLoadBalancingPolicy(EvenkeelLoadBalancerProvider.POLICY);
        return configure(builder, settings);
    }

    /**
     * Gives the policy {@code evenkeel} these settings where the channel's service config or its default policy names
     * it; without effect under any other policy. For frameworks, whose channels have a policy by configuration.
     *
     * @param builder changed, and returned; settings that it was given before are replaced
     * @param settings as in {@link #balance}
     * @throws IllegalArgumentException if a setting is out of its bounds
     */
    @CanIgnoreReturnValue
    public static <B extends ManagedChannelBuilder<?>> B configure(B builder, Consumer<PoolSettings> settings) {
        PoolSettings collected = PoolSettings.movingWhole();
        settings.accept(collected);
        builder.setNameResolverArg(PodAttributes.SETTINGS_ARG, collected.copy());
        return builder;
    }
}
