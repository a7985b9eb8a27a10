package io.evenkeel.rsocket;

import io.evenkeel.rsocket.PodConnection.Ending;
import io.evenkeel.time.Scheduler;
import io.evenkeel.time.Ticker;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends the connections of Pods that leave when their time is over: {@code drainDeadline} from the moment when a Pod is
 * off the routes. On the control thread.
 */
final class DrainDeadlines {

    private static final Logger LOG = LoggerFactory.getLogger(DrainDeadlines.class);

    private final String pool;
    private final long deadline;
    private final Ticker ticker;
    private final Scheduler control;

    DrainDeadlines(String pool, Duration deadline, Ticker ticker, Scheduler control) {
        this.pool = pool;
        this.deadline = deadline.toNanos();
        this.ticker = ticker;
        this.control = control;
    }

    /** The Pod leaves, and so do the connections that linger there. */
    void leaving(Pod pod) {
        if (!pod.leaving) {
            pod.leaving = true;
            if (pod.routed) {
                // It is taken off the routes in this very round.
                pod.unroutedAt = ticker.nanos();
            }
            for (PodConnection connection : pod.lingering) {
                watch(pod, connection);
            }
        }
    }

    /** Ends a connection of a Pod that leaves at the deadline, if it is still there and still to go then. */
    void watch(Pod pod, PodConnection connection) {
        if (!pod.leaving || connection.state() == ConnectionState.CLOSED) {
            return;
        }
        long end = pod.unroutedAt + deadline;
        control.schedule(Duration.ofNanos(Math.max(0, end - ticker.nanos())), () -> cut(pod, connection));
    }

    private void cut(Pod pod, PodConnection connection) {
        // Not if it came back meanwhile and now leaves anew.
        boolean due = pod.leaving && ticker.nanos() - pod.unroutedAt >= deadline;
        if (due && connection.state() == ConnectionState.DRAINING) {
            LOG.info(
                    "Pool {}: {} has {} requests in flight at the drain deadline, which are ended, and {} one-way"
                            + " requests that it has not confirmed, which may be lost",
                    pool,
                    pod.key(),
                    connection.inFlight(),
                    connection.unconfirmed());
            connection.close(Ending.CUT);
        }
    }
}
