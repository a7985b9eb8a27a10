package io.evenkeel.jdbc.hikari;

import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads of one data source: {@code evenkeel-<pool>-io-<n>} for what blocks on a network, which live while there
 * is work, and two {@code evenkeel-<pool>-housekeeper} for timers, which all Pods' pools share.
 */
final class IoTasks {
    private static final Logger LOG = LoggerFactory.getLogger(IoTasks.class);

    private final ExecutorService io;
    private final ScheduledThreadPoolExecutor housekeeper;

    IoTasks(String pool) {
        io = new ThreadPoolExecutor(
                0,
                Integer.MAX_VALUE,
                5,
                TimeUnit.SECONDS,
                new SynchronousQueue<>(),
                threads("evenkeel-" + pool + "-io-"));
        housekeeper = new ScheduledThreadPoolExecutor(2, threads("evenkeel-" + pool + "-housekeeper-"));
        housekeeper.setRemoveOnCancelPolicy(true);
        housekeeper.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        housekeeper.setContinueExistingPeriodicTasksAfterShutdownPolicy(false);
    }

    private static ThreadFactory threads(String prefix) {
        AtomicInteger number = new AtomicInteger();
        return task -> {
            Thread thread = Executors.defaultThreadFactory().newThread(task);
            thread.setName(prefix + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    /** For the Pods' pools; not to be closed by them. */
    ScheduledExecutorService housekeeper() {
        return housekeeper;
    }

    /** Runs soon; false, and dropped, after {@link #close}. */
    boolean execute(Runnable task) {
        try {
            io.execute(() -> run(task));
            return true;
        } catch (RejectedExecutionException e) {
            LOG.debug("not started, since the pool is closed: {}", task, e);
            return false;
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // what fails is logged where it runs
    void schedule(Runnable task, long delayMillis) {
        try {
            housekeeper.schedule(() -> execute(task), delayMillis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            LOG.debug("not started, since the pool is closed: {}", task, e);
        }
    }

    private static void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            LOG.error("{} failed", Thread.currentThread().getName(), e);
        }
    }

    /** Interrupts what runs and waits for the threads to end, up to {@code patience}. */
    boolean close(Duration patience) {
        io.shutdownNow();
        housekeeper.shutdownNow();
        try {
            long half = patience.toMillis() / 2;
            return io.awaitTermination(half, TimeUnit.MILLISECONDS)
                    & housekeeper.awaitTermination(half, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
