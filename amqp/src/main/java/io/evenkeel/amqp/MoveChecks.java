package io.evenkeel.amqp;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What must be so for a connection to be moved: before a move begins, while it goes on, and once more when it commits,
 * since what was true at its start may not be any more. Thread-safe.
 */
final class MoveChecks {

    private final VirtualConnection connection;
    private final MoveInterlock interlock;

    MoveChecks(VirtualConnection connection, MoveInterlock interlock) {
        this.connection = connection;
        this.interlock = interlock;
    }

    /**
     * Why it can't be moved now, or null.
     *
     * @param forced whether its broker leaves: then what a move might lose is lost more surely without
     */
    @Nullable
    String obstacle(boolean forced) {
        VirtualConnection.State now = connection.state();
        if (now != VirtualConnection.State.OPEN) {
            return "the connection is " + now;
        }
        return lastingObstacle(forced);
    }

    /** In any state. */
    private @Nullable String lastingObstacle(boolean forced) {
        if (connection.current().blockedFor() != null) {
            return "the broker blocks the connection (a memory or disk alarm): confirms would never come";
        }
        return MoveObstacles.of(connection.topology(), connection.channels(), forced);
    }

    /** Whether a mover must go on no further: it is to look why by {@link #requireMoving}. */
    boolean mustStop(Link next) {
        return !connection.isMoving() || interlock.veto() != null || !next.isOpen();
    }

    void requireMovable(boolean forced) throws MoveGivenUp {
        String obstacle = lastingObstacle(forced);
        if (obstacle != null) {
            throw new MoveGivenUp(obstacle);
        }
    }

    void requireMoving(Link next) throws MoveGivenUp, IOException {
        if (!connection.isMoving()) {
            throw new MoveGivenUp("the connection is " + connection.state());
        }
        String veto = interlock.veto();
        if (veto != null) {
            throw new MoveGivenUp(veto);
        }
        if (!next.isOpen()) {
            throw new IOException(next + ": gone (expected: open, to move to)");
        }
    }

    /**
     * Whether every channel is there with both sides.
     *
     * @throws IOException if the new link or a channel on it is gone
     */
    boolean isAllAt(Link next) throws MoveGivenUp, IOException {
        requireMoving(next);
        for (VirtualChannel channel : connection.channels()) {
            if (!channel.isInUse()) {
                continue;
            }
            RawChannel there = channel.on(next);
            if (there == null || channel.receivingOn() != there || channel.sendingOn() != there) {
                return false;
            }
            if (there.isLost()) {
                throw new IOException(there + ": gone (expected: open, to move to)");
            }
        }
        return true;
    }

    void requireCommittable(Link next, boolean forced) throws MoveGivenUp {
        if (next.blockedFor() != null) {
            throw new MoveGivenUp(
                    "the broker at " + next.endpoint() + " blocks the connection (a memory or disk alarm)");
        }
        requireMovable(forced);
    }
}
