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
 * @param inUse in use
 * @param idle open and not in use
 * @param draining in use, to be closed on return
 * @param leaving whether its connections are being retired because it leaves
 * @param ejectedFor how much longer it is ejected, or null if it is not
 * @param lastFailure the last failure to connect or to talk to it, or null if there was none
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
        @Nullable EndpointFailure lastFailure) {
    public EndpointStatus {
        Objects.requireNonNull(endpoint, "endpoint");
    }

    /** The last failure in words, which begin with the endpoint's own address; null if there was none. */
    public @Nullable String lastError() {
        return lastFailure == null ? null : lastFailure.message();
    }

    /** Whether it takes no new work for having failed. */
    public boolean isEjected() {
        return ejectedFor != null;
    }
}
