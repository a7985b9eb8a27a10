package io.evenkeel.grpc;

import io.grpc.LoadBalancer;
import io.grpc.LoadBalancerProvider;
import io.grpc.NameResolver.ConfigOrError;
import io.grpc.Status;
import java.util.Map;

/**
 * The policy {@code evenkeel}, chosen by a service config, {@code defaultLoadBalancingPolicy("evenkeel")} or {@link
 * EvenkeelGrpc}. It works under any resolver; only ours tell it of a Pod's name, zone and weight.
 */
public final class EvenkeelLoadBalancerProvider extends LoadBalancerProvider {

    /** What a service config calls it. */
    public static final String POLICY = "evenkeel";

    private static final int PRIORITY = 5;

    @Override
    public LoadBalancer newLoadBalancer(LoadBalancer.Helper helper) {
        return new EvenkeelLoadBalancer(helper);
    }

    @Override
    public ConfigOrError parseLoadBalancingPolicyConfig(Map<String, ?> json) {
        try {
            return ConfigOrError.fromConfig(PolicyConfig.parse(json));
        } catch (IllegalArgumentException refused) {
            return ConfigOrError.fromError(Status.UNAVAILABLE
                    .withDescription("service config, " + POLICY + ": " + refused.getMessage())
                    .withCause(refused));
        }
    }

    @Override
    public boolean isAvailable() {
        return true;
    }

    @Override
    public int getPriority() {
        return PRIORITY;
    }

    @Override
    public String getPolicyName() {
        return POLICY;
    }
}
