package io.evenkeel.jdbc.hikari;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tests a Pod's idle connections after one in use broke, before callers get them: the pool beneath hands out without a
 * test what was used within the last half second, so a server that crashed would cost one failed query per connection.
 * Those in use are left alone.
 */
final class IdleCheck implements Lane.IdleTest {
    private static final Logger LOG = LoggerFactory.getLogger(IdleCheck.class);

    private final Lane lane;
    private final Acquirer acquirer;
    private final IoTasks io;
    private final int validationSeconds;
    private final AtomicBoolean running = new AtomicBoolean();

    IdleCheck(Lane lane, Acquirer acquirer, IoTasks io, int validationSeconds) {
        this.lane = lane;
        this.acquirer = acquirer;
        this.io = io;
        this.validationSeconds = validationSeconds;
    }

    @Override
    public void start() {
        if (!running.compareAndSet(false, true)) {
            return;
        }
        List<Seat> suspects = new ArrayList<>();
        for (Seat seat : lane.seats()) {
            if (seat.take()) {
                suspects.add(seat);
            }
        }
        if (!io.execute(() -> check(suspects))) {
            suspects.forEach(seat -> acquirer.release(seat, null));
            running.set(false);
        }
    }

    private void check(List<Seat> suspects) {
        List<Connection> idle = borrowIdle();
        boolean dead = false;
        for (Connection connection : idle) {
            // The fault and one dead connection more: the rest is dead too, and at a frozen Pod each test takes
            // its whole time.
            dead = dead || !isValid(connection);
            if (dead) {
                lane.pool().evict(connection);
            } else {
                giveBack(connection);
            }
        }
        running.set(false);
        suspects.forEach(seat -> acquirer.release(seat, null));
        lane.reconcile();
        acquirer.connectionsMissing();
    }

    /**
     * All are borrowed before one is given back, or one of them might be tested twice and another not at all; also
     * those whose seat was dropped for the connection that broke.
     */
    private List<Connection> borrowIdle() {
        List<Connection> idle = new ArrayList<>();
        try {
            while (lane.pool().total() > lane.pool().active()) {
                idle.add(lane.pool().borrow(1));
            }
        } catch (SQLException e) {
            LOG.debug("Pool {}: no more idle connections of {} to test", acquirer.pool(), lane.key(), e);
        }
        return idle;
    }

    @Override
    public boolean isRunning() {
        return running.get();
    }

    private boolean isValid(Connection connection) {
        try {
            return connection.isValid(validationSeconds);
        } catch (SQLException e) {
            LOG.debug("Pool {}: an idle connection of {} is dead", acquirer.pool(), lane.key(), e);
            return false;
        }
    }

    private static void giveBack(Connection connection) {
        try {
            connection.close();
        } catch (SQLException e) {
            LOG.debug("giving {} back failed", connection, e);
        }
    }
}
