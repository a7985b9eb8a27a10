package io.evenkeel.jdbc.pool;

import io.evenkeel.time.ManualScheduler;
import io.evenkeel.time.SteppedTasks;
import io.evenkeel.time.Ticker;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

/**
 * The engine's threads in a test: every task and timer runs when the test's scheduler says so, one after another. Where tasks
 * may block for ever, each has a thread of its own, and the next begins when this one has ended or is {@link #block blocked}.
 */
final class SteppedThreads implements PoolThreads {

    private static final long TICK = TimeUnit.MILLISECONDS.toNanos(20);

    private final ManualScheduler scheduler;
    private final AtomicLong whileClosing = new AtomicLong();
    private final SteppedTasks tasks;
    private volatile boolean closing;
    private volatile boolean closed;

    SteppedThreads(ManualScheduler scheduler, BooleanSupplier mayBlock) {
        this.scheduler = scheduler;
        tasks = new SteppedTasks(mayBlock);
    }

    /** The scheduler's time, which passes while the pool closes: the thread that closes waits, and runs no tasks meanwhile. */
    Ticker ticker() {
        return () -> scheduler.ticker().nanos() + (closing ? whileClosing.addAndGet(TICK) : 0);
    }

    /** From here on tasks run at once. */
    void beginClose() {
        closing = true;
    }

    /** Runs it to its end, or until it blocks. */
    void run(Runnable task) {
        tasks.run(task);
    }

    /** Blocks the task that calls it until the threads are ended. */
    void block() {
        tasks.block();
    }

    /** Tasks that are blocked now. */
    int blocked() {
        return tasks.blocked();
    }

    /** How often something that may block was called where nothing may. */
    int calledOutside() {
        return tasks.calledOutside();
    }

    @Override
    public boolean execute(Runnable task) {
        if (closed) {
            return false;
        }
        Runnable guarded = () -> {
            try {
                task.run();
            } catch (RuntimeException | Error e) {
                // As the threads themselves: the loop that runs tasks does not end.
            }
        };
        if (closing) {
            run(guarded);
        } else {
            scheduler.execute(() -> {
                if (!closed) {
                    run(guarded);
                }
            });
        }
        return true;
    }

    @Override
    public Cancellable schedule(Runnable task, long delayMillis) {
        AtomicBoolean pending = new AtomicBoolean(!closed);
        var timer = scheduler.schedule(Duration.ofMillis(delayMillis), () -> {
            if (pending.getAndSet(false) && !closed) {
                task.run();
            }
        });
        return () -> {
            timer.cancel();
            return pending.getAndSet(false);
        };
    }

    @Override
    public Cancellable repeat(Runnable task, long periodMillis) {
        AtomicBoolean running = new AtomicBoolean(true);
        scheduler.schedule(Duration.ofMillis(periodMillis), new Runnable() {
            @Override
            public void run() {
                if (running.get() && !closed) {
                    scheduler.schedule(Duration.ofMillis(periodMillis), this);
                    task.run();
                }
            }
        });
        return () -> running.getAndSet(false);
    }

    @Override
    public boolean close(Duration patience) {
        closed = true;
        return tasks.interrupt(Duration.ofSeconds(5));
    }
}
