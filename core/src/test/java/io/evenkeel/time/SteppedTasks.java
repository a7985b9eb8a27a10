package io.evenkeel.time;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/**
 * Tasks of a test that may block for ever, one after another: each has a thread of its own, and {@link #run} returns when
 * the task has ended or is {@link #block blocked}. So a scenario with such tasks runs in one order, and no time passes while
 * one of them does. Thread-safe.
 */
public final class SteppedTasks {

    private final BooleanSupplier mayBlock;
    private final List<Thread> blocked = new CopyOnWriteArrayList<>();
    private final ThreadLocal<CountDownLatch> step = new ThreadLocal<>();
    private final AtomicInteger outside = new AtomicInteger();

    /** @param mayBlock whether a task that begins now may block; if not, it runs in place, which takes no thread */
    public SteppedTasks(BooleanSupplier mayBlock) {
        this.mayBlock = mayBlock;
    }

    /** Runs it to its end, or until it blocks. Returns whether it has ended. */
    public boolean run(Runnable task) {
        if (!mayBlock.getAsBoolean()) {
            task.run();
            return true;
        }
        int before = blocked.size();
        CountDownLatch over = new CountDownLatch(1);
        Thread thread = new Thread(() -> {
            step.set(over);
            try {
                task.run();
            } finally {
                over.countDown();
            }
        });
        thread.setDaemon(true);
        thread.start();
        try {
            over.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        return blocked.size() == before;
    }

    /** Blocks the task that calls it until {@link #interrupt}; a call outside of all tasks is counted, and returns. */
    public void block() {
        CountDownLatch over = step.get();
        if (over == null) {
            outside.incrementAndGet();
            return;
        }
        blocked.add(Thread.currentThread());
        over.countDown();
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Tasks that are blocked now. */
    public int blocked() {
        return (int) blocked.stream().filter(Thread::isAlive).count();
    }

    /** How often something that may block was called where nothing may. */
    public int calledOutside() {
        return outside.get();
    }

    /** Interrupts those that are blocked, and waits for so long for each to end. Returns whether all have. */
    public boolean interrupt(Duration patience) {
        blocked.forEach(Thread::interrupt);
        for (Thread thread : blocked) {
            try {
                thread.join(patience.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return blocked() == 0;
    }
}
