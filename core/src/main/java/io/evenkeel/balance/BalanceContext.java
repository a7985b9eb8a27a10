package io.evenkeel.balance;

import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.time.Scheduler;
import io.evenkeel.time.Ticker;
import java.util.Objects;
import java.util.random.RandomGenerator;

/**
 * What a rebalancer may use of the world.
 *
 * @param ticker the time
 * @param scheduler the pool's control thread: everything that changes the pool's state runs on it
 * @param random for jitter; used on the scheduler only
 * @param listener is told what happens, on the scheduler
 * @param metrics counts what happens
 */
public record BalanceContext(
        Ticker ticker,
        Scheduler scheduler,
        RandomGenerator random,
        EvenkeelListener listener,
        MetricsRecorder metrics) {
    public BalanceContext {
        Objects.requireNonNull(ticker, "ticker");
        Objects.requireNonNull(scheduler, "scheduler");
        Objects.requireNonNull(random, "random");
        Objects.requireNonNull(listener, "listener");
        Objects.requireNonNull(metrics, "metrics");
    }
}
