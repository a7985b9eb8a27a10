package io.evenkeel.jdbc.pool;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The callers who wait for a seat at any Pod, in the order in which they came. Thread-safe.
 *
 * <p>A seat reaches a waiter in one of two ways. While the first has waited for a moment only, it is {@link #wakeFirst
 * woken} and takes what is free, in a race with callers that run; a release then costs two reads. Once it has waited
 * for more than {@value #PATIENCE_TICKS} tick of the {@link CoarseClock}, the queue {@link #isDue is due}: callers that
 * run take nothing, and seats are given in the order of the queue, by {@link #hand} (a release gives its seat straight
 * to the first) or by {@link #dispatch} (free seats are taken for the first ones), both under the lock. In each tick
 * {@value #TURNS_PER_TICK} seats go that way, or all that become free if they are fewer; for the rest of the tick it is
 * a race again. So where connections are held for longer than a few ticks seats are given in order, and otherwise each
 * that is before a waiter costs it half a tick at most.
 *
 * <p>Why not always in order: what is given to a thread that sleeps is used by none until it runs, so that where
 * connections are held for less than a thread's wake-up takes, each acquire would cost one.
 *
 * <p>Invariants:
 *
 * <ol>
 *   <li>{@link #first} is null exactly if none waits. A waiter joins and then looks for a free seat; a release frees
 *       the seat and then reads {@code first}. Both are volatile, so at least one of the two sees the other.
 *   <li>A waiter clears {@code woken} and then looks for a free seat; a release frees the seat and then reads
 *       {@code woken}. So where it wakes none since the first is woken already, that one has its look before it.
 *   <li>A waiter that leaves the queue looks once more whether a seat is free, and if so wakes those who are first
 *       now; see {@link SeatExchange#await}. So a wake-up is not lost with a waiter that needs it no more.
 *   <li>The queue is due only for a waiter that has been in it for longer than a tick. While one waits, the clock runs,
 *       or is dormant and all are due, since it jumps on both ends of that.
 *   <li>Nothing waits for the queue to be due again: when it is not, the first waiter is woken by the next release as
 *       any is, and callers that run take what is free.
 * </ol>
 */
final class WaitQueue {
    /** For how many ticks of the clock the first waiter may be passed by callers that run: for 1 to 2 ms. */
    static final int PATIENCE_TICKS = 1;

    /** How many seats are given in the order of the queue in each tick; callers that run may take the rest. */
    static final int TURNS_PER_TICK = 2;

    /** One caller. Its links are guarded by the queue's lock. */
    static final class Waiter {
        private final @Nullable Thread thread;

        /** The coarse time at which it joined. */
        private final long since;

        private volatile @Nullable Seat seat;
        private volatile boolean refused;
        private volatile boolean woken;
        private @Nullable Waiter before;
        private @Nullable Waiter after;

        private Waiter(@Nullable Thread thread, long since) {
            this.thread = thread;
            this.since = since;
        }

        private boolean isQueued() {
            return before != null;
        }

        /** Whether it has its seat, or will have none. */
        boolean isDecided() {
            return seat != null || refused;
        }

        /** What it was given. */
        @Nullable
        Seat seat() {
            return seat;
        }

        /** It looks for a seat from now on, and is to be woken for one that is freed later. */
        void looks() {
            woken = false;
        }

        /** Whether it has been woken and has not looked since. */
        boolean isWoken() {
            return woken;
        }

        private void wake() {
            // Two that see it asleep both wake it, which costs it one look in vain.
            if (!woken) {
                woken = true;
                LockSupport.unpark(thread);
            }
        }
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final CoarseClock clock;

    /** Before the first and after the last: a ring. */
    @GuardedBy("lock")
    private final Waiter ring = new Waiter(null, 0);

    @GuardedBy("lock")
    private boolean closed;

    /** Who waits longest, or null; written under the lock, read on every acquire and release. */
    private volatile @Nullable Waiter first;

    /** The queue's length; written under the lock. */
    private volatile int waiting;

    /** The tick in which seats were last given in order; written under the lock. */
    private volatile long turnsIn;

    /** How many were given in it; written under the lock. */
    private volatile int turns;

    WaitQueue(CoarseClock clock) {
        this.clock = clock;
        ring.before = ring;
        ring.after = ring;
    }

    boolean isEmpty() {
        return first == null;
    }

    int length() {
        return waiting;
    }

    /** Whether seats go to those who wait, in their order, and to no caller that runs. */
    boolean isDue() {
        Waiter longest = first;
        if (longest == null) {
            return false;
        }
        long now = clock.now();
        return now - longest.since > PATIENCE_TICKS && (turnsIn != now || turns < TURNS_PER_TICK);
    }

    /** Whether this waiter may take a seat that is free, rather than have it given in the order of the queue. */
    @SuppressWarnings("ReferenceEquality") // a waiter is itself
    boolean mayTake(Waiter waiter) {
        return first == waiter || !isDue();
    }

    /** Joins at the end, or, if the seat that was handed out was of no use, as the first again. */
    Waiter join(boolean again) {
        clock.wake();
        Waiter waiter = link(again);
        // It may have gone dormant in between: then the waiter is due as soon as the clock runs.
        clock.wake();
        return waiter;
    }

    private Waiter link(boolean again) {
        lock.lock();
        try {
            Waiter behind = again ? ring : previous(ring);
            Waiter next = next(behind);
            long now = clock.now();
            // Never younger than the one behind it, which would be passed for longer.
            Waiter waiter = new Waiter(Thread.currentThread(), next == ring ? now : Math.min(now, next.since));
            if (closed) {
                waiter.refused = true;
            } else {
                link(waiter, behind);
            }
            return waiter;
        } finally {
            lock.unlock();
        }
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
        if (behind == ring) {
            first = waiter;
        }
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // written under the lock only
    @GuardedBy("lock")
    private void unlink(Waiter waiter) {
        Waiter behind = previous(waiter);
        Waiter next = next(waiter);
        behind.after = next;
        next.before = behind;
        waiter.before = null;
        waiter.after = null;
        waiting = waiting - 1;
        if (behind == ring) {
            first = next == ring ? null : next;
        }
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

    /** A seat is free: wakes the first waiter, unless it is about to look anyway. */
    void wakeFirst() {
        Waiter longest = first;
        if (longest != null) {
            longest.wake();
        }
    }

    /** So many seats are free: as many of the first waiters are woken or have been. */
    void wake(int seats) {
        lock.lock();
        try {
            Waiter each = next(ring);
            for (int i = 0; i < seats && each != ring; i++) {
                each.wake();
                each = next(each);
            }
        } finally {
            lock.unlock();
        }
    }

    /** This waiter leaves the queue with a seat, in its turn. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // written under the lock only
    @GuardedBy("lock")
    private void serve(Waiter head, Seat taken) {
        unlink(head);
        head.seat = taken;
        long now = clock.now();
        turns = turnsIn == now ? turns + 1 : 1;
        turnsIn = now;
    }

    /** Gives a taken seat to the first; false if there is no waiter. */
    boolean hand(Seat taken) {
        Waiter head;
        lock.lock();
        try {
            head = next(ring);
            if (head == ring) {
                return false;
            }
            serve(head, taken);
        } finally {
            lock.unlock();
        }
        LockSupport.unpark(head.thread);
        return true;
    }

    /** Gives free seats to the first for as long as there are both. {@code takeFree} must not block. */
    void dispatch(Supplier<@Nullable Seat> takeFree) {
        if (isEmpty()) {
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
                serve(head, seat);
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

    /** Leaves the queue; a seat that arrived in the last moment is still the caller's. */
    @Nullable
    Seat leave(Waiter waiter) {
        if (waiter.seat != null) {
            return waiter.seat;
        }
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
