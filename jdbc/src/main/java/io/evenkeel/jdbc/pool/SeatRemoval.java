package io.evenkeel.jdbc.pool;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.EndpointConnections.RetireOutcome;
import io.evenkeel.spi.EndpointConnections.RetireReason;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Takes seats away, as core asks for it: empty ones and idle ones at once, those in use when they are returned. For
 * the control thread alone, which is the only one that marks and keeps, so a seat has one retirement at a time.
 */
final class SeatRemoval {
    private final PodRegistry registry;
    private final ConnectionCloser closer;

    SeatRemoval(PodRegistry registry, ConnectionCloser closer) {
        this.registry = registry;
        this.closer = closer;
    }

    /** See {@link ConnectionPool#retire}. */
    void retire(EndpointKey endpoint, RetireReason reason, Consumer<RetireOutcome> done) {
        Pod pod = registry.get(endpoint);
        boolean found = pod != null
                && (reason == RetireReason.AGE
                        ? retireOldest(pod, done)
                        : retireEmpty(pod, done) || retireIdle(pod, done) || mark(pod, done));
        if (!found) {
            done.accept(new RetireOutcome.Kept());
        }
    }

    private boolean retireEmpty(Pod pod, Consumer<RetireOutcome> done) {
        for (Seat seat : pod.seats()) {
            if (seat.retireEmpty()) {
                seat.retirement = done;
                closer.discarded(seat, false);
                return true;
            }
        }
        return false;
    }

    private boolean retireIdle(Pod pod, Consumer<RetireOutcome> done) {
        Seat[] seats = pod.seats();
        // From the end: in an elastic pool those at the front are used most.
        for (int i = seats.length - 1; i >= 0; i--) {
            if (seats[i].retireFree()) {
                seats[i].retirement = done;
                closer.discard(seats[i]);
                return true;
            }
        }
        return false;
    }

    private boolean mark(Pod pod, Consumer<RetireOutcome> done) {
        for (Seat seat : pod.seats()) {
            if (mark(seat, done)) {
                return true;
            }
        }
        return false;
    }

    private static boolean mark(Seat seat, Consumer<RetireOutcome> done) {
        if (seat.state() != SeatWord.TAKEN) {
            return false;
        }
        // Before the mark: its caller may return it in the next moment.
        seat.retirement = done;
        if (seat.mark()) {
            return true;
        }
        seat.retirement = null;
        return false;
    }

    /** The connection that was opened first: closed now if it is idle, else marked. A seat without one has no age. */
    private boolean retireOldest(Pod pod, Consumer<RetireOutcome> done) {
        for (int attempt = 0; attempt < 8; attempt++) {
            Seat oldest = oldest(pod);
            if (oldest == null) {
                return false;
            }
            if (oldest.retireFree()) {
                oldest.retirement = done;
                closer.discard(oldest);
                return true;
            }
            if (mark(oldest, done)) {
                return true;
            }
        }
        return retireIdle(pod, done) || mark(pod, done);
    }

    private static @Nullable Seat oldest(Pod pod) {
        Seat oldest = null;
        long since = 0;
        for (Seat seat : pod.seats()) {
            int state = seat.state();
            Session session = seat.session;
            boolean may = state == SeatWord.FREE || state == SeatWord.TAKEN;
            if (may && session != null && (oldest == null || session.openedAt - since < 0)) {
                oldest = seat;
                since = session.openedAt;
            }
        }
        return oldest;
    }

    /** See {@link ConnectionPool#keep}. */
    void keep(EndpointKey endpoint) {
        Pod pod = registry.get(endpoint);
        for (Seat seat : pod == null ? new Seat[0] : pod.seats()) {
            Consumer<RetireOutcome> done = seat.retirement;
            if (seat.keep()) {
                seat.retirement = null;
                if (done != null) {
                    done.accept(new RetireOutcome.Kept());
                }
                return;
            }
        }
    }
}
