package io.evenkeel.status;

import io.evenkeel.endpoint.Endpoint;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One endpoint of a pool at one moment.
 *
 * @param endpoint as it was last described
 * @param plannedSeats the seats that the plan gives it
 * @param seats the seats it has
 * @param open established connections, in use or idle
 * @param connecting being established
 * @param inUse with a user
 * @param idle without one
 * @param draining in use, to be closed on return
 * @param leaving whether its connections are being given up because it leaves
 * @param ejectedFor how much longer it is left out, or null if it is not
 * @param lastError the last failure to connect or to talk to it, or null if there was none
 */
public record EndpointStatus(
        Endpoint endpoint,
        int plannedSeats,
        int seats,
        int open,
        int connecting,
        int inUse,
        int idle,
        int draining,
        boolean leaving,
        @Nullable Duration ejectedFor,
        @Nullable String lastError) {
    public EndpointStatus {
        Objects.requireNonNull(endpoint, "endpoint");
    }
}
