package io.evenkeel.demo.page;

import java.time.Duration;
import java.util.concurrent.Delayed;
import java.util.concurrent.FutureTask;
import java.util.concurrent.PriorityBlockingQueue;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** An executor whose time is what the test says, and whose work is done by the test's thread. */
final class ManualSchedule extends ScheduledThreadPoolExecutor {
    private final PriorityBlockingQueue<Task> tasks = new PriorityBlockingQueue<>();
    private final AtomicLong numbers = new AtomicLong();
    private long now;

    ManualSchedule() {
        super(1);
    }

    @Override
    public void execute(Runnable work) {
        schedule(work, 0, TimeUnit.NANOSECONDS);
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable work, long delay, TimeUnit unit) {
        Task task = new Task(work, now + unit.toNanos(delay), numbers.incrementAndGet());
        tasks.add(task);
        return task;
    }

    long nanoTime() {
        return now;
    }

    /** Does everything that is due within this time, in its order. */
    void advance(Duration by) {
        long end = now + by.toNanos();
        for (Task next = tasks.peek(); next != null && next.due <= end; next = tasks.peek()) {
            tasks.remove(next);
            now = next.due;
            next.run();
        }
        now = end;
    }

    private final class Task extends FutureTask<Object> implements ScheduledFuture<Object> {
        private final long due;
        private final long number;

        Task(Runnable work, long due, long number) {
            super(work, "");
            this.due = due;
            this.number = number;
        }

        @Override
        public long getDelay(TimeUnit unit) {
            return unit.convert(due - now, TimeUnit.NANOSECONDS);
        }

        @Override
        public int compareTo(Delayed other) {
            Task task = (Task) other;
            return due == task.due ? Long.compare(number, task.number) : Long.compare(due, task.due);
        }
    }
}
