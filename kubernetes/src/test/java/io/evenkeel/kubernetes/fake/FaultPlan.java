package io.evenkeel.kubernetes.fake;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/** Which requests fail, and how. Thread-safe. */
final class FaultPlan {

    private final ReentrantLock lock = new ReentrantLock();
    // guarded by the lock
    private final Map<Verb, Deque<Fault>> next = new EnumMap<>(Verb.class);
    private final Map<Verb, Fault> always = new EnumMap<>(Verb.class);

    void failNext(Verb verb, Fault fault) {
        lock.lock();
        try {
            next.computeIfAbsent(verb, key -> new ArrayDeque<>()).add(fault);
        } finally {
            lock.unlock();
        }
    }

    void failAlways(Verb verb, Fault fault) {
        lock.lock();
        try {
            always.put(verb, fault);
        } finally {
            lock.unlock();
        }
    }

    void clear() {
        lock.lock();
        try {
            next.clear();
            always.clear();
        } finally {
            lock.unlock();
        }
    }

    Optional<Fault> take(Verb verb) {
        lock.lock();
        try {
            Deque<Fault> queued = next.get(verb);
            Fault once = queued == null ? null : queued.poll();
            return Optional.ofNullable(once == null ? always.get(verb) : once);
        } finally {
            lock.unlock();
        }
    }
}
