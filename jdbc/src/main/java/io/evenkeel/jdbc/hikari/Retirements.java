package io.evenkeel.jdbc.hikari;

import io.evenkeel.spi.EndpointConnections.RetireOutcome;
import io.evenkeel.spi.EndpointConnections.RetireReason;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Retires seats of one Pod: one without a connection first, then one that is idle, then one in use, which is marked and
 * closed when its user returns it. Nothing in use is ever closed.
 */
final class Retirements implements Lane.MarkedReturn {
    private static final Logger LOG = LoggerFactory.getLogger(Retirements.class);
    private static final long RETRY_MILLIS = 100;
    private static final int ATTEMPTS = 3;

    private final Lane lane;
    private final Acquirer acquirer;
    private final PhysicalDataSource ready;
    private final IoTasks io;
    private final Map<Seat, Consumer<RetireOutcome>> marked = new ConcurrentHashMap<>();

    Retirements(Lane lane, Acquirer acquirer, PhysicalDataSource ready, IoTasks io) {
        this.lane = lane;
        this.acquirer = acquirer;
        this.ready = ready;
        this.io = io;
    }

    void retire(RetireReason reason, Consumer<RetireOutcome> done) {
        if (!retireEmpty(done) && !retireIdle(reason, done) && !mark(done)) {
            done.accept(new RetireOutcome.Kept());
        }
    }

    private boolean retireEmpty(Consumer<RetireOutcome> done) {
        for (Seat seat : lane.seats()) {
            if (seat.closeEmpty()) {
                giveUp(seat, done);
                // Its connection may be under way already.
                evictOne(RetireReason.REBALANCE);
                return true;
            }
        }
        return false;
    }

    private boolean retireIdle(RetireReason reason, Consumer<RetireOutcome> done) {
        for (Seat seat : lane.seats()) {
            if (seat.closeFree()) {
                giveUp(seat, done);
                evictOne(reason);
                return true;
            }
        }
        return false;
    }

    private boolean mark(Consumer<RetireOutcome> done) {
        for (Seat seat : lane.seats()) {
            if (seat.state() != SeatState.TAKEN || marked.putIfAbsent(seat, done) != null) {
                continue;
            }
            if (seat.mark()) {
                return true;
            }
            marked.remove(seat, done);
        }
        return false;
    }

    private void giveUp(Seat seat, Consumer<RetireOutcome> done) {
        lane.giveUp(new SeatLedger.Retirement(seat, () -> done.accept(new RetireOutcome.Retired())));
    }

    /** Takes one mark back. */
    void keep() {
        for (Seat seat : lane.seats()) {
            if (seat.state() == SeatState.MARKED && seat.unmark()) {
                Consumer<RetireOutcome> done = marked.remove(seat);
                if (done != null) {
                    done.accept(new RetireOutcome.Kept());
                }
                return;
            }
        }
    }

    @Override
    public boolean returned(Seat seat, @Nullable Connection pooled) {
        if (!seat.closeMarked()) {
            return false;
        }
        Consumer<RetireOutcome> done = marked.remove(seat);
        giveUp(seat, done == null ? outcome -> {} : done);
        if (pooled != null) {
            evictReturned(pooled, ATTEMPTS);
        } else {
            evictOne(RetireReason.REBALANCE);
        }
        return true;
    }

    /**
     * Closes a connection after its user gave it back to the pool (so that the pool has rolled it back and closed its
     * statements). Another seat's holder may have got it in between; then it is closed when that one returns it. If
     * that happens in this very moment, the pool overlooks it, so it is asked again; and if all that leads to
     * nothing, an idle one goes in its place.
     */
    private void evictReturned(Connection pooled, int attempts) {
        lane.pool().evict(pooled);
        if (lane.isGivingUp()) {
            io.schedule(() -> evictAgain(pooled, attempts - 1), RETRY_MILLIS);
        }
    }

    private void evictAgain(Connection pooled, int attempts) {
        if (attempts > 0 && lane.isGivingUp()) {
            evictReturned(pooled, attempts);
        } else {
            evictIdle(RetireReason.REBALANCE);
        }
    }

    private void evictOne(RetireReason reason) {
        if (lane.isGivingUp()) {
            io.execute(() -> evictIdle(reason));
        }
    }

    /**
     * Closes one idle connection. There is one such task, or one connection on its way back, per seat that is being
     * retired; which of the seats goes when a connection is closed does not matter, so neither does which task closed
     * it.
     */
    private void evictIdle(RetireReason reason) {
        // None is retired any more if connections of this Pod were lost in the meantime.
        if (!lane.isGivingUp() || ready.closeOne()) {
            return;
        }
        try {
            Connection idle =
                    reason == RetireReason.AGE ? oldest() : lane.pool().borrow(Acquirer.FIND_MILLIS);
            if (lane.isGivingUp()) {
                lane.pool().evict(idle);
            } else {
                idle.close();
            }
        } catch (SQLException e) {
            LOG.debug("Pool {}: no idle connection of {} to close yet, trying again", acquirer.pool(), lane.key(), e);
            io.schedule(() -> evictIdle(reason), RETRY_MILLIS);
        }
    }

    /** The oldest of those that are idle now: borrows all, and gives all but one back. */
    private Connection oldest() throws SQLException {
        Connection oldest = lane.pool().borrow(Acquirer.FIND_MILLIS);
        List<Seat> taken = new ArrayList<>();
        List<Connection> others = new ArrayList<>();
        try {
            for (Seat seat : lane.seats()) {
                if (seat.take()) {
                    taken.add(seat);
                    others.add(lane.pool().borrow(Acquirer.FIND_MILLIS));
                }
            }
        } catch (SQLException e) {
            LOG.debug("Pool {}: looked at fewer idle connections of {}", acquirer.pool(), lane.key(), e);
        }
        for (int i = 0; i < others.size(); i++) {
            if (openedAt(others.get(i)) - openedAt(oldest) < 0) {
                oldest = swap(others, i, oldest);
            }
        }
        for (Connection other : others) {
            other.close();
        }
        for (Seat seat : taken) {
            acquirer.release(seat, null);
        }
        return oldest;
    }

    private static Connection swap(List<Connection> others, int at, Connection by) {
        Connection found = others.get(at);
        others.set(at, by);
        return found;
    }

    private static long openedAt(Connection pooled) throws SQLException {
        return pooled.unwrap(PhysicalConnection.class).openedAt();
    }
}
