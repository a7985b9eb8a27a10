package io.evenkeel.jdbc.pool;

import io.evenkeel.jdbc.pool.Slots.Hints;
import io.evenkeel.jdbc.pool.Slots.Slot;
import io.evenkeel.time.Ticker;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Where seats change hands: callers take them and put them back, waiters take or are handed them. Thread-safe.
 *
 * <p>Invariants:
 *
 * <ol>
 *   <li>A caller sleeps only if no routable Pod had a free seat after it had joined the queue, or one that came before
 *       it has been woken and has not looked yet.
 *   <li>While the first waiter has waited for longer than {@link WaitQueue#PATIENCE_TICKS}, a seat that becomes free
 *       goes to the first waiter, and no caller takes one that did not wait, until {@link WaitQueue#TURNS_PER_TICK}
 *       were given in the tick.
 *   <li>A seat that is taken after {@link #publish} has returned is at a Pod of that routing: what was taken by an
 *       older one is put back.
 *   <li>After {@link #close} no seat is handed out, and one that becomes free goes to {@code abandoned}.
 * </ol>
 */
final class SeatExchange {
    private final Ticker ticker;
    private final WaitQueue queue;
    private final Slots slots;
    private final Chooser chooser;
    private final Consumer<Seat> retired;
    private final Consumer<Pod> abandoned;
    private final ReentrantLock publishing = new ReentrantLock();

    // Read on every acquire, written rarely.
    private volatile Routing routing = Routing.NONE;
    private volatile boolean closed;

    /**
     * @param retired receives a seat that was marked, when it is put back
     * @param abandoned receives a Pod that has left, or any once this is closed, where a seat has become free
     */
    SeatExchange(Ticker ticker, CoarseClock clock, long seed, Consumer<Seat> retired, Consumer<Pod> abandoned) {
        this.ticker = ticker;
        this.queue = new WaitQueue(clock);
        this.slots = new Slots(Math.max(32, 4 * Runtime.getRuntime().availableProcessors()), seed);
        this.chooser = new Chooser(clock);
        this.retired = retired;
        this.abandoned = abandoned;
    }

    /** See {@link Chooser#pack}. */
    void pack(boolean on) {
        chooser.pack(on);
    }

    int waiting() {
        return queue.length();
    }

    boolean isEmpty() {
        return queue.isEmpty();
    }

    boolean isClosed() {
        return closed;
    }

    /** A free seat, taken for the caller, or null if it has to wait; the path that nearly every acquire takes. */
    @Nullable
    Seat take() {
        Slot slot = slots.mine();
        Routing now = routing;
        Hints hints = Chooser.hints(slot, now);
        if (hints.seats.length == 0) {
            return null;
        }
        if (queue.isDue()) {
            return null;
        }
        int turn = hints.turn();
        Seat seat = chooser.mayFollow(hints) ? hints.seats[turn] : null;
        if (seat == null || !seat.take()) {
            seat = chooser.take(slot, hints, turn, List.of());
        }
        return seat == null || isOf(now, seat) ? seat : null;
    }

    /** Whether the routing is still this one, read again after the seat was taken; if not, the seat is put back. */
    @SuppressWarnings("ReferenceEquality") // another object is another routing
    private boolean isOf(Routing now, Seat seat) {
        if (routing == now) {
            return true;
        }
        putBack(seat);
        return false;
    }

    /**
     * As {@link #take()}, past those who wait, for a caller that has waited its turn and got a seat that was of no use.
     *
     * @param avoided Pods to go to only if no other has a free seat
     */
    @Nullable
    Seat takeAgain(Collection<Pod> avoided) {
        Slot slot = slots.mine();
        Routing now = routing;
        Hints hints = Chooser.hints(slot, now);
        if (hints.seats.length == 0) {
            return null;
        }
        Seat seat = chooser.take(slot, hints, hints.turn(), avoided);
        return seat == null || isOf(now, seat) ? seat : null;
    }

    /** Joins the queue; {@link #await} must follow. */
    WaitQueue.Waiter join(boolean again) {
        return queue.join(again);
    }

    /** The seat, taken for this caller; or null when the time is over or the exchange is closed. */
    @Nullable
    Seat await(WaitQueue.Waiter waiter, long deadline) throws InterruptedException {
        Seat found = null;
        boolean interrupted = false;
        while (found == null && !interrupted && !waiter.isDecided()) {
            found = look(waiter);
            if (found == null && !waiter.isDecided()) {
                long left = deadline - ticker.nanos();
                if (left <= 0) {
                    break;
                }
                LockSupport.parkNanos(queue, left);
                interrupted = Thread.interrupted();
            }
        }
        Seat seat = leave(waiter, found);
        if (interrupted) {
            if (seat == null) {
                throw new InterruptedException();
            }
            Thread.currentThread().interrupt();
        }
        return seat;
    }

    /** A free seat for this waiter; if it is not its turn, free seats are given to those whose turn it is. */
    private @Nullable Seat look(WaitQueue.Waiter waiter) {
        waiter.looks();
        if (!queue.mayTake(waiter)) {
            dispatch();
            return null;
        }
        Routing now = routing;
        Seat seat = takeFree(now);
        return seat == null || isOf(now, seat) ? seat : null;
    }

    /** Leaves the queue with one seat at most, and wakes those who come next if others are free. */
    private @Nullable Seat leave(WaitQueue.Waiter waiter, @Nullable Seat found) {
        Seat handed = queue.leave(waiter);
        if (handed != null && found != null) {
            putBack(found);
        }
        if (!queue.isEmpty()) {
            // Two, so that it does not take as many wake-ups one after another as there are seats.
            int free = countFree(2);
            if (free > 0) {
                queue.wake(free);
            }
        }
        return handed != null ? handed : found;
    }

    private int countFree(int most) {
        int free = 0;
        for (Pod pod : routing.turns()) {
            for (Seat seat : pod.seats()) {
                free += seat.isFree() ? 1 : 0;
                if (free == most) {
                    return free;
                }
            }
        }
        return free;
    }

    /** A taken seat is free again; it goes to the first waiter if that one's time has come. */
    void putBack(Seat seat) {
        if (!queue.isDue() && seat.free()) {
            if (!seat.pod.isRoutable()) {
                freed(seat);
            } else {
                queue.wakeFirst();
            }
        } else {
            putBackSlowly(seat);
        }
    }

    /** A seat is FREE, for those who wait, or for the pool to close. */
    void freed(Seat seat) {
        dispatch();
        if (closed || seat.pod.hasLeft()) {
            abandoned.accept(seat.pod);
        }
    }

    private void putBackSlowly(Seat seat) {
        while (true) {
            if (seat.state() == SeatWord.TAKEN && seat.pod.isRoutable() && queue.hand(seat)) {
                return;
            }
            if (seat.free()) {
                freed(seat);
                return;
            }
            if (seat.retireMarked()) {
                retired.accept(seat);
                return;
            }
            if (!seat.isBusy()) {
                return; // taken away when the pool was closed
            }
            // It was marked, and has just been kept.
        }
    }

    /** Gives free seats to those who wait. */
    void dispatch() {
        if (!queue.isEmpty()) {
            queue.dispatch(() -> takeFree(routing));
        }
    }

    private @Nullable Seat takeFree(Routing now) {
        Pod[] turns = now.turns();
        if (closed || turns.length == 0) {
            return null;
        }
        int from = slots.mine().nextInt(turns.length);
        for (int i = 0; i < turns.length; i++) {
            Seat seat = Chooser.takeAny(turns[(from + i) % turns.length].seats(), 0);
            if (seat != null) {
                return seat;
            }
        }
        return null;
    }

    /** Other Pods are routable, or have other seats, from now on. */
    void publish(Collection<Pod> pods) {
        // Two changes may overlap, and the later must not be overwritten by the earlier.
        publishing.lock();
        try {
            routing = closed ? Routing.NONE : Routing.of(pods);
        } finally {
            publishing.unlock();
        }
        dispatch();
    }

    /** Refuses all who wait, and hands out nothing any more. */
    void close() {
        publishing.lock();
        try {
            // In this order: once it is seen to be closed, no seat is taken any more.
            routing = Routing.NONE;
            closed = true;
        } finally {
            publishing.unlock();
        }
        queue.close();
    }
}
