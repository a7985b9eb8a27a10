package io.evenkeel.time;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;

/**
 * A scheduler that runs nothing by itself: a test advances time, and every task that falls due on the way runs on the
 * test's thread at exactly its own moment. Thread-safe for scheduling; advancing is for one thread.
 */
public final class ManualScheduler implements Scheduler {

    private static final int TOO_MANY = 200_000;

    private final FakeTicker ticker;
    private final PriorityQueue<Task> tasks = new PriorityQueue<>();
    private long sequence;
    private boolean running;
    private int mostAtOneInstant;
    private long run;

    public ManualScheduler(FakeTicker ticker) {
        this.ticker = ticker;
    }

    public ManualScheduler() {
        this(new FakeTicker());
    }

    public FakeTicker ticker() {
        return ticker;
    }

    @Override
    public synchronized Cancellable schedule(Duration delay, Runnable task) {
        long wait = Math.max(0, delay.toNanos());
        Task entry = new Task(ticker.nanos() + wait, sequence++, task);
        tasks.add(entry);
        return () -> remove(entry);
    }

    /** How many tasks were ever scheduled. */
    public synchronized long scheduled() {
        return sequence;
    }

    private synchronized void remove(Task entry) {
        tasks.remove(entry);
    }

    /** Runs all tasks that are due now, also those that they add, without moving time. */
    public void runDue() {
        advance(Duration.ZERO);
    }

    /** Moves time by this much, running every task at its moment on the way. */
    public void advance(Duration by) {
        if (running) {
            throw new IllegalStateException("advance within a task (expected: from the test only)");
        }
        running = true;
        try {
            long end = ticker.nanos() + by.toNanos();
            int atThisInstant = 0;
            for (Task task = next(end); task != null; task = next(end)) {
                long later = Math.max(0, task.due - ticker.nanos());
                atThisInstant = later > 0 ? 1 : atThisInstant + 1;
                count(atThisInstant);
                ticker.advanceNanos(later);
                run++;
                task.work.run();
            }
            ticker.advanceNanos(end - ticker.nanos());
        } finally {
            running = false;
        }
    }

    /** Work that makes itself due again without time passing would otherwise hang the test. */
    private void count(int atThisInstant) {
        mostAtOneInstant = Math.max(mostAtOneInstant, atThisInstant);
        if (atThisInstant > TOO_MANY) {
            throw new AssertionError(atThisInstant + " tasks at one instant (expected: at most " + TOO_MANY + ")");
        }
    }

    /** The most tasks that ran without time passing, so far. */
    public int mostAtOneInstant() {
        return mostAtOneInstant;
    }

    /** How many tasks ran so far. */
    public long run() {
        return run;
    }

    private synchronized Task next(long end) {
        Task head = tasks.peek();
        return head != null && head.due - end <= 0 ? tasks.poll() : null;
    }

    /** How long until the next task, of those that wait, in order. */
    public synchronized List<Duration> pending() {
        List<Duration> delays = new ArrayList<>();
        for (Task task : new PriorityQueue<>(tasks)) {
            delays.add(Duration.ofNanos(task.due - ticker.nanos()));
        }
        delays.sort(null);
        return delays;
    }

    private record Task(long due, long order, Runnable work) implements Comparable<Task> {
        @Override
        public int compareTo(Task other) {
            int byDue = Long.signum(due - other.due);
            return byDue != 0 ? byDue : Long.compare(order, other.order);
        }
    }
}
