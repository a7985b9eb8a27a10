package io.evenkeel.jdbc.hikari;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Establishes connections for seats that lack one, while callers wait. The callers stay in the queue, so a connection
 * that is returned in the meantime serves them as well as the new one does.
 *
 * <p>At most one connection at a time is awaited per Pod (the pool beneath connects one at a time, too), and Pods that
 * failed last come last.
 */
final class Growth {
    private static final Logger LOG = LoggerFactory.getLogger(Growth.class);

    private final Acquirer acquirer;
    private final IoTasks io;
    private final long timeoutMillis;
    private final Map<Lane, Boolean> growing = new ConcurrentHashMap<>();

    Growth(Acquirer acquirer, IoTasks io, long timeoutMillis) {
        this.acquirer = acquirer;
        this.io = io;
        this.timeoutMillis = timeoutMillis;
    }

    /** Starts as many as there are waiters without one; returns at once. */
    void demand() {
        Routing routing = acquirer.routing();
        for (int missing = acquirer.waiting() - underWay(); missing > 0; missing--) {
            Lane lane = next(routing);
            if (lane == null || growing.putIfAbsent(lane, true) != null) {
                return;
            }
            Seat seat = reserve(lane);
            if (seat == null) {
                growing.remove(lane);
            } else {
                io.execute(() -> grow(seat));
            }
        }
    }

    /** A Pod that keeps failing must not count for the callers who could be served by another one. */
    private int underWay() {
        int count = 0;
        for (Lane lane : growing.keySet()) {
            count += lane.isFailing() ? 0 : 1;
        }
        return count;
    }

    private @Nullable Lane next(Routing routing) {
        Lane best = null;
        double bestRank = Double.MAX_VALUE;
        for (Lane lane : routing.lanes()) {
            double rank = rank(lane);
            if (rank < bestRank
                    && !growing.containsKey(lane)
                    && !lane.idleTest().isRunning()) {
                best = lane;
                bestRank = rank;
            }
        }
        return best;
    }

    /** The part of its seats that has a connection; above 1 where it failed last; none where nothing is to be had. */
    private static double rank(Lane lane) {
        Seat[] seats = lane.seats();
        int warm = 0;
        boolean empty = false;
        for (Seat seat : seats) {
            warm += seat.isWarm() ? 1 : 0;
            empty |= seat.state() == SeatState.EMPTY;
        }
        return empty ? (double) warm / seats.length + (lane.isFailing() ? 2 : 0) : Double.MAX_VALUE;
    }

    private static @Nullable Seat reserve(Lane lane) {
        for (Seat seat : lane.seats()) {
            if (seat.startDialling()) {
                return seat;
            }
        }
        return null;
    }

    /**
     * Connects for a seat that lacks a connection, on the caller's thread; false if there is no such seat.
     *
     * @throws SQLException if it did not connect in time
     */
    boolean tryGrow(Lane lane) throws SQLException {
        if (growing.putIfAbsent(lane, true) != null) {
            throw new SQLException("connecting to " + lane.key() + " is still under way", "08001");
        }
        Seat seat = reserve(lane);
        if (seat == null) {
            growing.remove(lane);
            return false;
        }
        if (!grow(seat)) {
            Throwable failure = lane.lastFailure();
            throw new SQLException("no connection to " + lane.key(), "08001", failure);
        }
        return true;
    }

    private boolean grow(Seat seat) {
        Lane lane = seat.lane;
        boolean there = false;
        try {
            Connection connection = lane.pool().borrow(timeoutMillis);
            there = true;
            connection.close();
        } catch (SQLException e) {
            LOG.debug("Pool {}: no connection to {}", acquirer.pool(), lane.key(), e);
        } finally {
            if (there) {
                seat.dialled();
            } else {
                seat.dialFailed();
            }
            growing.remove(lane);
            lane.reconcile();
            acquirer.seatsFreed();
        }
        return there;
    }

    /** Has a Pod's pool connect again if a caller waits for it there: it does not by itself when room appears. */
    void roomAt(Lane lane) {
        if (growing.containsKey(lane)) {
            lane.pool().nudge();
        }
    }
}
