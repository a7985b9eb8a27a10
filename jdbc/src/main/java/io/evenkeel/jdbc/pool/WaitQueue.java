package io.evenkeel.jdbc.pool;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.evenkeel.time.Ticker;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The callers who wait for a seat, first come first served, at any Pod.
 *
 * <p>A seat reaches a waiter by {@link #hand} (a release gives it straight to the head) or by {@link #dispatch} (free
 * seats are taken for the heads). Both happen under the lock, so seats are given in the order of the queue. Leaving
 * it costs the same however long it is.
 *
 * <p>No wake-up is lost: a waiter first raises {@link #waiting} and then looks for a free seat; a release first frees
 * the seat and then reads {@link #waiting}. Both are volatile, so at least one of the two sees the other.
 */
final class WaitQueue {

    /** One caller. Its links are guarded by the queue's lock. */
    static final class Waiter {
        private final @Nullable Thread thread;
        private volatile @Nullable Seat seat;
        private volatile boolean refused;
        private @Nullable Waiter before;
        private @Nullable Waiter after;

        private Waiter(@Nullable Thread thread) {
            this.thread = thread;
        }

        private boolean isQueued() {
            return before != null;
        }
    }

    private final ReentrantLock lock = new ReentrantLock();

    /** Before the first and after the last: a ring. */
    @GuardedBy("lock")
    private final Waiter ring = new Waiter(null);

    @GuardedBy("lock")
    private boolean closed;

    /** The queue's length; written under the lock, read on every acquire and release. */
    private volatile int waiting;

    private final Ticker ticker;

    WaitQueue(Ticker ticker) {
        this.ticker = ticker;
        ring.before = ring;
        ring.after = ring;
    }

    boolean isEmpty() {
        return waiting == 0;
    }

    int length() {
        return waiting;
    }

    /** Joins at the end, or, if the seat that was handed out was of no use, at the head again. */
    Waiter join(boolean again) {
        Waiter waiter = new Waiter(Thread.currentThread());
        lock.lock();
        try {
            if (closed) {
                waiter.refused = true;
            } else {
                link(waiter, again ? ring : previous(ring));
            }
        } finally {
            lock.unlock();
        }
        return waiter;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // written under the lock only
    @GuardedBy("lock")
    private void link(Waiter waiter, Waiter behind) {
        Waiter next = next(behind);
        waiter.before = behind;
        waiter.after = next;
        behind.after = waiter;
        next.before = waiter;
        waiting = waiting + 1;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // written under the lock only
    @GuardedBy("lock")
    private void unlink(Waiter waiter) {
        previous(waiter).after = waiter.after;
        next(waiter).before = waiter.before;
        waiter.before = null;
        waiter.after = null;
        waiting = waiting - 1;
    }

    @GuardedBy("lock")
    private @Nullable Waiter pollHead() {
        Waiter head = next(ring);
        if (head == ring) {
            return null;
        }
        unlink(head);
        return head;
    }

    @SuppressWarnings("NullAway") // linked
    private static Waiter next(Waiter waiter) {
        return waiter.after;
    }

    @SuppressWarnings("NullAway") // linked
    private static Waiter previous(Waiter waiter) {
        return waiter.before;
    }

    /** Gives a taken seat to the head; false if there is no waiter. */
    boolean hand(Seat taken) {
        Waiter head;
        lock.lock();
        try {
            head = pollHead();
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
        List<Waiter> served = List.of();
        lock.lock();
        try {
            while (next(ring) != ring) {
                Seat seat = takeFree.get();
                if (seat == null) {
                    break;
                }
                Waiter head = next(ring);
                unlink(head);
                head.seat = seat;
                served = served.isEmpty() ? new ArrayList<>() : served;
                served.add(head);
            }
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
            if (waiter.isQueued()) {
                unlink(waiter);
            }
            return waiter.seat;
        } finally {
            lock.unlock();
        }
    }

    /** Refuses all, now and from now on. */
    void close() {
        List<Waiter> refused = new ArrayList<>();
        lock.lock();
        try {
            closed = true;
            for (Waiter head = pollHead(); head != null; head = pollHead()) {
                refused.add(head);
            }
        } finally {
            lock.unlock();
        }
        for (Waiter waiter : refused) {
            waiter.refused = true;
            LockSupport.unpark(waiter.thread);
        }
    }
}
