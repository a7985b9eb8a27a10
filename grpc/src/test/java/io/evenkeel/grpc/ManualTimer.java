package io.evenkeel.grpc;

import io.evenkeel.time.ManualScheduler;
import io.evenkeel.time.Scheduler;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** A channel's timer whose time the test moves. */
final class ManualTimer extends AbstractExecutorService implements ScheduledExecutorService {

    private final ManualScheduler time;

    ManualTimer(ManualScheduler time) {
        this.time = time;
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
        Due due = new Due(task);
        due.entry = time.schedule(Duration.ofNanos(unit.toNanos(delay)), due);
        return due;
    }

    @Override
    public void execute(Runnable task) {
        throw new UnsupportedOperationException("execute (expected: the synchronization context)");
    }

    private static final class Due extends FutureTask<Void> implements ScheduledFuture<Void> {
        private Scheduler.Cancellable entry;

        Due(Runnable task) {
            super(task, null);
        }

        @Override
        public boolean cancel(boolean interrupt) {
            entry.cancel();
            return super.cancel(interrupt);
        }

        @Override
        public long getDelay(TimeUnit unit) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int compareTo(Delayed other) {
            throw new UnsupportedOperationException();
        }
    }

    @Override
    public <V> ScheduledFuture<V> schedule(Callable<V> task, long delay, TimeUnit unit) {
        throw new UnsupportedOperationException();
    }

    @Override
    public ScheduledFuture<?> scheduleAtFixedRate(Runnable task, long first, long period, TimeUnit unit) {
        throw new UnsupportedOperationException();
    }

    @Override
    public ScheduledFuture<?> scheduleWithFixedDelay(Runnable task, long first, long delay, TimeUnit unit) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void shutdown() {
        throw new UnsupportedOperationException("shutdown (expected: the timer is the channel's)");
    }

    @Override
    public List<Runnable> shutdownNow() {
        throw new UnsupportedOperationException("shutdownNow (expected: the timer is the channel's)");
    }

    @Override
    public boolean isShutdown() {
        return false;
    }

    @Override
    public boolean isTerminated() {
        return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return true;
    }
}
