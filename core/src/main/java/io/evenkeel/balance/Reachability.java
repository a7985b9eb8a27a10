package io.evenkeel.balance;

import io.evenkeel.status.Diagnosis;
import io.evenkeel.status.EndpointFailure;
import io.evenkeel.status.EndpointStatus;
import io.evenkeel.status.PoolStatus;
import java.time.Duration;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Warns once when no endpoint of a pool can be used, with the reason, and says once that one can be again. Confined to
 * the control thread.
 *
 * <p>No endpoint can be used where each of those that stay has failed since the last connection was opened anywhere,
 * and none has a connection that is open. A pool that has no connections because none are wanted has no such failures.
 */
final class Reachability {

    private static final Logger LOG = LoggerFactory.getLogger(Reachability.class);

    private final String pool;
    private final Supplier<PoolStatus> status;
    private long openedAt;
    private boolean warned;

    /** @param now since when failures count */
    Reachability(String pool, Supplier<PoolStatus> status, long now) {
        this.pool = pool;
        this.status = status;
        this.openedAt = now;
    }

    /** A connection was opened. */
    void opened(long now) {
        openedAt = now;
        if (warned) {
            warned = false;
            LOG.info("Pool {}: connections can be opened again", pool);
        }
    }

    /** After each round. */
    void look(long now) {
        if (warned) {
            return;
        }
        PoolStatus current = status.get();
        if (isUnreachable(current, Duration.ofNanos(now - openedAt))) {
            warned = true;
            Diagnosis diagnosis = Diagnosis.of(current, "");
            LOG.warn("{}", diagnosis.message("no endpoint can be used"));
            LOG.debug("Pool {}: the last failure", pool, diagnosis.exception());
        }
    }

    private static boolean isUnreachable(PoolStatus current, Duration sinceOpened) {
        boolean some = false;
        for (EndpointStatus endpoint : current.endpoints()) {
            if (!endpoint.leaving()) {
                some = true;
                EndpointFailure failure = endpoint.lastFailure();
                if (endpoint.open() > 0 || failure == null || failure.ago().compareTo(sinceOpened) > 0) {
                    return false;
                }
            }
        }
        return some && !current.closed();
    }
}
