package io.evenkeel.demo;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The queries that were made, some ten thousand per run; all figures are counted from them afterwards. Thread-safe.
 */
final class Ledger {
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Kind, Deque<Sample>> samples = new EnumMap<>(Kind.class);
    private final Map<Kind, Long> failed = new EnumMap<>(Kind.class);
    private final long keptNanos;

    /** Keeps every query. */
    Ledger() {
        this(Duration.ofNanos(Long.MAX_VALUE));
    }

    /** Keeps the queries that ended within this time before the last one. */
    Ledger(Duration kept) {
        keptNanos = kept.toNanos();
        for (Kind kind : Kind.values()) {
            samples.put(kind, new ArrayDeque<>());
            failed.put(kind, 0L);
        }
    }

    void record(Kind kind, Sample sample) {
        lock.lock();
        try {
            Deque<Sample> all = of(kind);
            all.addLast(sample);
            if (sample.failed()) {
                failed.merge(kind, 1L, Long::sum);
            }
            while (sample.ended() - all.getFirst().ended() > keptNanos) {
                all.removeFirst();
            }
        } finally {
            lock.unlock();
        }
    }

    /** All that ever failed, kept or not. */
    long failed(Kind kind) {
        lock.lock();
        try {
            return failed.getOrDefault(kind, 0L);
        } finally {
            lock.unlock();
        }
    }

    /** The queries that ended after {@code from} and not after {@code to}. */
    Slice between(Kind kind, long from, long to) {
        List<Sample> found = new ArrayList<>();
        lock.lock();
        try {
            // they are recorded as they end, so the newest are last, within a scheduler's tick
            Iterator<Sample> newestFirst = of(kind).descendingIterator();
            while (newestFirst.hasNext()) {
                Sample sample = newestFirst.next();
                if (sample.ended() - from < -SLACK) {
                    break;
                }
                if (sample.ended() - from > 0 && sample.ended() - to <= 0) {
                    found.add(sample);
                }
            }
        } finally {
            lock.unlock();
        }
        return new Slice(found);
    }

    private static final long SLACK = 1_000_000_000L;

    private Deque<Sample> of(Kind kind) {
        Deque<Sample> all = samples.get(kind);
        if (all == null) {
            throw new AssertionError("no samples of " + kind);
        }
        return all;
    }
}
