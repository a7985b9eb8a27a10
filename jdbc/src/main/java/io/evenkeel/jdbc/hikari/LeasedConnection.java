package io.evenkeel.jdbc.hikari;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.jdbc.handle.DelegatingConnection;
import io.evenkeel.jdbc.handle.Fault;
import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** What a caller gets: a connection of one Pod's pool, together with the seat that it was borrowed for. */
final class LeasedConnection extends DelegatingConnection {
    /** Takes back what was lent. */
    interface Lender {
        /** The pool's name. */
        String pool();

        /**
         * The seat's connection is back in its pool.
         *
         * @param pooled null if the seat is returned without a connection
         */
        void release(Seat seat, @Nullable Connection pooled);

        /** The seat's connection broke. */
        void releaseBroken(Seat seat, Connection pooled);
    }

    private final Seat seat;
    private final Lender lender;
    private Fault fault = Fault.NONE;

    LeasedConnection(Connection pooled, Seat seat, Lender lender) {
        super(pooled);
        this.seat = seat;
        this.lender = lender;
    }

    @Override
    protected void release(Connection pooled) throws SQLException {
        boolean evict = fault.evicts() || (fault.validates() && !pooled.isValid(1));
        try {
            giveBack(pooled, evict);
        } catch (SQLException e) {
            // The rollback or the reset failed: the next borrower would find this one's state.
            evict = true;
            report(e);
            throw e;
        } finally {
            releaseSeat(pooled, evict);
        }
    }

    /** One that is to go is marked first, while it can't be handed out to another caller. */
    private void giveBack(Connection pooled, boolean evict) throws SQLException {
        if (evict) {
            seat.lane.pool().evict(pooled);
        }
        pooled.close();
    }

    private void releaseSeat(Connection pooled, boolean evict) {
        Lane lane = seat.lane;
        if (evict) {
            lane.pool().evict(pooled);
        } else if (lane.owesSuccesses() && !fault.countsInUse()) {
            lane.succeeded();
        }
        if (evict) {
            lender.releaseBroken(seat, pooled);
        } else {
            lender.release(seat, pooled);
        }
    }

    private void report(SQLException failure) {
        if (classify(failure).countsInUse() && !fault.countsInUse()) {
            seat.lane.failed(failure);
        }
    }

    @Override
    protected void faulted(Fault graver, SQLException failure) {
        fault = graver;
        if (graver.countsInUse()) {
            seat.lane.failed(failure);
            seat.lane.idleTest().start();
        }
    }

    @Override
    protected String pool() {
        return lender.pool();
    }

    @Override
    public EndpointKey endpoint() {
        return seat.lane.key();
    }
}
