package io.evenkeel.status;

import io.evenkeel.watch.SourceHealth;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What one pool looks like at one moment. Immutable.
 *
 * @param pool its name
 * @param target where its endpoints come from
 * @param seats how many connections it may have
 * @param endpoints in order of their keys
 * @param source how far the source can be trusted
 * @param sourceAge how long ago the source last answered, or null if it never did
 * @param sourceReason why it is stale or unknown, or what its last change was
 * @param planReason why the last plan was made
 * @param movesPending seats that are to move but have not yet
 * @param moves seats moved since the pool was made
 * @param closed whether it is closing or closed
 */
public record PoolStatus(
        String pool,
        String target,
        int seats,
        List<EndpointStatus> endpoints,
        SourceHealth source,
        @Nullable Duration sourceAge,
        String sourceReason,
        String planReason,
        int movesPending,
        long moves,
        boolean closed) {
    public PoolStatus {
        Objects.requireNonNull(pool, "pool");
        endpoints = List.copyOf(endpoints);
    }
}
