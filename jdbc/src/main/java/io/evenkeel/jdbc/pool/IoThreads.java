package io.evenkeel.jdbc.pool;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads of one data source: at most {@value #MOST} {@code evenkeel-<pool>-io-<n>} for what blocks on a network,
 * which live while there is work, and one {@code evenkeel-<pool>-housekeeper} for timers, which never blocks.
 *
 * <p>A task that takes long must not stand in the way of the others: for each of those there is a thread more, up to
 * {@value #MOST_EXTRA}. A Pod has one dial at a time, so they are as many as Pods that don't answer.
 */
final class IoThreads implements PoolThreads {
    private static final Logger LOG = LoggerFactory.getLogger(IoThreads.class);
    static final int MOST = 8;
    static final int MOST_EXTRA = 256;
    private static final long IDLE_SECONDS = 2;
    private static final long LONG_MILLIS = 500;
    private static final long RETRY_MILLIS = 1_000;

    private final ThreadPoolExecutor io;
    private final ScheduledThreadPoolExecutor housekeeper;

    private final ReentrantLock sizing = new ReentrantLock();

    @GuardedBy("sizing")
    private int extra;

    IoThreads(String pool, @Nullable ThreadFactory factory) {
        io = new ThreadPoolExecutor(
                MOST,
                MOST,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                threads("evenkeel-" + pool + "-io-", factory));
        io.allowCoreThreadTimeOut(true);
        housekeeper = new ScheduledThreadPoolExecutor(1, threads("evenkeel-" + pool + "-housekeeper-", factory));
        housekeeper.setRemoveOnCancelPolicy(true);
        housekeeper.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        housekeeper.setContinueExistingPeriodicTasksAfterShutdownPolicy(false);
    }

    private static ThreadFactory threads(String prefix, @Nullable ThreadFactory given) {
        if (given != null) {
            return given;
        }
        AtomicInteger number = new AtomicInteger();
        return task -> {
            Thread thread = Executors.defaultThreadFactory().newThread(task);
            thread.setName(prefix + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    @Override
    public boolean execute(Runnable task) {
        Runnable guarded = () -> run(task);
        try {
            io.execute(guarded);
        } catch (RejectedExecutionException e) {
            LOG.debug("not started, since the pool is closed: {}", task, e);
            return false;
        } catch (RuntimeException | Error e) {
            // The thread factory's, or there is no memory for a thread. The executor has dropped the task.
            LOG.warn("no thread could be started; trying again in {} ms", RETRY_MILLIS, e);
            io.getQueue().add(guarded);
        }
        if (io.getPoolSize() == 0) {
            schedule(this::startThread, RETRY_MILLIS);
        }
        return true;
    }

    /** For what is queued while there is no thread. Again and again until there is one. */
    private void startThread() {
        try {
            io.prestartCoreThread();
        } catch (RuntimeException | Error e) {
            LOG.debug("no thread could be started", e);
        } finally {
            if (io.getPoolSize() == 0 && !io.getQueue().isEmpty()) {
                schedule(this::startThread, RETRY_MILLIS);
            }
        }
    }

    private void run(Runnable task) {
        Cancellable watch = schedule(this::oneMore, LONG_MILLIS);
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            LOG.error("{} failed", Thread.currentThread().getName(), e);
        } finally {
            if (!watch.cancel()) {
                oneLess();
            }
        }
    }

    private void oneMore() {
        change(1);
    }

    private void oneLess() {
        change(-1);
    }

    private void change(int by) {
        sizing.lock();
        try {
            extra += by;
            resize();
        } finally {
            sizing.unlock();
        }
    }

    @GuardedBy("sizing")
    private void resize() {
        int size = MOST + Math.max(0, Math.min(MOST_EXTRA, extra));
        if (size > io.getMaximumPoolSize()) {
            io.setMaximumPoolSize(size);
            io.setCorePoolSize(size);
        } else {
            io.setCorePoolSize(size);
            io.setMaximumPoolSize(size);
        }
    }

    @Override
    public Cancellable schedule(Runnable task, long delayMillis) {
        try {
            var timer = housekeeper.schedule(() -> guarded(task), delayMillis, TimeUnit.MILLISECONDS);
            return () -> timer.cancel(false);
        } catch (RejectedExecutionException e) {
            LOG.debug("not started, since the pool is closed: {}", task, e);
            return () -> true;
        }
    }

    @Override
    public Cancellable repeat(Runnable task, long periodMillis) {
        try {
            var timer = housekeeper.scheduleAtFixedRate(
                    () -> guarded(task), periodMillis, periodMillis, TimeUnit.MILLISECONDS);
            return () -> timer.cancel(false);
        } catch (RejectedExecutionException e) {
            LOG.debug("not started, since the pool is closed: {}", task, e);
            return () -> true;
        }
    }

    private static void guarded(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            LOG.error("{} failed", Thread.currentThread().getName(), e);
        }
    }

    @Override
    public boolean close(Duration patience) {
        housekeeper.shutdownNow();
        io.shutdownNow();
        try {
            return io.awaitTermination(patience.toMillis(), TimeUnit.MILLISECONDS)
                    & housekeeper.awaitTermination(10, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
