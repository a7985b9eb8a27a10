package io.evenkeel.adapter;

import io.evenkeel.time.Scheduler;
import io.evenkeel.time.Seeds;
import io.evenkeel.time.SystemScheduler;
import io.evenkeel.time.Ticker;
import io.evenkeel.watch.EndpointWatchers;
import java.time.Duration;
import java.util.Objects;

/**
 * What a pool runs on.
 *
 * @param ticker the time
 * @param control the pool's control thread
 * @param seed of everything that the pool draws
 * @param watchers who watches its target
 * @param owned whether the control thread ends with the pool
 */
record PoolThreads(Ticker ticker, Scheduler control, long seed, EndpointWatchers watchers, boolean owned) {

    private static final Duration PATIENCE = Duration.ofSeconds(5);

    PoolThreads {
        Objects.requireNonNull(ticker, "ticker");
        Objects.requireNonNull(control, "control");
        Objects.requireNonNull(watchers, "watchers");
    }

    /** The real ones, with a control thread {@code evenkeel-<pool>-control} of the pool's own. */
    static PoolThreads own(String pool) {
        return new PoolThreads(
                Ticker.system(),
                new SystemScheduler("evenkeel-" + pool + "-control"),
                Seeds.fresh(),
                EndpointWatchers.shared(),
                true);
    }

    /** Whether the control thread is gone, or is not ours to end. */
    boolean end() {
        if (owned && control instanceof SystemScheduler ours) {
            ours.close();
            return ours.awaitEnd(PATIENCE);
        }
        return true;
    }
}
