package io.evenkeel.jdbc;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.jdbc.ConnectionFaults.Fault;
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
    void release(Connection pooled) throws SQLException {
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
    void faulted(Fault fault, SQLException failure) {
        if (fault == Fault.CONNECTION) {
            faulted = true;
            seat.lane.failed(failure);
            seat.lane.idleCheck().start();
        } else {
            evict = true;
        }
    }

    @Override
    String pool() {
        return seat.lane.acquirer().pool();
    }

    @Override
    EndpointKey endpoint() {
        return seat.lane.key();
    }
}
