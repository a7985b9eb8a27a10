package io.evenkeel.jdbc.pool;

import io.evenkeel.jdbc.handle.Fault;
import io.evenkeel.jdbc.handle.FaultClassifier;

/** Takes back what callers return: clean, unclear or broken. Thread-safe; the common case is one compare-and-set. */
final class Returns {
    private final String name;
    private final SeatExchange exchange;
    private final CoarseClock clock;
    private final ConnectionCloser closer;
    private final Upkeep upkeep;
    private final FaultClassifier classifier;

    Returns(
            String name,
            SeatExchange exchange,
            CoarseClock clock,
            ConnectionCloser closer,
            Upkeep upkeep,
            FaultClassifier classifier) {
        this.name = name;
        this.exchange = exchange;
        this.clock = clock;
        this.closer = closer;
        this.upkeep = upkeep;
        this.classifier = classifier;
    }

    /** The pool's. */
    String name() {
        return name;
    }

    /** The seat's connection is as it is to be for the next caller. */
    void release(Seat seat) {
        if (seat.pod.owesSuccesses()) {
            seat.pod.succeeded();
        }
        seat.usedAt = clock.stamp();
        exchange.putBack(seat);
    }

    /** As {@link #release}, of a connection that is to be asked before it is handed out again. */
    void releaseUnclear(Seat seat) {
        seat.usedAt = Seat.SUSPECT;
        exchange.putBack(seat);
    }

    /** The seat's connection is not to be used again. */
    void releaseBroken(Seat seat) {
        while (seat.isBusy()) {
            if (seat.closeTaken() || seat.retireMarked()) {
                closer.discard(seat);
                return;
            }
        }
    }

    /** A connection to this Pod broke: it is reported, and the idle ones are looked at before they are handed out. */
    void broke(Seat seat, Throwable failure) {
        seat.pod.failed(failure);
        suspect(seat.pod);
    }

    /** Has the idle connections of this Pod looked at before they are handed out, and tested now. */
    void suspect(Pod pod) {
        pod.suspectAll();
        upkeep.sweep(pod);
    }

    /** What a failure means, {@code exceptionOverride} included. */
    Fault classify(Throwable failure) {
        return classifier.classify(failure);
    }
}
