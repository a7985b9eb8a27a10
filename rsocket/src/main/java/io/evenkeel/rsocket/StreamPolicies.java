package io.evenkeel.rsocket;

import io.rsocket.Payload;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Which policy a stream has.
 *
 * @param otherwise of every route that is not named
 * @param byRoute of those that are
 * @param routes finds the route, or null
 */
record StreamPolicies(
        LongStreamPolicy otherwise, Map<String, LongStreamPolicy> byRoute, Function<Payload, @Nullable String> routes) {

    StreamPolicies {
        byRoute = Map.copyOf(byRoute);
    }

    /** Whether any stream may need more than any request. */
    boolean areAny() {
        return !(otherwise instanceof LongStreamPolicy.Stick) || !byRoute.isEmpty();
    }

    /** The policy of this stream, or null if it sticks and needs no more than any request. */
    @Nullable
    LongStreamPolicy of(Interaction interaction, Object input) {
        if (!interaction.isStream()) {
            return null;
        }
        LongStreamPolicy policy = otherwise;
        if (interaction == Interaction.REQUEST_STREAM && !byRoute.isEmpty()) {
            String route = routes.apply((Payload) input);
            policy = route == null ? otherwise : byRoute.getOrDefault(route, otherwise);
        }
        boolean sticks = policy instanceof LongStreamPolicy.Stick
                || (interaction == Interaction.REQUEST_CHANNEL && policy instanceof LongStreamPolicy.Resubscribe);
        return sticks ? null : policy;
    }
}
