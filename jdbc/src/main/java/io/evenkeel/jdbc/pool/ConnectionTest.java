package io.evenkeel.jdbc.pool;

import io.evenkeel.jdbc.driver.Liveness;
import io.evenkeel.spi.EndpointSignals;
import io.evenkeel.time.Ticker;
import java.sql.SQLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks idle connections whether they still answer, and has those that don't be closed. Thread-safe. */
final class ConnectionTest {
    private static final Logger LOG = LoggerFactory.getLogger(ConnectionTest.class);

    private final PodRegistry registry;
    private final SeatExchange exchange;
    private final ConnectionCloser closer;
    private final PoolThreads io;
    private final EndpointSignals signals;
    private final Ticker ticker;

    ConnectionTest(
            PodRegistry registry,
            SeatExchange exchange,
            ConnectionCloser closer,
            PoolThreads io,
            EndpointSignals signals,
            Ticker ticker) {
        this.registry = registry;
        this.exchange = exchange;
        this.closer = closer;
        this.io = io;
        this.signals = signals;
        this.ticker = ticker;
    }

    /**
     * Asks the connection of a CHECKING seat; afterwards the seat is FREE, or its connection is being closed.
     *
     * @return whether it answered
     */
    boolean check(Seat seat) {
        return check(seat, () -> {});
    }

    /**
     * As {@link #check(Seat)}.
     *
     * @param whenOverdue runs on the housekeeper if the driver does not come back; this call then changes nothing any
     *     more
     */
    boolean check(Seat seat, Runnable whenOverdue) {
        Decision decision = new Decision();
        long limit = registry.settings().validationMillis() + Decision.GRACE_MILLIS;
        PoolThreads.Cancellable overdue = io.schedule(
                () -> {
                    if (decision.expire()) {
                        died(
                                seat,
                                new SQLException(
                                        "testing an idle connection did not complete within " + limit + " ms", "08006"),
                                true);
                        whenOverdue.run();
                    }
                },
                limit);
        Liveness seen = Liveness.UNKNOWN;
        try {
            Session session = seat.session;
            if (session == null) {
                throw new SQLException("no connection");
            }
            seen = session.peek();
            if (seen == Liveness.DEAD) {
                throw new SQLException("the server closed the connection while it was idle", "08006");
            }
            session.validate(registry.settings(), registry.settings().validationMillis(), ticker.nanos());
            if (decision.finish()) {
                signals.alive(seat.pod.key());
                seat.checked();
                exchange.freed(seat);
                return true;
            }
        } catch (SQLException | RuntimeException | Error e) {
            if (decision.finish()) {
                died(seat, e, seen == Liveness.UNKNOWN || seen == Liveness.ALIVE);
            }
        } finally {
            overdue.cancel();
        }
        return false;
    }

    /** The connection of a CHECKING seat is of no use. */
    private void died(Seat seat, Throwable failure, boolean counts) {
        LOG.debug("Pool {}: an idle connection to {} is dead", registry.name(), seat.pod.key(), failure);
        if (counts) {
            seat.pod.failed(failure);
        } else {
            seat.pod.refused(failure);
        }
        if (seat.closeChecked()) {
            closer.discard(seat);
        }
    }

    /** A CHECKING seat is FREE again; what its connection looked like when it was used last still counts. */
    void uncheck(Seat seat) {
        seat.checked();
        exchange.freed(seat);
    }

    void discardChecked(Seat seat) {
        if (seat.closeChecked()) {
            closer.discard(seat);
        }
    }
}
