package io.evenkeel.jdbc.pool;

import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.jdbc.driver.Liveness;
import io.evenkeel.spi.EndpointSignals;
import io.evenkeel.time.Ticker;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * How callers get connections: by one compare-and-set where a seat is free and its connection is known to be alive,
 * else by an {@link Attempt} under one deadline. Thread-safe.
 */
final class Acquisition {
    /**
     * How long a connection whose socket can't be looked at may be idle and is handed out without a test, as in
     * HikariCP.
     */
    private static final long UNTESTED_TICKS = 500 / CoarseClock.TICK_MILLIS;

    private final PodRegistry registry;
    private final SeatExchange exchange;
    private final CoarseClock clock;
    private final Returns returns;
    private final Supply supply;
    private final PoolThreads io;
    private final EndpointSignals signals;
    private final MetricsRecorder metrics;
    private final Observers observers;
    private final Ticker ticker;
    private final LongAdder timedOut = new LongAdder();

    // Read on every acquire, written rarely.
    private volatile boolean observed;

    Acquisition(
            PodRegistry registry,
            SeatExchange exchange,
            CoarseClock clock,
            Returns returns,
            Supply supply,
            PoolThreads io,
            PoolParts parts) {
        this.registry = registry;
        this.exchange = exchange;
        this.clock = clock;
        this.returns = returns;
        this.supply = supply;
        this.io = io;
        this.signals = parts.signals();
        this.metrics = parts.metrics();
        this.observers = parts.observers();
        this.ticker = parts.ticker();
        this.observed = observers.isObserving(registry.settings());
    }

    /** The settings have changed. */
    void configured() {
        observed = observers.isObserving(registry.settings());
    }

    /** How often a caller waited in vain. */
    long timedOut() {
        return timedOut.sum();
    }

    /** See {@link ConnectionPool#acquire}. */
    PooledConnection acquire(long timeoutNanos) throws SQLException {
        return observed ? acquireObserved(timeoutNanos) : lend(timeoutNanos, true);
    }

    /** See {@link ConnectionPool#acquireAtStart}. */
    PooledConnection acquireAtStart(long timeoutNanos) throws SQLException {
        return lend(timeoutNanos, false);
    }

    private PooledConnection lend(long timeoutNanos, boolean counted) throws SQLException {
        Seat seat = exchange.take();
        if (seat == null) {
            return new Attempt(timeoutNanos, counted).run();
        }
        Session session = seat.session;
        if (session != null && (isFresh(seat, session) || isAlive(seat, session))) {
            return new PooledConnection(returns, seat, session);
        }
        return new Attempt(timeoutNanos, counted).resume(seat);
    }

    /**
     * Whether it was returned a moment ago, which counts only where its socket can't be looked at: the clock's timer
     * may be late by more than a server takes to die.
     */
    private boolean isFresh(Seat seat, Session session) {
        return !session.hasProbe() && seat.usedAt == clock.now();
    }

    /** Whether a look at the connection's socket is enough to hand it out; wakes the clock. */
    private boolean isAlive(Seat seat, Session session) {
        boolean recent = !clock.isDormant() && clock.now() - seat.usedAt <= UNTESTED_TICKS;
        clock.wake();
        return switch (session.peek()) {
            case ALIVE -> true;
            case UNKNOWN -> recent;
            case DATA_WAITING, DEAD -> false;
        };
    }

