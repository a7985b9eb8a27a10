package io.evenkeel.jdbc.hikari;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.evenkeel.time.Ticker;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The callers who wait for a seat, first come first served, whichever Pod it is at.
 *
 * <p>A seat reaches a waiter by {@link #hand} (the caller that returns it gives it straight to the head) or by
 * {@link #dispatch} (free seats are taken for the heads). Both happen under the lock, so seats are given in the order
 * of the queue.
 *
 * <p>No wake-up is lost: a waiter first raises {@link #waiting} and then looks for a free seat; a caller that frees a
 * seat first frees it and then reads {@link #waiting}. Both are volatile, so at least one of the two sees the other.
 */
final class WaitQueue {

    /** One caller. */
    static final class Waiter {
        private final Thread thread = Thread.currentThread();
        private volatile @Nullable Seat seat;
        private volatile boolean refused;
    }

    private final ReentrantLock lock = new ReentrantLock();

    @GuardedBy("lock")
    private final ArrayDeque<Waiter> waiters = new ArrayDeque<>();

    @GuardedBy("lock")
    private boolean closed;

    /** The queue's length; written under the lock, read by every thread on every acquire and release. */
    private volatile int waiting;

    private final Ticker ticker;

    WaitQueue(Ticker ticker) {
        this.ticker = ticker;
    }

    boolean isEmpty() {
        return waiting == 0;
    }

    int length() {
        return waiting;
    }

    /** Joins at the end, or, if the seat that was handed out was of no use, at the head again. */
    Waiter join(boolean again) {
        Waiter waiter = new Waiter();
        lock.lock();
        try {
            if (closed) {
                waiter.refused = true;
            } else if (again) {
                waiters.addFirst(waiter);
            } else {
                waiters.addLast(waiter);
            }
            waiting = waiters.size();
        } finally {
            lock.unlock();
        }
        return waiter;
    }

    /** Gives a taken seat to the head; false if no caller waits. */
    boolean hand(Seat taken) {
        Waiter head;
        lock.lock();
        try {
            head = waiters.pollFirst();
            waiting = waiters.size();
            if (head != null) {
                head.seat = taken;
            }
        } finally {
            lock.unlock();
        }
        if (head == null) {
            return false;
        }
        LockSupport.unpark(head.thread);
        return true;
    }

    /** Gives free seats to the heads for as long as there are both. {@code takeFree} must not block. */
    void dispatch(Supplier<@Nullable Seat> takeFree) {
        if (waiting == 0) {
            return;
        }
        List<Waiter> served = new ArrayList<>();
        lock.lock();
        try {
            while (!waiters.isEmpty()) {
                Seat seat = takeFree.get();
                if (seat == null) {
                    break;
                }
                Waiter head = waiters.removeFirst();
                head.seat = seat;
                served.add(head);
            }
            waiting = waiters.size();
        } finally {
            lock.unlock();
        }
        for (Waiter waiter : served) {
            LockSupport.unpark(waiter.thread);
        }
    }

    /** The seat, taken for this caller; or null when the time is over or the queue is closed. */
    @Nullable
    Seat await(Waiter waiter, long deadline) throws InterruptedException {
        while (waiter.seat == null && !waiter.refused) {
            long left = deadline - ticker.nanos();
            if (left <= 0) {
                return withdraw(waiter);
            }
            LockSupport.parkNanos(this, left);
            if (Thread.interrupted()) {
                Seat seat = withdraw(waiter);
                if (seat == null) {
                    throw new InterruptedException();
                }
                Thread.currentThread().interrupt();
                return seat;
            }
        }
        return waiter.seat;
    }

    /** Leaves the queue; a seat that arrived in the last moment is still the caller's. */
    private @Nullable Seat withdraw(Waiter waiter) {
        lock.lock();
        try {
            waiters.remove(waiter);
            waiting = waiters.size();
            return waiter.seat;
        } finally {
            lock.unlock();
        }
    }

    /** Refuses all callers, now and from now on. */
    void close() {
        List<Waiter> refused;
        lock.lock();
        try {
            closed = true;
            refused = new ArrayList<>(waiters);
            waiters.clear();
            waiting = 0;
        } finally {
            lock.unlock();
        }
        for (Waiter waiter : refused) {
            waiter.refused = true;
            LockSupport.unpark(waiter.thread);
        }
    }
}
