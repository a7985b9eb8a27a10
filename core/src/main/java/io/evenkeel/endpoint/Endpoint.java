package io.evenkeel.endpoint;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One Pod, as a source describes it. Immutable.
 *
 * @param key who and where it is
 * @param zone its topology zone, or null where the source does not know; 1 to 253 characters, no control characters
 * @param node the node it runs on, or null where the source does not know; as zone
 * @param weight its share relative to the others, above 0 and finite; 1 unless the source says otherwise
 * @param condition what it may be used for
 * @param hintedZones the zones whose clients the source advises to use it; empty where there is no advice, at most 64
 */
public record Endpoint(
        EndpointKey key,
        @Nullable String zone,
        @Nullable String node,
        double weight,
        EndpointCondition condition,
        List<String> hintedZones) {

    private static final int LONGEST_LABEL = 253;
    private static final int MOST_HINTS = 64;

    public Endpoint {
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(condition, "condition");
        hintedZones = List.copyOf(hintedZones);
        requireLabels(zone, node, hintedZones);
        if (!(weight > 0) || Double.isInfinite(weight)) {
            throw new IllegalArgumentException(
                    "weight: " + weight + " (expected: above 0 and finite) of endpoint " + key);
        }
    }

    private static void requireLabels(@Nullable String zone, @Nullable String node, List<String> hintedZones) {
        if (zone != null) {
            HostSyntax.requireName("zone", zone, LONGEST_LABEL);
        }
        if (node != null) {
            HostSyntax.requireName("node", node, LONGEST_LABEL);
        }
        if (hintedZones.size() > MOST_HINTS) {
            throw new IllegalArgumentException(
                    "hintedZones: " + hintedZones.size() + " (expected: at most " + MOST_HINTS + ")");
        }
        for (String hint : hintedZones) {
            HostSyntax.requireName("hintedZones", hint, LONGEST_LABEL);
        }
    }

    /** A ready endpoint of weight 1 whose identity is its address. */
    public static Endpoint of(String host, int port) {
        return of(EndpointKey.address(host, port), host, port);
    }

    /** A ready endpoint of weight 1. */
    public static Endpoint of(String identity, String host, int port) {
        return new Endpoint(new EndpointKey(identity, host, port), null, null, 1.0, EndpointCondition.READY, List.of());
    }

    public String identity() {
        return key.identity();
    }

    public String host() {
        return key.host();
    }

    public int port() {
        return key.port();
    }

    /** {@code host:port}, with brackets around an IPv6 address. */
    public String address() {
        return key.address();
    }

    public boolean isReady() {
        return condition == EndpointCondition.READY;
    }

    public Endpoint withCondition(EndpointCondition newCondition) {
        return new Endpoint(key, zone, node, weight, newCondition, hintedZones);
    }

    public Endpoint withWeight(double newWeight) {
        return new Endpoint(key, zone, node, newWeight, condition, hintedZones);
    }

    public Endpoint withZone(@Nullable String newZone) {
        return new Endpoint(key, newZone, node, weight, condition, hintedZones);
    }

    public Endpoint withNode(@Nullable String newNode) {
        return new Endpoint(key, zone, newNode, weight, condition, hintedZones);
    }
}
