package io.evenkeel.time;

import java.time.Duration;

/**
 * When something is due next, on a {@link Ticker}: at a moment, or never. Immutable. Moments are compared by their
 * difference, so they may wrap around as the ticker does.
 */
public final class DueTime {

    private static final DueTime NEVER = new DueTime(false, 0);

    private final boolean set;
    private final long nanos;

    private DueTime(boolean set, long nanos) {
        this.set = set;
        this.nanos = nanos;
    }

    /** Not due at any time. */
    public static DueTime never() {
        return NEVER;
    }

    /** Due at this moment of the ticker. */
    public static DueTime at(long nanos) {
        return new DueTime(true, nanos);
    }

    public boolean isNever() {
        return !set;
    }

    /** Whether the moment has come. */
    public boolean isDue(long now) {
        return set && nanos - now <= 0;
    }

    /** The earlier of the two; never is later than any moment. */
    public DueTime or(DueTime other) {
        if (!set || !other.set) {
            return set ? this : other;
        }
        return nanos - other.nanos <= 0 ? this : other;
    }

    /** The later of the two, or never if either is. */
    public DueTime butNotBefore(long moment) {
        return set && nanos - moment < 0 ? at(moment) : this;
    }

    /**
     * Itself if it is still to come, else never: for what is due already, could not be done, and waits for something
     * other than time.
     */
    public DueTime ifAfter(long now) {
        return isDue(now) ? NEVER : this;
    }

    /**
     * The moment.
     *
     * @throws IllegalStateException if it is never
     */
    public long nanos() {
        if (!set) {
            throw new IllegalStateException("due time: never (expected: a moment)");
        }
        return nanos;
    }

    /**
     * How long from now, at least zero.
     *
     * @throws IllegalStateException if it is never
     */
    public Duration delayFrom(long now) {
        return Duration.ofNanos(Math.max(0, nanos() - now));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof DueTime due && due.set == set && due.nanos == nanos;
    }

    @Override
    public int hashCode() {
        return Boolean.hashCode(set) + 31 * Long.hashCode(nanos);
    }

    @Override
    public String toString() {
        return set ? "at " + nanos : "never";
    }
}
