package io.evenkeel.time;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The scheduler for real use: one daemon thread, started with the first task. Its creator closes it.
 *
 * <p>A task that throws anything is logged and the thread goes on. If the thread can't be started, scheduling
 * throws what the JVM threw and nothing is queued; the next call tries again. Closing drops the tasks that have not
 * begun and lets the one that runs finish, without interrupting it; tasks scheduled afterwards are dropped silently.
 * Thread-safe.
 */
public final class SystemScheduler implements Scheduler, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(SystemScheduler.class);

    private final String threadName;
    private final Function<Runnable, Thread> threads;
    // Set once, by the executor's thread factory: a task never throws out of the worker, so it is never replaced.
    private final AtomicReference<@Nullable Thread> thread = new AtomicReference<>();
    private final ScheduledThreadPoolExecutor executor;

    /**
     * A scheduler whose thread will have this name.
     *
     * @param threadName such as {@code evenkeel-orders-balance}; not blank
     */
    public SystemScheduler(String threadName) {
        this(threadName, Thread::new);
    }

    /** @param threads makes the thread that runs this, or throws if there can be none */
    SystemScheduler(String threadName, Function<Runnable, Thread> threads) {
        if (threadName.isBlank()) {
            throw new IllegalArgumentException("threadName: \"" + threadName + "\" (expected: not blank)");
        }
        this.threadName = threadName;
        this.threads = threads;
        executor = new ScheduledThreadPoolExecutor(1, this::newThread, new ThreadPoolExecutor.DiscardPolicy());
        executor.setRemoveOnCancelPolicy(true);
        executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    private Thread newThread(Runnable work) {
        Thread created = threads.apply(work);
        created.setName(threadName);
        created.setDaemon(true);
        thread.set(created);
        return created;
    }

    @Override
    public Cancellable schedule(Duration delay, Runnable task) {
        Objects.requireNonNull(task, "task");
        // Before anything is queued: a task that no thread runs would be lost without a word.
        executor.prestartCoreThread();
        Future<?> scheduled = executor.schedule(() -> run(task), nanosOf(delay), TimeUnit.NANOSECONDS);
        return () -> scheduled.cancel(false);
    }

    private void run(Runnable task) {
        // The executor itself would still run what was already due when it was shut down.
        if (executor.isShutdown()) {
            return;
        }
        try {
            task.run();
        } catch (Throwable failure) {
            log(task, failure);
        }
    }

    private void log(Runnable task, Throwable failure) {
        try {
            LOG.error(
                    "A task of {} on {} failed; the thread goes on",
                    task.getClass().getName(),
                    threadName,
                    failure);
        } catch (Throwable whileLogging) {
            // Out of memory, or an exception that can't be printed: to log is all that was left to do.
        }
    }

    private static long nanosOf(Duration delay) {
        // A delay beyond what a long of nanoseconds can hold (292 years) means "never".
        return delay.compareTo(Duration.ofNanos(Long.MAX_VALUE)) >= 0
                ? Long.MAX_VALUE
                : Math.max(0, delay.isNegative() ? 0 : delay.toNanos());
    }

    /**
     * Drops the tasks that have not begun and ends the thread after the one that runs. May be called again, and on the
     * thread itself.
     */
    @Override
    public void close() {
        executor.shutdown();
    }

    /** Closes after the tasks that are due and queued now, which {@link #close} would drop. Returns at once. */
    public void closeAfterQueued() {
        schedule(Duration.ZERO, this::close);
    }

    /**
     * Waits until a closed scheduler's thread is gone. On that thread itself it returns at once, since it would wait
     * for itself. If the caller is interrupted, it stops waiting and stays interrupted.
     *
     * @param atMost how long to wait; zero or less only looks
     * @return whether the thread is gone (or was never started)
     */
    public boolean awaitEnd(Duration atMost) {
        Thread started = thread.get();
        if (started == Thread.currentThread()) {
            return false;
        }
        try {
            long begin = System.nanoTime();
            long wait = nanosOf(atMost);
            if (!executor.awaitTermination(wait, TimeUnit.NANOSECONDS)) {
                return false;
            }
            // The executor counts as terminated a moment before its thread ends, and no thread can start any more.
            started = thread.get();
            if (started == null) {
                return true;
            }
            TimeUnit.NANOSECONDS.timedJoin(started, Math.max(1, wait - (System.nanoTime() - begin)));
            return !started.isAlive();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
