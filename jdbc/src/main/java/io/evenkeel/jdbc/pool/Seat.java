package io.evenkeel.jdbc.pool;

import io.evenkeel.spi.EndpointConnections.RetireOutcome;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The right to one connection at one Pod, and that connection. What is here lies beside the word, with padding on both
 * sides: a thread that moves the word uses most of it.
 */
abstract sealed class Seat extends SeatWord permits Seat.Padded {
    /** In place of a stamp: at any time, the connection is looked at before it is handed out. */
    static final long SUSPECT = Long.MIN_VALUE / 2;

    final Pod pod;

    /** Owned by the thread that owns the seat's word; the word's compare-and-sets publish it. */
    @Nullable
    Session session;

    /**
     * The coarse time of the latest release. Written by the owner, and to {@link #SUSPECT} by any thread: a hint
     * only.
     */
    long usedAt;

    /** How often it was handed out; written by the owner of the word. */
    long uses;

    /**
     * Who is notified when a marked seat is retired or kept; belongs to the thread whose compare-and-set ends the
     * mark.
     */
    @Nullable
    volatile Consumer<RetireOutcome> retirement;

    /** For the housekeeper alone: the stamp that it saw last, and when it saw it first. */
    long seenUsedAt = SUSPECT;

    long idleSince;

    private Seat(Pod pod, int state) {
        super(state);
        this.pod = pod;
    }

    static Seat empty(Pod pod) {
        return new Padded(pod, EMPTY);
    }

    /** With a connection that is set up. */
    static Seat with(Pod pod, Session session, long stamp) {
        Seat seat = new Padded(pod, DIALLING);
        seat.session = session;
        seat.usedAt = stamp;
        return seat;
    }

    /** The only kind there is. */
    @SuppressWarnings("unused")
    static final class Padded extends Seat {
        private long q0, q1, q2, q3, q4, q5, q6, q7, q8, q9, q10, q11, q12, q13, q14, q15;

        private Padded(Pod pod, int state) {
            super(pod, state);
        }
    }
}
