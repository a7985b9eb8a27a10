package io.evenkeel.rsocket;

import io.evenkeel.endpoint.EndpointKey;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One connection at one moment. Immutable.
 *
 * @param endpoint the Pod it goes to
 * @param draining whether it takes no more requests and waits for those in flight
 * @param inFlight requests in flight, also those that the server began
 * @param streams streams and channels of the application among them; on a connection that drains, those that stick to it
 * @param latency what an answer took lately, as a geometric mean; null before the first or while there is no other Pod
 * @param age how long ago it was opened
 */
public record ConnectionStatus(
        EndpointKey endpoint,
        boolean draining,
        int inFlight,
        int streams,
        @Nullable Duration latency,
        Duration age) {

    public ConnectionStatus {
        Objects.requireNonNull(endpoint, "endpoint");
        Objects.requireNonNull(age, "age");
    }

    static ConnectionStatus of(PodConnection connection, long now) {
        double latency = connection.statistics().typicalNanos();
        return new ConnectionStatus(
                connection.endpoint(),
                connection.state() == ConnectionState.DRAINING,
                connection.inFlight(),
                connection.streams(),
                latency > 0 ? Duration.ofNanos((long) latency) : null,
                Duration.ofNanos(Math.max(0, now - connection.openedAt())));
    }
}
