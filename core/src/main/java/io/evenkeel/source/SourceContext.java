package io.evenkeel.source;

import io.evenkeel.time.Scheduler;
import io.evenkeel.time.Ticker;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.random.RandomGenerator;

/**
 * What a source may use of the world.
 *
 * @param ticker the time
 * @param scheduler for timers; its tasks must not block
 * @param blocking runs work that may block (a look-up, reading a file) but ends; owned by the caller
 * @param random for jitter; used on the scheduler only
 * @param shared what its sources have in common
 * @param foreign runs calls of sources, of which any may never return, so it is not limited to a few threads; where it
 *     runs them in place, its owner vouches for all sources. Owned by the caller
 */
public record SourceContext(
        Ticker ticker,
        Scheduler scheduler,
        Executor blocking,
        RandomGenerator random,
        SharedResources shared,
        Executor foreign) {

    public SourceContext {
        Objects.requireNonNull(ticker, "ticker");
        Objects.requireNonNull(scheduler, "scheduler");
        Objects.requireNonNull(blocking, "blocking");
        Objects.requireNonNull(random, "random");
        Objects.requireNonNull(shared, "shared");
        Objects.requireNonNull(foreign, "foreign");
    }

    /** A context whose sources share with no other context's, and are called on {@code blocking}, too. */
    public SourceContext(Ticker ticker, Scheduler scheduler, Executor blocking, RandomGenerator random) {
        this(ticker, scheduler, blocking, random, new SharedResources(), blocking);
    }
}
