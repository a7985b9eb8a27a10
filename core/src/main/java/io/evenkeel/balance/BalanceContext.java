package io.evenkeel.balance;

import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.time.Scheduler;
import io.evenkeel.time.Ticker;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.random.RandomGenerator;

/**
 * What a rebalancer may use of the world.
 *
 * @param ticker the time
 * @param scheduler the pool's control thread: everything that changes the pool's state runs on it
 * @param random for jitter; used on the scheduler only
 * @param listener is notified of what happens, on {@code events}
 * @param metrics counts what happens, on {@code events}
 * @param events runs the listener and the recorder, one call at a time and in order
 */
public record BalanceContext(
        Ticker ticker,
        Scheduler scheduler,
        RandomGenerator random,
        EvenkeelListener listener,
        MetricsRecorder metrics,
        Executor events) {
    public BalanceContext {
        Objects.requireNonNull(ticker, "ticker");
        Objects.requireNonNull(scheduler, "scheduler");
        Objects.requireNonNull(random, "random");
        Objects.requireNonNull(listener, "listener");
        Objects.requireNonNull(metrics, "metrics");
        Objects.requireNonNull(events, "events");
    }

    /** Listener and recorder are called in place: for tests whose listeners return. */
    public BalanceContext(
            Ticker ticker,
            Scheduler scheduler,
            RandomGenerator random,
            EvenkeelListener listener,
            MetricsRecorder metrics) {
        this(ticker, scheduler, random, listener, metrics, Runnable::run);
    }
}
