package io.evenkeel.amqp;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Blocks a mover, or a thread that waits for confirms, until a condition that other threads change becomes true: they
 * call {@link #changed} after each change, which costs one read while no thread waits.
 */
final class ChangeSignal {

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed;
    private volatile int waiting;

    ChangeSignal() {
        this(ReentrantLock::newCondition);
    }

    ChangeSignal(Conditions conditions) {
        changed = conditions.of(lock);
    }

    /** Something may be so now that was not before. */
    void changed() {
        if (waiting > 0) {
            lock.lock();
            try {
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /**
     * Waits until it is so.
     *
     * @param atMostNanos how long; zero or less only looks
     * @return whether it is so
     */
    @SuppressWarnings("NonAtomicVolatileUpdate") // written under the lock only
    boolean await(BooleanSupplier so, long atMostNanos) throws InterruptedException {
        if (so.getAsBoolean()) {
            return true;
        }
        lock.lockInterruptibly();
        try {
            waiting++;
            long left = atMostNanos;
            // Looked at again after the announcement: what changed before it was not told.
            while (!so.getAsBoolean()) {
                if (left <= 0) {
                    return false;
                }
                left = changed.awaitNanos(left);
            }
            return true;
        } finally {
            waiting--;
            lock.unlock();
        }
    }
}
