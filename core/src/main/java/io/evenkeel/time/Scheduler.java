package io.evenkeel.time;

import java.time.Duration;

/**
 * Runs tasks later, one at a time and in order of their due time: a task never overlaps another of the same scheduler,
 * so code that only ever runs on one scheduler needs no locks. Tasks must not block.
 *
 * <p>Implementations are thread-safe: any thread may schedule. A task that throws is reported by the implementation and
 * stops neither the scheduler nor later tasks.
 */
public interface Scheduler {

    /**
     * Runs {@code task} once, {@code delay} from now.
     *
     * @param delay how long from now; zero or negative means as soon as possible, after tasks that are due already
     * @return a handle that takes the task back; after {@link AutoCloseable} closing of the scheduler the task is
     *     silently dropped
     */
    Cancellable schedule(Duration delay, Runnable task);

    /** Runs {@code task} as soon as possible on the scheduler; tasks submitted by one thread keep their order. */
    default void execute(Runnable task) {
        schedule(Duration.ZERO, task);
    }

    /** A task that can still be taken back. */
    @FunctionalInterface
    interface Cancellable {
        /** Takes the task back if it has not begun; safe to call again, and from any thread. */
        void cancel();
    }
}
