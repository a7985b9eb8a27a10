package io.evenkeel.jdbc.pool;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Who decides what becomes of one piece of work that foreign code may never return from: the thread that does it, or,
 * once its time is over, the timer. Invariant: one of both, so a late end changes nothing any more. Thread-safe.
 */
final class Decision {
    private static final int OPEN = 0;
    private static final int FINISHED = 1;
    private static final int EXPIRED = 2;

    /** How much longer than the driver's own time-outs anything may take. */
    static final long GRACE_MILLIS = 5_000;

    private final AtomicInteger state = new AtomicInteger(OPEN);

    /** The thread that does the work decides, however often it asks; false if the time was over before. */
    boolean finish() {
        return state.compareAndSet(OPEN, FINISHED) || state.get() == FINISHED;
    }

    /** The timer decides; false if the work has ended. */
    boolean expire() {
        return state.compareAndSet(OPEN, EXPIRED);
    }
}
