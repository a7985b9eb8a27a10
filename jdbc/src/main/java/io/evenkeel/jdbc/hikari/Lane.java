package io.evenkeel.jdbc.hikari;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.jdbc.handle.FaultClassifier;
import io.evenkeel.spi.EndpointConnections.Load;
import io.evenkeel.spi.EndpointSignals;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One Pod: its seats, its pool, and how many connections to it there really are.
 *
 * <p>Invariants, held under {@link #lock}:
 *
 * <ol>
 *   <li>connections + dials in flight ≤ seats. A dial begins only below {@code seats − closing}, and a seat is gone
 *       only when there is one connection fewer than seats, so the sum over all Pods never exceeds the budget at the
 *       servers.
 *   <li>Seats that are free or taken are as many as connections that the pool has. Where a connection comes or goes by
 *       itself, {@link #reconcile} makes it true again; until then a seat may be without a connection, which its next
 *       holder finds out.
 * </ol>
 *
 * <p>Lock order: this lock is never held while another lock is taken, nor while anything else of ours is called.
 */
final class Lane {
    /** A seat that is being retired, and who receives the outcome. */
    record Retirement(Seat seat, Runnable done) {}

    private final EndpointKey key;
    private final Acquirer acquirer;
    private final EndpointSignals signals;
    private final IntUnaryOperator minimumIdle;
    private @Nullable PodPool pool;
    private @Nullable Retirements retirements;
    private @Nullable IdleCheck idleCheck;

    // Read on every acquire or release and written rarely, so these may share a cache line.
    private volatile boolean routable;
    private volatile boolean lacking;
    private volatile int successesOwed;
    private volatile Seat[] seats = {};

    private volatile @Nullable Throwable lastFailure;
    private volatile boolean failing;
    private volatile Runnable onRoom = () -> {};

    private final ReentrantLock lock = new ReentrantLock();

    @GuardedBy("lock")
    private final ArrayDeque<Retirement> closing = new ArrayDeque<>();

    @GuardedBy("lock")
    private int connections;

    @GuardedBy("lock")
    private int notDelivered;

    @GuardedBy("lock")
    private int dials;

    @GuardedBy("lock")
    private boolean shut;

    Lane(EndpointKey key, Acquirer acquirer, EndpointSignals signals, IntUnaryOperator minimumIdle) {
        this.key = key;
        this.acquirer = acquirer;
        this.signals = signals;
        this.minimumIdle = minimumIdle;
    }

    /** Sets the pool, once, before the lane is published. */
    void start(PodPool newPool, Retirements newRetirements, IdleCheck newIdleCheck) {
        pool = newPool;
        retirements = newRetirements;
        idleCheck = newIdleCheck;
    }

    EndpointKey key() {
        return key;
    }

    Acquirer acquirer() {
        return acquirer;
    }

    PodPool pool() {
        return Objects.requireNonNull(pool, "pool (expected: started)");
    }

    Retirements retirements() {
        return Objects.requireNonNull(retirements, "retirements (expected: started)");
    }

    IdleCheck idleCheck() {
        return Objects.requireNonNull(idleCheck, "idleCheck (expected: started)");
    }

    Seat[] seats() {
        return seats;
    }

    boolean isRoutable() {
        return routable;
    }

    void route(boolean on) {
        routable = on;
    }

    /** What to call when a connection was lost and its seat stays. */
    void onRoom(Runnable task) {
        onRoom = task;
    }

    int busy() {
        int busy = 0;
        for (Seat seat : seats) {
            if (seat.isBusy()) {
                busy++;
            }
        }
        return busy;
    }

    /** Whether a smaller part of its seats is in use; at equal parts, not. */
    boolean isLessBusyThan(Lane other) {
        return (long) busy() * other.seats.length < (long) other.busy() * seats.length;
    }

    Load load() {
        int busy = 0;
        int marked = 0;
        for (Seat seat : seats) {
            int state = seat.state();
            busy += state == SeatState.TAKEN || state == SeatState.MARKED ? 1 : 0;
            marked += state == SeatState.MARKED ? 1 : 0;
        }
        lock.lock();
        try {
            return new Load(connections, dials, Math.min(busy, connections), marked);
        } finally {
            lock.unlock();
        }
    }

    /** Adds a seat without a connection. */
    Seat addSeat() {
        Seat seat = Seat.of(this, SeatState.EMPTY);
        lock.lock();
        try {
            Seat[] more = Arrays.copyOf(seats, seats.length + 1);
            more[more.length - 1] = seat;
            seats = more;
        } finally {
            lock.unlock();
        }
        resize();
        return seat;
    }

    /** Tells the pool how many connections it may have now. */
    void resize() {
        int limit;
        lock.lock();
        try {
            limit = seats.length - closing.size();
        } finally {
            lock.unlock();
        }
        pool().resize(limit, minimumIdle.applyAsInt(limit));
    }

    // --- connections, as they come and go ---

    /** Permits the pool to connect by itself, if a seat is without a connection. */
    boolean beginDial() {
        lock.lock();
        try {
            boolean room = !shut && connections + dials < seats.length - closing.size();
            dials += room ? 1 : 0;
            return room;
        } finally {
            lock.unlock();
        }
    }

    /** Counts a dial for a seat that is to be added, which the caller was told to open. */
    boolean beginExtraDial() {
        lock.lock();
        try {
            dials += shut ? 0 : 1;
            return !shut;
        } finally {
            lock.unlock();
        }
    }

    /** A dial succeeded; false if the connection is not wanted any more: close it, which ends in {@link #closed}. */
    boolean connected(Duration took, boolean delivered) {
        boolean wanted;
        lock.lock();
        try {
            dials--;
            connections++;
            notDelivered += delivered ? 0 : 1;
            wanted = !shut;
        } finally {
            lock.unlock();
        }
        failing = false;
        signals.opened(key, took);
        if (delivered) {
            reconcile();
        }
        return wanted;
    }

    /** The pool took over a connection that was established for it. */
    void delivered() {
        lock.lock();
        try {
            notDelivered--;
        } finally {
            lock.unlock();
        }
        reconcile();
    }

    void dialFailed(Throwable cause) {
        lock.lock();
        try {
            dials--;
        } finally {
            lock.unlock();
        }
        failing = true;
        if (FaultClassifier.STANDARD.classify(cause).countsAtConnect()) {
            failed(cause);
        } else {
            lastFailure = cause;
            signals.refused(key, cause);
        }
        settle();
        acquirer.demand();
    }

    /** A connection is closed, its socket too. */
    void closed(boolean wasDelivered) {
        boolean more;
        lock.lock();
        try {
            connections--;
            notDelivered -= wasDelivered ? 0 : 1;
            more = connections + dials < seats.length - closing.size();
        } finally {
            lock.unlock();
        }
        signals.closed(key);
        settle();
        reconcile();
        if (more) {
            onRoom.run();
            acquirer.demand();
        }
    }

    int connections() {
        lock.lock();
        try {
            return connections + dials;
        } finally {
            lock.unlock();
        }
    }

    /** No dial begins any more. */
    void shut() {
        routable = false;
        lock.lock();
        try {
            shut = true;
        } finally {
            lock.unlock();
        }
    }

    /** Makes the seats with a connection as many as the connections. */
    void reconcile() {
        boolean filled = false;
        lock.lock();
        try {
            int present = Math.min(connections - notDelivered, seats.length - closing.size());
            int dialling = count(SeatState.DIALLING);
            int warm = warm();
            // Which of the idle ones a seat would get is not known while they are tested.
            boolean mayFill = idleCheck == null || !idleCheck.isRunning();
            for (int i = 0; mayFill && i < seats.length && warm < present; i++) {
                if (seats[i].fill()) {
                    filled = true;
                    warm++;
                }
            }
            int surplus = warm - dialling - present;
            for (int i = 0; i < seats.length && surplus > 0; i++) {
                surplus -= seats[i].drop() ? 1 : 0;
            }
            lacking = surplus > 0;
        } finally {
            lock.unlock();
        }
        if (filled) {
            acquirer.dispatch();
        }
    }

    private int warm() {
        int warm = 0;
        for (Seat seat : seats) {
            warm += seat.isWarm() ? 1 : 0;
        }
        return warm;
    }

    /** Seats in this state now. */
    int count(int state) {
        int count = 0;
        for (Seat seat : seats) {
            count += seat.state() == state ? 1 : 0;
        }
        return count;
    }

    /**
     * Whether more seats are in use than there are connections; the caller that returns one then calls
     * {@link #reconcile}.
     */
    boolean isLacking() {
        return lacking;
    }

    // --- seats that are retired ---

    /** Has the seat, which is CLOSING now, go as soon as there is a connection fewer than seats. */
    void giveUp(Retirement retirement) {
        lock.lock();
        try {
            closing.addLast(retirement);
        } finally {
            lock.unlock();
        }
        resize();
        settle();
    }

    /** Whether a seat is being retired whose connection is still there. */
    boolean isGivingUp() {
        lock.lock();
        try {
            return !closing.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    private void settle() {
        List<Retirement> settled = new ArrayList<>();
        lock.lock();
        try {
            while (!closing.isEmpty() && connections + dials < seats.length) {
                Retirement next = closing.removeFirst();
                next.seat().gone();
                seats = Arrays.stream(seats).filter(s -> s != next.seat()).toArray(Seat[]::new);
                settled.add(next);
            }
        } finally {
            lock.unlock();
        }
        if (!settled.isEmpty()) {
            acquirer.publish();
            settled.forEach(retirement -> retirement.done().run());
        }
    }

    // --- health ---

    boolean isFailing() {
        return failing;
    }

    @Nullable
    Throwable lastFailure() {
        return lastFailure;
    }

    boolean owesSuccesses() {
        return successesOwed > 0;
    }

    void failed(Throwable cause) {
        lastFailure = cause;
        signals.failed(key, cause);
        // After it: only with the failure does health want to see successes.
        successesOwed = signals.successesWanted(key);
    }

    /** Racing callers may report one more or fewer; nothing depends on the exact number. */
    @SuppressWarnings("NonAtomicVolatileUpdate")
    void succeeded() {
        successesOwed = successesOwed - 1;
        signals.succeeded(key);
    }

    @Override
    public String toString() {
        return key + " " + Arrays.toString(seats) + " " + load();
    }
}
