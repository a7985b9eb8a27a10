package io.evenkeel.rsocket;

import io.evenkeel.adapter.BalancedPool;
import io.evenkeel.rsocket.NoEndpointException.Reason;
import io.evenkeel.status.Diagnosis;
import io.evenkeel.status.EndpointStatus;
import io.evenkeel.status.FailureCause;
import io.evenkeel.status.PoolStatus;
import java.time.Duration;

/** Explains why there is no connection, from the pool's status. */
final class Unavailability {

    private final BalancedPool pool;
    private final Duration timeout;

    Unavailability(BalancedPool pool, Duration timeout) {
        this.pool = pool;
        this.timeout = timeout;
    }

    NoEndpointException explain() {
        Diagnosis diagnosis = pool.diagnosis(FailureCause.NO_LEASE.advice());
        Reason reason = reason(diagnosis.status());
        if (reason == Reason.NO_LEASE) {
            diagnosis = new Diagnosis(FailureCause.NO_LEASE, FailureCause.NO_LEASE.advice(), diagnosis.status(), null);
        }
        String what = reason == Reason.NO_LEASE ? "no lease" : "no connection";
        String message = diagnosis.message(what + " within " + timeout + " (acquireTimeout)");
        return new NoEndpointException(reason, message, diagnosis.exception(), diagnosis);
    }

    private static Reason reason(PoolStatus status) {
        boolean all = true;
        boolean some = false;
        boolean open = false;
        for (EndpointStatus endpoint : status.endpoints()) {
            if (!endpoint.leaving()) {
                some = true;
                all &= endpoint.isEjected();
                open |= !endpoint.isEjected() && endpoint.open() > 0;
            }
        }
        if (!some) {
            return Reason.NONE_KNOWN;
        }
        // A request waits where there are connections only for want of a lease.
        return all ? Reason.ALL_EJECTED : open ? Reason.NO_LEASE : Reason.NONE_CONNECTED;
    }
}