    /**
     * Whether the connection of a taken seat can be handed out; it is asked, if a look at its socket is not enough.
     * If not, the seat is no longer the caller's.
     */
    private boolean isUsable(Seat seat, long deadline) {
        Session session = seat.session;
        if (session == null) {
            throw new IllegalStateException(registry.name() + ": seat at " + seat.pod.key() + " is " + seat
                    + " without a connection (expected: with one)");
        }
        if (isAlive(seat, session)) {
            return true;
        }
        Liveness seen = session.peek();
        SQLException failure;
        try {
            if (seen == Liveness.DEAD) {
                throw new SQLException("the server closed the connection while it was idle", "08006");
            }
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - ticker.nanos());
            session.validate(
                    registry.settings(),
                    Math.max(1, Math.min(left, registry.settings().validationMillis())),
                    ticker.nanos());
            signals.alive(seat.pod.key());
            return true;
        } catch (SQLException e) {
            failure = e;
        } catch (RuntimeException | Error e) {
            failure = new SQLException("testing the connection failed", "08006", e);
        }
        idleOneBroke(seat.pod, seen, failure);
        returns.releaseBroken(seat);
        return false;
    }

    /**
     * A server that closes what is idle for too long says nothing about its health by that, and what has to be
     * connected in its place soon will. Silence does.
     */
    private void idleOneBroke(Pod pod, Liveness seen, Throwable failure) {
        if (seen == Liveness.UNKNOWN || seen == Liveness.ALIVE) {
            pod.failed(failure);
        } else {
            pod.refused(failure);
        }
        returns.suspect(pod);
    }

    private PooledConnection acquireObserved(long timeoutNanos) throws SQLException {
        long start = ticker.nanos();
        PooledConnection connection;
        try {
            connection = lend(timeoutNanos, true);
        } catch (Unavailable e) {
            observers.timedOut(ticker.nanos() - start);
            throw e;
        }
        connection.observe(observers.begin(connection, ticker.nanos() - start, registry.settings(), io));
        return connection;
    }

    /** One caller that did not get a connection at once. */
    private final class Attempt {
        private final long started = ticker.nanos();
        private final long deadline;
        private final boolean counted;
        private List<Pod> failed = List.of();
        private int failures;
        private boolean waited;

        Attempt(long timeoutNanos, boolean counted) {
            this.deadline = started + timeoutNanos;
            this.counted = counted;
        }

        /** With a seat whose connection has to be tested. */
        PooledConnection resume(Seat seat) throws SQLException {
            PooledConnection connection = handOut(seat);
            return connection != null ? connection : run();
        }

        PooledConnection run() throws SQLException {
            while (true) {
                Seat seat = registry.isClosed() ? null : take();
                if (seat == null) {
                    throw refusal();
                }
                PooledConnection connection = handOut(seat);
                if (connection != null) {
                    return connection;
                }
            }
        }

        private @Nullable PooledConnection handOut(Seat seat) {
            Session session = seat.session;
            if (session != null && (isFresh(seat, session) || isUsable(seat, deadline))) {
                record(true);
                return new PooledConnection(returns, seat, session);
            }
            failures++;
            if (!failed.contains(seat.pod)) {
                failed = failed.isEmpty() ? new ArrayList<>() : failed;
                failed.add(seat.pod);
            }
            return null;
        }

        private @Nullable Seat take() throws SQLException {
            // One that has waited its turn already goes before those who wait.
            Seat seat = failures > 0 ? exchange.takeAgain(failed) : exchange.take();
            return seat != null || (failures > 0 && deadline - ticker.nanos() <= 0) ? seat : await();
        }

        private @Nullable Seat await() throws SQLException {
            waited = true;
            WaitQueue.Waiter waiter = exchange.join(failures > 0);
            supply.need();
            try {
                return exchange.await(waiter, deadline);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new SQLException(registry.name() + ": interrupted while waiting for a connection", e);
            }
        }

        private SQLException refusal() {
            if (registry.isClosed()) {
                return ConnectionPool.closed(registry.name());
            }
            record(false);
            if (counted) {
                timedOut.increment();
            }
            Duration took = Duration.ofNanos(ticker.nanos() - started);
            String message = Refusal.describe(registry.settings(), took, registry.pods(), registry.waiting(), failures);
            Throwable reason = Refusal.latest(registry.pods());
            if (reason == null && !failed.isEmpty()) {
                reason = failed.get(failed.size() - 1).lastFailure();
            }
            return new Unavailable(message, reason);
        }

        private void record(boolean acquired) {
            if (waited && counted) {
                observers.acquireWaited(metrics, ticker.nanos() - started, acquired);
            }
        }
    }
}
