package io.evenkeel.rsocket;

import io.evenkeel.endpoint.EndpointKey;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One connection at one moment. Immutable.
 *
 * @param endpoint the Pod it goes to
 * @param state whether it takes requests
 * @param inFlight requests in flight, also those that the server began
 * @param streams streams and channels of the application among them; on a connection that drains, those that stick to
 *     it
 * @param latency what an answer took lately, as a geometric mean; null before the first or while there is no other Pod
 * @param age how long ago it was opened
 */
public record RSocketConnectionStatus(
        EndpointKey endpoint,
        State state,
        int inFlight,
        int streams,
        @Nullable Duration latency,
        Duration age) {

    /** Whether a connection takes requests. */
    public enum State {
        /** It takes requests. */
        OPEN,
        /** It takes no more requests and waits for those in flight. */
        DRAINING
    }

    public RSocketConnectionStatus {
        Objects.requireNonNull(endpoint, "endpoint");
        Objects.requireNonNull(state, "state");
        Objects.requireNonNull(age, "age");
    }

    static RSocketConnectionStatus of(PodConnection connection, long now) {
        double latency = connection.statistics().typicalNanos();
        return new RSocketConnectionStatus(
                connection.endpoint(),
                connection.state() == ConnectionState.DRAINING ? State.DRAINING : State.OPEN,
                connection.inFlight(),
                connection.streams(),
                latency > 0 ? Duration.ofNanos((long) latency) : null,
                Duration.ofNanos(Math.max(0, now - connection.openedAt())));
    }
}
