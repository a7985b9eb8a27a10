package io.evenkeel.rsocket;

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

/**
 * What is held at one endpoint. Written on the control thread only; the list of seats may be read from any.
 *
 * <p>A seat is the right to one connection. While it has none, because that was lost, it dials again, later and later.
 * A connection whose seat has moved elsewhere stays here, {@link #lingering}, until what is in flight on it has ended.
 */
final class Pod {

    /** A seat, and the connection on it if there is one. */
    static final class Seat {
        volatile @Nullable PodConnection connection;
        /** The next attempt to connect, while there is no connection. */
        Scheduler.@Nullable Cancellable redial;
        /** Whether it is being retired, or moved; then it is no longer up for anything else. */
        boolean going;
        /**
         * What to call once its connection is closed and it is free, if it is being retired; until that is taken back.
         */
        @Nullable
        Consumer<RetireOutcome> retiring;
        /** What to do once its connection is closed, if a replacement elsewhere has taken its place already. */
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

    private volatile Endpoint endpoint;
    final List<Seat> seats = new CopyOnWriteArrayList<>();
    final List<PodConnection> lingering = new CopyOnWriteArrayList<>();
    boolean routed;
    /** When it was last taken off the routes; meaningless while routed or never routed. */
    long unroutedAt;

    /** Whether it is being drained because it leaves. */
    boolean leaving;
    /** When the first connection here was opened. */
    long inUseSince;

    boolean used;
    /** Connections that could not be opened, or were lost soon after, in a row. */
    int failures;
    /** Whether health is to hear of answers, since something failed here lately. */
    boolean suspect;
    /** Connections being established; also read by the status. */
    final AtomicInteger dialling = new AtomicInteger();
    /** Moves to here whose new connection is open and whose old one is not closed yet: it may be used already. */
    int arriving;

    Pod(Endpoint endpoint) {
        this.endpoint = endpoint;
    }

    Endpoint endpoint() {
        return endpoint;
    }

    void describe(Endpoint newer) {
        endpoint = newer;
    }

    /** Its weight as the source has it now; for any thread. */
    double weight() {
        return endpoint.weight();
    }

    EndpointKey key() {
        return endpoint.key();
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

    /** A seat that is not being retired, and has no connection. */
    @Nullable
    Seat empty() {
        for (Seat seat : seats) {
            if (seat.connection == null && !seat.going) {
                return seat;
            }
        }
        return null;
    }

    /** The seat to retire: one that is empty, else the oldest connection, or the one with the least in flight. */
    @Nullable
    Seat toGiveUp(boolean byAge) {
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
        return one.streams() != other.streams() ? one.streams() < other.streams() : one.inFlight() < other.inFlight();
    }

    Load load() {
        int open = 0;
        int inUse = 0;
        int draining = lingering.size();
        for (PodConnection connection : lingering) {
            open++;
            inUse += connection.inFlight() > 0 ? 1 : 0;
        }
        for (Seat seat : seats) {
            PodConnection connection = seat.connection;
            if (connection != null) {
                open++;
                inUse += connection.inFlight() > 0 ? 1 : 0;
                draining += connection.state() == ConnectionState.DRAINING ? 1 : 0;
            }
        }
        return new Load(open, dialling.get(), inUse, draining);
    }
}
