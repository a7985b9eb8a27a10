package io.evenkeel.demo.page;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/** What happened, newest last; only the last {@value #KEPT} entries are kept. Thread-safe. */
final class Timeline {
    static final int KEPT = 40;

    private final LongSupplier nanoTime;
    private final long began;
    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<Entry> entries = new ArrayDeque<>();
    private long written;

    Timeline(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.began = nanoTime.getAsLong();
    }

    void say(String text) {
        lock.lock();
        try {
            entries.addLast(new Entry(++written, Math.round(seconds() * 10) / 10.0, text));
            if (entries.size() > KEPT) {
                entries.removeFirst();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Since it began. */
    double seconds() {
        return (nanoTime.getAsLong() - began) / 1e9;
    }

    List<Entry> entries() {
        lock.lock();
        try {
            return List.copyOf(entries);
        } finally {
            lock.unlock();
        }
    }

    /**
     * One line.
     *
     * @param number counts from 1, without gaps
     * @param at seconds since the exhibit was opened
     */
    record Entry(long number, double at, String text) {}
}
