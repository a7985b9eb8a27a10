package io.evenkeel.jdbc.pool;

import io.evenkeel.spi.EndpointConnections.RetireOutcome;
import io.evenkeel.spi.EndpointSignals;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes connections, and has their seats be what follows: EMPTY, for another connection, or GONE. Thread-safe;
 * blocks nowhere, since closing is done on I/O threads.
 */
final class ConnectionCloser {
    private static final Logger LOG = LoggerFactory.getLogger(ConnectionCloser.class);

    private final PodRegistry registry;
    private final PoolThreads io;
    private final EndpointSignals signals;
    private final Runnable demand;
    private final LongAdder usesOfGoneSeats = new LongAdder();

    /** @param demand called when a seat has lost its connection and may need another; returns at once */
    ConnectionCloser(PodRegistry registry, PoolThreads io, EndpointSignals signals, Runnable demand) {
        this.registry = registry;
        this.io = io;
        this.signals = signals;
        this.demand = demand;
    }

    /** How often the seats that are gone were handed out. */
    long usesOfGoneSeats() {
        return usesOfGoneSeats.sum();
    }

    /** Closes the connection of a seat that is CLOSING or RETIRING, then has the seat be what follows. */
    void discard(Seat seat) {
        Session session = seat.session;
        Runnable close = session == null ? () -> discarded(seat, false) : () -> close(seat, session);
        if (!io.execute(close)) {
            close.run();
        }
    }

    /** A close that never returns must not keep the seat: then the connection is aborted, and counts as closed. */
    private void close(Seat seat, Session session) {
        Decision decision = new Decision();
        PoolThreads.Cancellable overdue = io.schedule(
                () -> {
                    if (decision.expire()) {
                        LOG.debug("Pool {}: closing a connection to {} has not ended", registry.name(), seat.pod.key());
                        io.execute(session::abort);
                        discarded(seat, true);
                    }
                },
                Session.CLOSE_MILLIS + Decision.GRACE_MILLIS);
        session.close();
        overdue.cancel();
        if (decision.finish()) {
            discarded(seat, true);
        }
    }

    /** The connection of a CLOSING or RETIRING seat has been closed, or there was none. */
    void discarded(Seat seat, boolean wasConnected) {
        seat.session = null;
        if (wasConnected) {
            signals.closed(seat.pod.key());
        }
        if (seat.closed()) {
            demand.run();
            return;
        }
        Consumer<RetireOutcome> retired = seat.retirement;
        seat.retirement = null;
        seat.pod.remove(seat);
        if (seat.gone()) {
            usesOfGoneSeats.add(seat.uses);
            registry.publish();
            if (retired != null) {
                retired.accept(new RetireOutcome.Retired());
            }
        }
    }

    /** Has every seat of this Pod that no caller holds be gone. */
    void closeIdle(Pod pod) {
        for (Seat seat : pod.seats()) {
            if (seat.retireFree()) {
                discard(seat);
            } else if (seat.retireEmpty()) {
                discarded(seat, false);
            }
        }
    }
}
