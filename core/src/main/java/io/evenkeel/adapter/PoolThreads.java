package io.evenkeel.adapter;

import io.evenkeel.time.Scheduler;
import io.evenkeel.time.Seeds;
import io.evenkeel.time.SystemScheduler;
import io.evenkeel.time.Ticker;
import io.evenkeel.watch.EndpointWatchers;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * What a pool runs on.
 *
 * @param ticker the time
 * @param control the pool's control thread
 * @param seed of everything that the pool draws
 * @param watchers who watches its target
 * @param events runs the application's listener and metrics recorder
 * @param reporting the thread of {@code events}; null where these threads are the caller's, which do not end with the
 *     pool
 */
record PoolThreads(
        Ticker ticker,
        Scheduler control,
        long seed,
        EndpointWatchers watchers,
        Executor events,
        @Nullable SystemScheduler reporting) {

    private static final Duration PATIENCE = Duration.ofSeconds(5);
    /** How long the listener and the recorder may take for what is queued when the pool closes. */
    private static final Duration EVENTS_PATIENCE = Duration.ofSeconds(1);

    PoolThreads {
        Objects.requireNonNull(ticker, "ticker");
        Objects.requireNonNull(control, "control");
        Objects.requireNonNull(watchers, "watchers");
        Objects.requireNonNull(events, "events");
    }

    /**
     * The real ones, with threads {@code evenkeel-<pool>-control} and, once there is something to report to a listener
     * or a recorder, {@code evenkeel-<pool>-events} of the pool's own.
     */
    static PoolThreads own(String pool) {
        SystemScheduler reporting = new SystemScheduler("evenkeel-" + pool + "-events");
        return new PoolThreads(
                Ticker.system(),
                new SystemScheduler("evenkeel-" + pool + "-control"),
                Seeds.fresh(),
                EndpointWatchers.shared(),
                reporting::execute,
                reporting);
    }

    boolean owned() {
        return reporting != null;
    }

    /** Whether the threads are gone, or are not ours to end. */
    boolean end() {
        if (reporting == null || !(control instanceof SystemScheduler ours)) {
            return true;
        }
        ours.close();
        boolean ended = ours.awaitEnd(PATIENCE);
        reporting.closeAfterQueued();
        boolean reported = reporting.awaitEnd(EVENTS_PATIENCE);
        reporting.close();
        return ended && reported;
    }
}
