package io.evenkeel.balance;

import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reports the end of a rebalancing, once: how many connections moved and how long it took. Plans that change while
 * moves are under way belong to the same rebalancing. Confined to the control thread.
 */
final class RebalancingReport {

    private static final Logger LOG = LoggerFactory.getLogger(RebalancingReport.class);

    private final String pool;
    private boolean underWay;
    private long since;
    private long movedBefore;

    RebalancingReport(String pool) {
        this.pool = pool;
    }

    /** A plan was announced that needs moves. */
    void began(long moved, long now) {
        if (!underWay) {
            underWay = true;
            since = now;
            movedBefore = moved;
        }
    }

    boolean isUnderWay() {
        return underWay;
    }

    /** No move is needed or under way at this moment. */
    void ended(long moved, long now) {
        if (underWay) {
            underWay = false;
            LOG.info(
                    "Pool {}: rebalanced, {} connections moved in {} s",
                    pool,
                    moved - movedBefore,
                    Duration.ofNanos(now - since).toMillis() / 1000.0);
        }
    }
}
