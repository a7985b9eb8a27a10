package io.evenkeel.rsocket;

import io.evenkeel.adapter.BalancedPool;
import io.evenkeel.rsocket.NoEndpointException.Reason;
import io.evenkeel.status.EndpointStatus;
import io.evenkeel.status.PoolStatus;
import java.time.Duration;

/** Says why there is no connection, from the pool's status. */
final class Unavailability {

    private final BalancedPool pool;
    private final Duration timeout;

    Unavailability(BalancedPool pool, Duration timeout) {
        this.pool = pool;
        this.timeout = timeout;
    }

    NoEndpointException explain() {
        PoolStatus status = pool.status();
        Reason reason = reason(status);
        String what = reason == Reason.NO_LEASE ? "no lease" : "no connection";
        String beginning = "Pool " + status.pool() + ": " + what + " within " + timeout + " (acquireTimeout): ";
        return new NoEndpointException(reason, beginning + describe(reason, status), null);
    }

    private static Reason reason(PoolStatus status) {
        boolean all = true;
        boolean some = false;
        boolean open = false;
        for (EndpointStatus endpoint : status.endpoints()) {
            if (!endpoint.leaving()) {
                some = true;
                all &= endpoint.ejectedFor() != null;
                open |= endpoint.ejectedFor() == null && endpoint.open() > 0;
            }
        }
        if (!some) {
            return Reason.NONE_KNOWN;
        }
        // A request waits where there are connections only for want of a lease.
        return all ? Reason.ALL_EJECTED : open ? Reason.NO_LEASE : Reason.NONE_CONNECTED;
    }

    private static String describe(Reason reason, PoolStatus status) {
        return switch (reason) {
            case NONE_KNOWN ->
                "no endpoint is known at " + status.target() + ", source "
                        + status.source().health() + ": " + status.source().reason()
                        + " (check the target, and that Pods are ready)";
            case ALL_EJECTED ->
                "all endpoints are left out because they failed:" + each(status)
                        + " (look at the Pods, or at HealthConfig)";
            case NO_LEASE ->
                "there are connections, and no server grants a lease:" + each(status)
                        + " (look at the leases that the Pods give, or ask for less)";
            default ->
                "none of the endpoints is connected:" + each(status) + " (look at the Pods and the network between)";
        };
    }

    private static String each(PoolStatus status) {
        StringBuilder text = new StringBuilder();
        for (EndpointStatus endpoint : status.endpoints()) {
            text.append(text.isEmpty() ? " " : ", ").append(endpoint.endpoint().key());
            if (endpoint.leaving()) {
                text.append(" leaves");
            } else if (endpoint.ejectedFor() != null) {
                text.append(" ejected for ")
                        .append(endpoint.ejectedFor().toSeconds())
                        .append(" s more");
            }
            if (endpoint.lastError() != null) {
                text.append(" (").append(endpoint.lastError()).append(')');
            }
        }
        return text.toString();
    }
}
