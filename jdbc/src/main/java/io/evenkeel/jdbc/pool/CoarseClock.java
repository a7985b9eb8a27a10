package io.evenkeel.jdbc.pool;

/**
 * A clock of about one tick per {@value #TICK_MILLIS} ms that costs a read of a field, so that an acquire can see
 * whether a connection was idle without reading the time.
 *
 * <p>It runs while connections are used. When none was for {@value #DORMANT_AFTER} ticks it goes dormant: then no
 * connection looks as if it had just been used, and the first acquire wakes it again. So an idle pool has no timer
 * running.
 *
 * <p>Invariant: a connection whose {@link #stamp} equals {@link #now} was released less than one tick ago, the
 * lateness of the timer apart. While dormant, {@code stamp} and {@code now} differ, so that even what is released
 * meanwhile does not look fresh.
 */
final class CoarseClock {
    static final long TICK_MILLIS = 1;
    static final int DORMANT_AFTER = 128;

    /** Ticks by which the time jumps on going dormant: nothing that was used before looks recent. */
    private static final long JUMP = 1_000_000;

    private final Runnable startTimer;
    private volatile long now = 1;
    private volatile long stamp;

    // Confined to the timer, apart from wake().
    private int quietTicks;
    private volatile boolean dormant = true;

    /** @param startTimer has {@link #tick} called every tick until it returns false; must return at once */
    CoarseClock(Runnable startTimer) {
        this.startTimer = startTimer;
    }

    /** What an acquire compares with. */
    long now() {
        return now;
    }

    /** What a release writes down. */
    long stamp() {
        return stamp;
    }

    boolean isDormant() {
        return dormant;
    }

    /** Starts the clock if it is dormant. */
    void wake() {
        if (!dormant) {
            return;
        }
        synchronized (this) {
            if (!dormant) {
                return;
            }
            dormant = false;
            quietTicks = 0;
            long next = now + JUMP;
            now = next;
            stamp = next;
        }
        startTimer.run();
    }

    /**
     * One tick passed.
     *
     * @param used whether a connection was used in the last few ticks
     * @return whether to go on
     */
    boolean tick(boolean used) {
        synchronized (this) {
            if (dormant) {
                return false;
            }
            quietTicks = used ? 0 : quietTicks + 1;
            if (quietTicks > DORMANT_AFTER) {
                dormant = true;
                now = now + JUMP;
                return false;
            }
            long next = now + 1;
            stamp = next;
            now = next;
            return true;
        }
    }
}
