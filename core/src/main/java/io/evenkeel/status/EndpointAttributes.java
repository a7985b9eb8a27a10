package io.evenkeel.status;

import io.evenkeel.endpoint.Endpoint;
import java.time.Duration;
import javax.management.ConstructorParameters;
import org.jspecify.annotations.Nullable;

/**
 * One endpoint of a pool as JMX shows it: the attributes of {@link EndpointStatus}. Immutable. JMX learns a type's
 * attributes from its getters; records have none that it knows before Java 21.
 */
public final class EndpointAttributes {

    private final String identity;
    private final String address;
    private final @Nullable String zone;
    private final String condition;
    private final int plannedSeats;
    private final int seats;
    private final int open;
    private final int connecting;
    private final int inUse;
    private final int idle;
    private final int draining;
    private final boolean leaving;
    private final @Nullable Double ejectedForSeconds;
    private final @Nullable String lastError;
    private final @Nullable String lastErrorCause;
    private final @Nullable Double lastErrorSecondsAgo;

    /** For JMX clients, which build it from the attributes that they received. */
    @ConstructorParameters({
        "identity",
        "address",
        "zone",
        "condition",
        "plannedSeats",
        "seats",
        "open",
        "connecting",
        "inUse",
        "idle",
        "draining",
        "leaving",
        "ejectedForSeconds",
        "lastError",
        "lastErrorCause",
        "lastErrorSecondsAgo"
    })
    public EndpointAttributes(
            String identity,
            String address,
            @Nullable String zone,
            String condition,
            int plannedSeats,
            int seats,
            int open,
            int connecting,
            int inUse,
            int idle,
            int draining,
            boolean leaving,
            @Nullable Double ejectedForSeconds,
            @Nullable String lastError,
            @Nullable String lastErrorCause,
            @Nullable Double lastErrorSecondsAgo) {
        this.identity = identity;
        this.address = address;
        this.zone = zone;
        this.condition = condition;
        this.plannedSeats = plannedSeats;
        this.seats = seats;
        this.open = open;
        this.connecting = connecting;
        this.inUse = inUse;
        this.idle = idle;
        this.draining = draining;
        this.leaving = leaving;
        this.ejectedForSeconds = ejectedForSeconds;
        this.lastError = lastError;
        this.lastErrorCause = lastErrorCause;
        this.lastErrorSecondsAgo = lastErrorSecondsAgo;
    }

    static EndpointAttributes of(EndpointStatus status) {
        Endpoint endpoint = status.endpoint();
        EndpointFailure failure = status.lastFailure();
        return new EndpointAttributes(
                endpoint.identity(),
                endpoint.address(),
                endpoint.zone(),
                endpoint.condition().name(),
                status.plannedSeats(),
                status.seats(),
                status.open(),
                status.connecting(),
                status.inUse(),
                status.idle(),
                status.draining(),
                status.leaving(),
                seconds(status.ejectedFor()),
                status.lastError(),
                failure == null ? null : failure.cause().name(),
                failure == null ? null : seconds(failure.ago()));
    }

    static @Nullable Double seconds(@Nullable Duration duration) {
        return duration == null ? null : (Double) (duration.toMillis() / 1000.0);
    }

    /** The Pod's name where the source knows it, else {@code host:port}. */
    public String getIdentity() {
        return identity;
    }

    /** {@code host:port}. */
    public String getAddress() {
        return address;
    }

    /** Its topology zone, or null where the source does not know. */
    public @Nullable String getZone() {
        return zone;
    }

    /** {@code READY}, {@code TERMINATING} or {@code NOT_READY}. */
    public String getCondition() {
        return condition;
    }

    /** The seats that the plan gives it. */
    public int getPlannedSeats() {
        return plannedSeats;
    }

    /** The seats it has. */
    public int getSeats() {
        return seats;
    }

    /** Established connections, in use or idle. */
    public int getOpen() {
        return open;
    }

    /** Connections being established. */
    public int getConnecting() {
        return connecting;
    }

    /** Connections in use. */
    public int getInUse() {
        return inUse;
    }

    /** Connections that are open and not in use. */
    public int getIdle() {
        return idle;
    }

    /** Connections in use that are closed when they are returned. */
    public int getDraining() {
        return draining;
    }

    /** Whether its connections are being retired because it leaves. */
    public boolean isLeaving() {
        return leaving;
    }

    /** How many seconds longer it is ejected, or null if it is not. */
    public @Nullable Double getEjectedForSeconds() {
        return ejectedForSeconds;
    }

    /** The last failure to connect or to talk to it, or null if there was none. */
    public @Nullable String getLastError() {
        return lastError;
    }

    /** The kind of that failure, such as {@code AUTHENTICATION}, or null. */
    public @Nullable String getLastErrorCause() {
        return lastErrorCause;
    }

    /** How many seconds ago that failure was, or null. */
    public @Nullable Double getLastErrorSecondsAgo() {
        return lastErrorSecondsAgo;
    }
}
