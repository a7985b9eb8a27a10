package io.evenkeel.grpc;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.EndpointConnections.Load;
import io.evenkeel.spi.EndpointConnections.RetireOutcome;
import io.evenkeel.time.Scheduler;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What is held at one endpoint. Written in the synchronization context; the lists may be read from any thread. */
final class Pod {

    /** The right to one connection, and that connection while there is one. */
    static final class Seat {
        volatile @Nullable PodConnection connection;
        /** The next dial, while there is no connection. */
        Scheduler.@Nullable Cancellable redial;

        boolean dialling;
        /** Whether it is being retired or moved. */
        boolean going;

        @Nullable
        Consumer<RetireOutcome> retiring;
        /** Completes a move whose replacement is open, once the old connection is closed. */
        @Nullable
        Runnable moved;

        void cancelRedial() {
            Scheduler.Cancellable timer = redial;
            if (timer != null) {
                timer.cancel();
                redial = null;
            }
        }
    }

    private Endpoint endpoint;
    final List<Seat> seats = new CopyOnWriteArrayList<>();
    /** Connections whose seat has moved elsewhere, and which wait for their calls to end. */
    final List<PodConnection> lingering = new CopyOnWriteArrayList<>();

    boolean routed;
    boolean leaving;
    /** When it was last taken out of service; meaningless while in service. */
    long unroutedAt;

    boolean used;
    long usedSince;
    /** Dials that failed, and connections that were lost soon after they were opened, in a row. */
    int failures;

    /** Whether the last dial failed. */
    boolean failing;
    /** Moves to here whose new connection is open and whose old one isn't closed yet. */
    int arriving;

    final AtomicInteger dials = new AtomicInteger();

    Pod(Endpoint endpoint) {
        this.endpoint = endpoint;
    }

    Endpoint endpoint() {
        return endpoint;
    }

    EndpointKey key() {
        return endpoint.key();
    }

    void describe(Endpoint newer) {
        endpoint = newer;
    }

    @Nullable
    Seat seatOf(PodConnection connection) {
        for (Seat seat : seats) {
            if (seat.connection == connection) {
                return seat;
            }
        }
        return null;
    }

    /** A seat that stays and has no connection. */
    @Nullable
    Seat empty() {
        for (Seat seat : seats) {
            if (seat.connection == null && !seat.going) {
                return seat;
            }
        }
        return null;
    }

    /**
     * The seat to leave: an empty one, else that of the oldest connection or of the one with the fewest streams and
     * calls.
     */
    @Nullable
    Seat toLeave(boolean byAge) {
        Seat best = empty();
        if (best != null) {
            return best;
        }
        for (Seat seat : seats) {
            PodConnection connection = seat.connection;
            if (!seat.going && connection != null && connection.isOpen()) {
                PodConnection chosen = best == null ? null : best.connection;
                if (chosen == null || (byAge ? isOlder(connection, chosen) : isIdler(connection, chosen))) {
                    best = seat;
                }
            }
        }
        return best;
    }

    private static boolean isOlder(PodConnection one, PodConnection other) {
        return one.openedAt() - other.openedAt() < 0;
    }

    private static boolean isIdler(PodConnection one, PodConnection other) {
        return one.streams() != other.streams() ? one.streams() < other.streams() : one.calls() < other.calls();
    }

    Load load() {
        int open = 0;
        int inUse = 0;
        int draining = 0;
        for (Seat seat : seats) {
            PodConnection connection = seat.connection;
            if (connection != null) {
                open++;
                inUse += connection.calls() > 0 ? 1 : 0;
                draining += connection.state() == PodConnection.State.DRAINING ? 1 : 0;
            }
        }
        for (PodConnection connection : lingering) {
            open++;
            draining++;
            inUse += connection.calls() > 0 ? 1 : 0;
        }
        return new Load(open, dials.get(), inUse, draining);
    }
}
