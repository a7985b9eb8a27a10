package io.evenkeel.demo;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/** Every query that was made, some ten thousand per run; all figures are counted from them afterwards. */
final class Ledger {
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Kind, Deque<Sample>> samples = new EnumMap<>(Kind.class);

    Ledger() {
        for (Kind kind : Kind.values()) {
            samples.put(kind, new ArrayDeque<>());
        }
    }

    void record(Kind kind, Sample sample) {
        lock.lock();
        try {
            of(kind).addLast(sample);
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
