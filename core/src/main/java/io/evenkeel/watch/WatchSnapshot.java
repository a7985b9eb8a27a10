package io.evenkeel.watch;

import io.evenkeel.endpoint.EndpointSet;
import java.util.Objects;

/**
 * What a watcher believes at one moment. Immutable.
 *
 * @param endpoints the endpoints, settled and protected
 * @param health whether the source still says so
 * @param answeredAtNanos when the source last answered, on the watcher's ticker; meaningless while {@code UNKNOWN}
 * @param reason for people: why it is stale or unknown, or what the last change was; never empty
 * @param details what else is known of the source, for display
 */
public record WatchSnapshot(
        EndpointSet endpoints, SourceHealth health, long answeredAtNanos, String reason, SourceDetails details) {
    public WatchSnapshot {
        Objects.requireNonNull(endpoints, "endpoints");
        Objects.requireNonNull(health, "health");
        Objects.requireNonNull(reason, "reason");
        Objects.requireNonNull(details, "details");
    }

    /** A snapshot without details. */
    public WatchSnapshot(EndpointSet endpoints, SourceHealth health, long answeredAtNanos, String reason) {
        this(endpoints, health, answeredAtNanos, reason, SourceDetails.NONE);
    }
}
