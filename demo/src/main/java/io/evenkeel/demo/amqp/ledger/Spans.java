package io.evenkeel.demo.amqp.ledger;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;

/** Spans of time by their ends, recorded as they end. Safe for use by several threads. */
final class Spans {
    private static final int FIRST_CAPACITY = 4096;

    private final ReentrantLock lock = new ReentrantLock();

    @GuardedBy("lock")
    private long[] ends = new long[FIRST_CAPACITY];

    @GuardedBy("lock")
    private long[] lengths = new long[FIRST_CAPACITY];

    @GuardedBy("lock")
    private int size;

    /** Both in nanoseconds; the end as {@link System#nanoTime} has it. */
    void record(long end, long length) {
        lock.lock();
        try {
            if (size == ends.length) {
                ends = Arrays.copyOf(ends, size * 2);
                lengths = Arrays.copyOf(lengths, size * 2);
            }
            ends[size] = end;
            lengths[size] = length;
            size++;
        } finally {
            lock.unlock();
        }
    }

    /** The longest span that touches the window, or 0 if none does. */
    long longest(Window window) {
        lock.lock();
        try {
            long longest = 0;
            for (int i = 0; i < size; i++) {
                boolean touches = ends[i] - window.from() >= 0 && ends[i] - lengths[i] - window.to() <= 0;
                if (touches) {
                    longest = Math.max(longest, lengths[i]);
                }
            }
            return longest;
        } finally {
            lock.unlock();
        }
    }
}
