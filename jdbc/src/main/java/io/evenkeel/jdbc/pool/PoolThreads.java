package io.evenkeel.jdbc.pool;

import java.time.Duration;

/** What the engine runs on: threads for what may block, and timers that don't. Thread-safe. */
interface PoolThreads {

    /** A timer that was set. */
    interface Cancellable {
        /** False if it is too late. */
        boolean cancel();
    }

    /** Runs soon, or as soon as there is a thread for it; false, and dropped, after {@link #close}. */
    boolean execute(Runnable task);

    /** Runs once, on the housekeeper: must not block. */
    Cancellable schedule(Runnable task, long delayMillis);

    /** Runs again and again, on the housekeeper: must not block. */
    Cancellable repeat(Runnable task, long periodMillis);

    /** Interrupts what runs and waits for the threads to end, up to {@code patience}; false if some have not. */
    boolean close(Duration patience);
}
