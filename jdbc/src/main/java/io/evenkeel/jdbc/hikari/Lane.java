package io.evenkeel.jdbc.hikari;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.jdbc.handle.FaultClassifier;
import io.evenkeel.spi.EndpointConnections.Load;
import io.evenkeel.spi.EndpointSignals;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One Pod: its seats, its pool, and how connecting to it goes. What its {@link SeatLedger} counts, is brought to the
 * pool beneath, to health, and to the one who hands out the seats. Thread-safe.
 */
final class Lane {
    /** Tests the idle connections, after one in use broke. */
    interface IdleTest {
        /** Takes the idle ones out of reach at once, and tests them elsewhere. Never blocks. */
        void start();

        /** Whether a test will yet make the seats fit the connections. */
        boolean isRunning();
    }

    /** Ends what is retired in use. */
    interface MarkedReturn {
        /**
         * A marked seat is returned, its connection to the pool; false if the mark was taken back in this moment.
         *
         * @param pooled null if the seat was returned without a connection
         */
        boolean returned(Seat seat, @Nullable Connection pooled);
    }

    private final EndpointKey key;
    private final SeatReports reports;
    private final EndpointSignals signals;
    private final IntUnaryOperator minimumIdle;
    private @Nullable PodPool pool;
    private @Nullable MarkedReturn markedReturn;
    private @Nullable IdleTest idleTest;
    private final SeatLedger ledger = new SeatLedger();

    // Read on every acquire or release and written rarely, so these may share a cache line.
    private volatile boolean routable;
    private volatile int successesOwed;

    private volatile @Nullable Throwable lastFailure;
    private volatile boolean failing;
    private volatile Runnable onRoom = () -> {};

    Lane(EndpointKey key, SeatReports reports, EndpointSignals signals, IntUnaryOperator minimumIdle) {
        this.key = key;
        this.reports = reports;
        this.signals = signals;
        this.minimumIdle = minimumIdle;
    }

    /** Sets the pool, once, before the lane is published. */
    void start(PodPool newPool, MarkedReturn newMarkedReturn, IdleTest newIdleTest) {
        pool = newPool;
        markedReturn = newMarkedReturn;
        idleTest = newIdleTest;
    }

    EndpointKey key() {
        return key;
    }

    PodPool pool() {
        return Objects.requireNonNull(pool, "pool (expected: started)");
    }

    MarkedReturn markedReturn() {
        return Objects.requireNonNull(markedReturn, "markedReturn (expected: started)");
    }

    IdleTest idleTest() {
        return Objects.requireNonNull(idleTest, "idleTest (expected: started)");
    }

    Seat[] seats() {
        return ledger.seats();
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
        return ledger.busy();
    }

    /** Whether a smaller part of its seats is in use; at equal parts, not. */
    boolean isLessBusyThan(Lane other) {
        return ledger.isLessBusyThan(other.ledger);
    }

    /** Seats in this state now. */
    int count(int state) {
        return ledger.count(state);
    }

    Load load() {
        return ledger.load();
    }

    /** Adds a seat without a connection. */
    Seat addSeat() {
        Seat seat = Seat.of(this, SeatState.EMPTY);
        ledger.add(seat);
        resize();
        return seat;
    }

    /** Notifies the pool of how many connections it may have now. */
    void resize() {
        int limit = ledger.limit();
        pool().resize(limit, minimumIdle.applyAsInt(limit));
    }

    // --- connections, as they come and go ---

    /** Permits the pool to connect by itself, if a seat is without a connection. */
    boolean beginDial() {
        return ledger.beginDial();
    }

    /** Counts a dial for a seat that is to be added, which the caller is asked to open. */
    boolean beginExtraDial() {
        return ledger.beginExtraDial();
    }

    /** A dial succeeded; false if the connection is not wanted any more: close it, which ends in {@link #closed}. */
    boolean connected(Duration took, boolean delivered) {
        boolean wanted = ledger.connected(delivered);
        failing = false;
        signals.opened(key, took);
        if (delivered) {
            reconcile();
        }
        return wanted;
    }

    /** The pool took over a connection that was established for it. */
    void delivered() {
        ledger.delivered();
        reconcile();
    }

    void dialFailed(Throwable cause) {
        ledger.dialFailed();
        failing = true;
        if (FaultClassifier.STANDARD.classify(cause).countsAtConnect()) {
            failed(cause);
        } else {
            lastFailure = cause;
            signals.refused(key, cause);
        }
        settle();
        reports.connectionsMissing();
    }

    /** A connection is closed, its socket too. */
    void closed(boolean wasDelivered) {
        boolean more = ledger.closed(wasDelivered);
        signals.closed(key);
        settle();
        reconcile();
        if (more) {
            onRoom.run();
            reports.connectionsMissing();
        }
    }

    /** Those that are being established included. */
    int connections() {
        return ledger.connections();
    }

    /** No dial begins any more. */
    void shut() {
        routable = false;
        ledger.shut();
    }

    /** Makes the seats with a connection as many as the connections. */
    void reconcile() {
        // Which of the idle ones a seat would get is not known while they are tested.
        boolean mayFill = idleTest == null || !idleTest.isRunning();
        if (ledger.reconcile(mayFill)) {
            reports.seatsFreed();
        }
    }

    /**
     * Whether more seats are in use than there are connections; the caller that returns one then calls
     * {@link #reconcile}.
     */
    boolean isLacking() {
        return ledger.isLacking();
    }

    // --- seats that are retired ---

    /** Has the seat, which is CLOSING now, go as soon as there is a connection fewer than seats. */
    void giveUp(SeatLedger.Retirement retirement) {
        ledger.giveUp(retirement);
        resize();
        settle();
    }

    /** Whether a seat is being retired whose connection is still there. */
    boolean isGivingUp() {
        return ledger.isGivingUp();
    }

    private void settle() {
        List<SeatLedger.Retirement> settled = ledger.settle();
        if (!settled.isEmpty()) {
            reports.seatsChanged();
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
        return key + " " + ledger;
    }
}
