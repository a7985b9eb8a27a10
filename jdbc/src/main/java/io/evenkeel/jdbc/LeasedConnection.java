package io.evenkeel.jdbc;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.jdbc.handle.ConnectionFaults.Fault;
import io.evenkeel.jdbc.handle.DelegatingConnection;
import java.sql.Connection;
import java.sql.SQLException;

/** What a caller gets: a connection of one Pod's pool, together with the seat that it was borrowed for. */
final class LeasedConnection extends DelegatingConnection {
    private final Seat seat;
    private boolean faulted;
    private boolean evict;

    LeasedConnection(Connection pooled, Seat seat) {
        super(pooled);
        this.seat = seat;
    }

    @Override
    protected void release(Connection pooled) throws SQLException {
        try {
            pooled.close();
        } finally {
            Lane lane = seat.lane;
            if (evict) {
                lane.pool().evict(pooled);
            }
            if (lane.owesSuccesses() && !faulted) {
                lane.succeeded();
            }
            if (faulted) {
                lane.acquirer().releaseBroken(seat, pooled);
            } else {
                lane.acquirer().release(seat, pooled);
            }
        }
    }

    @Override
    protected void faulted(Fault fault, SQLException failure) {
        if (fault == Fault.CONNECTION) {
            faulted = true;
            seat.lane.failed(failure);
            seat.lane.idleCheck().start();
        } else {
            evict = true;
        }
    }

    @Override
    protected String pool() {
        return seat.lane.acquirer().pool();
    }

    @Override
    protected EndpointKey endpoint() {
        return seat.lane.key();
    }
}
