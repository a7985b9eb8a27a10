package io.evenkeel.time;

import java.time.Duration;

/** A ticker that stands still until a test moves it. Thread-safe. */
public final class FakeTicker implements Ticker {

    private volatile long nanos;

    public FakeTicker() {
        // Not zero, and close to overflow: code that compares instants instead of differences is found out.
        this(Long.MAX_VALUE - Duration.ofSeconds(5).toNanos());
    }

    public FakeTicker(long nanos) {
        this.nanos = nanos;
    }

    @Override
    public long nanos() {
        return nanos;
    }

    /** Only the manual scheduler and single-threaded tests move time. */
    @SuppressWarnings("NonAtomicVolatileUpdate")
    void advanceNanos(long by) {
        if (by < 0) {
            throw new IllegalArgumentException("by: " + by + " (expected: >= 0)");
        }
        nanos = nanos + by;
    }
}
