package io.evenkeel.demo.page;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The newest state, for any number of viewers: a slow one misses states and never makes another, or the one who
 * publishes, wait. Thread-safe.
 */
final class Broadcast {
    /** After so long a viewer without news is shown that its stream is alive. */
    static final long HEARTBEAT_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private long version;
    private String newest = "";
    private boolean closed;

    void publish(String state) {
        lock.lock();
        try {
            newest = state;
            version++;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Those who wait get null, and so does every call from now on. */
    void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for a state that is newer than the one known.
     *
     * @param known the version that the viewer has, 0 if none
     * @return the newest, which is the known one if nothing has happened for {@code atMostNanos}; null once closed
     */
    @Nullable
    Version await(long known, long atMostNanos) throws InterruptedException {
        long left = atMostNanos;
        lock.lockInterruptibly();
        try {
            while (!closed && version == known && left > 0) {
                left = changed.awaitNanos(left);
            }
            return closed ? null : new Version(version, newest);
        } finally {
            lock.unlock();
        }
    }

    /** A state and its number. */
    record Version(long number, String state) {}
}
