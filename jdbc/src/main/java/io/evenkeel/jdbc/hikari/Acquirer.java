package io.evenkeel.jdbc.hikari;

import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.jdbc.hikari.Slots.Slot;
import io.evenkeel.jdbc.hikari.WaitQueue.Waiter;
import io.evenkeel.jdbc.pool.ConnectionPool;
import io.evenkeel.time.Ticker;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Hands out connections over all Pods.
 *
 * <p>Invariants:
 *
 * <ol>
 *   <li>I1: no caller waits while a routable Pod has a free seat. Where a seat only lacks its connection,
 *       {@link #connectionsMissing} has one established while the caller stays in the queue, so it gets whichever
 *       comes first.
 *   <li>I2: first come, first served: while a caller waits, all join the queue, and seats go to its head.
 *   <li>I3: no wake-up is lost: see {@link WaitQueue}; all that makes a seat free calls {@link #seatsFreed} afterwards.
 *   <li>I4: a seat is in one state, by compare-and-set over the table of {@link SeatState}; a connection is closed only
 *       from a seat that its user has returned.
 *   <li>I5: one deadline spans all attempts, at no more than {@value #ENDPOINTS} Pods.
 * </ol>
 *
 * <p>In the common case an acquire is one compare-and-set on a word that only this thread used lately, and a release is
 * another: no permit, no counter, no lock, no clock.
 */
final class Acquirer implements SeatReports, LeasedConnection.Lender {
    static final int ENDPOINTS = 3;

    /** How long a Pod's pool may take to find the connection that goes with a free seat, validation apart. */
    static final long FIND_MILLIS = 250;

    private final String pool;
    private final Ticker ticker;
    private final MetricsRecorder metrics;
    private final Supplier<String> advice;
    private final Slots slots;
    private final Chooser chooser;
    private final WaitQueue queue;
    private final ReentrantLock publishing = new ReentrantLock();
    private volatile Routing routing = Routing.NONE;
    private volatile Collection<Lane> known = List.of();
    private volatile boolean closed;
    private volatile Runnable growth = () -> {};

    Acquirer(String pool, Ticker ticker, MetricsRecorder metrics, long seed, Supplier<String> advice) {
        this.pool = pool;
        this.ticker = ticker;
        this.metrics = metrics;
        this.advice = advice;
        this.slots = new Slots(Math.max(32, 4 * Runtime.getRuntime().availableProcessors()), seed);
        this.chooser = new Chooser(ticker);
        this.queue = new WaitQueue(ticker);
    }

    @Override
    public String pool() {
        return pool;
    }

    int waiting() {
        return queue.length();
    }

    Routing routing() {
        return routing;
    }

    /** What to call where callers wait and a seat may only lack its connection; must return at once. */
    void onDemand(Runnable newGrowth) {
        growth = newGrowth;
    }

    /** The Pods that there are from now on, routable or not. */
    void know(Collection<Lane> lanes) {
        known = List.copyOf(lanes);
        seatsChanged();
    }

    Collection<Lane> known() {
        return known;
    }

    /** Seats were added or are gone, or another set of Pods is routable. */
    @Override
    public void seatsChanged() {
        // Two changes may overlap, and the later must not be overwritten by the earlier.
        publishing.lock();
        try {
            routing = Routing.of(known);
        } finally {
            publishing.unlock();
        }
        seatsFreed();
    }

    /** @param counted whether a caller waits, rather than the pool itself */
    Connection acquire(long timeoutNanos, boolean counted) throws SQLException {
        Slot slot = slots.mine();
        Seat seat = slot.seat;
        if (seat != null && slot.left-- > 0 && seat.lane.isRoutable() && queue.isEmpty() && seat.take()) {
            Connection pooled = borrow(seat, FIND_MILLIS);
            if (pooled != null) {
                return new LeasedConnection(pooled, seat, this);
            }
        }
        return new Attempt(timeoutNanos, counted).run(slot);
    }

    /** The connection of a seat that was just taken; null, with the seat abandoned, if there is none. */
    private @Nullable Connection borrow(Seat seat, long millis) throws SQLException {
        try {
            return seat.lane.pool().borrow(millis);
        } catch (SQLException | RuntimeException | Error e) {
            abandon(seat);
            if (e instanceof SQLException && !Thread.currentThread().isInterrupted()) {
                return null;
            }
            throw e;
        }
    }

    private void abandon(Seat seat) {
        if (!seat.giveUp()) {
            release(seat, null);
        }
        seat.lane.reconcile();
        connectionsMissing();
    }

    /** The seat's connection is back in its pool. */
    @Override
    public void release(Seat seat, @Nullable Connection pooled) {
        if (queue.isEmpty() && seat.free()) {
            if (!queue.isEmpty()) {
                seatsFreed();
            }
        } else {
            releaseSlowly(seat, pooled);
        }
        if (seat.lane.isLacking()) {
            seat.lane.reconcile();
            connectionsMissing();
        }
    }

    /**
     * The seat's connection broke: the seat is without one until the lane has counted what is left. If it is freed as
     * usual, its next holder is given one of the idle connections that are being tested.
     */
    @Override
    public void releaseBroken(Seat seat, Connection pooled) {
        if (!seat.giveUp()) {
            release(seat, pooled);
        } else if (!seat.lane.idleTest().isRunning()) {
            seat.lane.reconcile();
        }
        connectionsMissing();
    }

    private void releaseSlowly(Seat seat, @Nullable Connection pooled) {
        boolean mayHand = seat.state() == SeatState.TAKEN && seat.lane.isRoutable() && !seat.lane.isLacking();
        if (mayHand && queue.hand(seat)) {
            return;
        }
        if (seat.free()) {
            seatsFreed();
        } else if (!seat.lane.markedReturn().returned(seat, pooled)) {
            release(seat, pooled); // it was marked, and has just been taken back
        }
    }

    /** Gives free seats to those who wait. */
    @Override
    public void seatsFreed() {
        if (!queue.isEmpty()) {
            queue.dispatch(this::takeFree);
            connectionsMissing();
        }
    }

    /** Where callers wait: has connections established for seats that lack one. */
    @Override
    public void connectionsMissing() {
        if (!queue.isEmpty()) {
            growth.run();
        }
    }

    private @Nullable Seat takeFree() {
        Routing now = routing;
        return closed ? null : chooser.take(now, slots.mine());
    }

    /** Refuses all callers from now on. */
    void close() {
        closed = true;
        queue.close();
    }

    boolean isClosed() {
        return closed;
    }

    /** One caller who did not get a connection at once. */
    private final class Attempt {
        private final long started = ticker.nanos();
        private final long deadline;
        private final boolean counted;
        private final List<Lane> failed = new ArrayList<>(0);
        private boolean waited;

        Attempt(long timeoutNanos, boolean counted) {
            this.deadline = started + timeoutNanos;
            this.counted = counted;
        }

        Connection run(Slot slot) throws SQLException {
            while (true) {
                Seat seat = take(slot);
                if (seat == null) {
                    throw refusal(null);
                }
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - ticker.nanos());
                Connection pooled = borrow(seat, Math.max(1, Math.min(left, FIND_MILLIS)));
                if (pooled != null) {
                    record(true);
                    return new LeasedConnection(pooled, seat, Acquirer.this);
                }
                slot.seat = null;
                if (!failed.contains(seat.lane)) {
                    failed.add(seat.lane);
                }
                if (failed.size() == ENDPOINTS || deadline - ticker.nanos() <= 0) {
                    throw refusal(seat.lane.lastFailure());
                }
            }
        }

        private @Nullable Seat take(Slot slot) throws SQLException {
            Seat seat = null;
            if (!failed.isEmpty()) {
                seat = takeElsewhere();
            }
            if (seat == null && queue.isEmpty() && !closed) {
                seat = chooser.take(routing, slot);
            }
            return seat != null || closed ? seat : await();
        }

        /** It has waited its turn already, so it goes before those who wait. */
        private @Nullable Seat takeElsewhere() {
            for (Seat seat : routing.seats()) {
                if (!failed.contains(seat.lane) && seat.take()) {
                    return seat;
                }
            }
            return null;
        }

        private @Nullable Seat await() throws SQLException {
            waited = true;
            Waiter waiter = queue.join(!failed.isEmpty());
            seatsFreed();
            try {
                return queue.await(waiter, deadline);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new SQLException(pool + ": interrupted while waiting for a connection", e);
            }
        }

        private SQLException refusal(@Nullable Throwable cause) {
            record(false);
            if (closed) {
                return ConnectionPool.closed(pool);
            }
            Duration took = Duration.ofNanos(ticker.nanos() - started);
            String message = Refusal.describe(pool, took, known, queue.length(), failed.size(), advice.get());
            Throwable reason = cause != null ? cause : Refusal.latest(known);
            return new SQLTransientConnectionException(message, "08001", 0, reason);
        }

        private void record(boolean acquired) {
            if (waited && counted) {
                metrics.acquireWaited(pool, Duration.ofNanos(ticker.nanos() - started), acquired);
            }
        }
    }
}
