package io.evenkeel.spi;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.status.FailureCause;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The connections of one pool, as the rebalancer sees them; an adapter implements it over its per-endpoint pools.
 *
 * <p>Every verb is called on the control thread only and returns at once. Outcomes are delivered exactly once each,
 * from any thread, also after {@link #leave}. The rebalancer counts: an adapter never opens a connection that it was
 * not asked to open, except to replace one that was lost at the same endpoint while its seat stays there.
 *
 * <p>A verb that throws anything counts as the failure of that one step: an open has failed, a retire has kept its
 * seat, a move has failed, and the same is tried again later with a back-off. The same holds for one that does not
 * complete: an open within 60 s, a probe within 15 s, a move within its deadline and 30 s, and a retire 30 s after the
 * deadline of the move or drain that it belongs to unless {@link Load#draining} still counts its connection. An outcome
 * that comes later is booked when it comes. Adapters bound their own steps below these times.
 *
 * <p>A <em>seat</em> is the right to one connection at one endpoint. An adapter whose pools grow on demand may hold a
 * seat without a connection; it then completes {@link #open} at once.
 */
public interface EndpointConnections {

    /**
     * Makes an endpoint known; opens nothing. Called before any other verb for its key, and again (with the same key)
     * if the endpoint's description changes.
     */
    void join(Endpoint endpoint);

    /**
     * Adds one seat at the endpoint and, unless the pool grows on demand, connects and validates it before completing.
     * On a failure the seat is not added.
     */
    void open(EndpointKey endpoint, Consumer<OpenOutcome> done);

    /**
     * Retires one seat: closes an idle connection now, or else marks one that is not marked yet, so that it is closed
     * when it is returned. Completes when the seat is free again. Never closes a connection in use. Several may be
     * pending at one endpoint: one whose connection is not returned within a move's deadline stays marked, and others
     * are retired in its place.
     */
    void retire(EndpointKey endpoint, RetireReason reason, Consumer<RetireOutcome> done);

    /**
     * Takes back a {@link #retire} that has not completed, so that its connection stays; that retire then completes as
     * {@link RetireOutcome.Kept}. Does nothing if it is too late.
     */
    void keep(EndpointKey endpoint);

    /**
     * Moves one connection as a whole. Only called where {@link SeatPolicy#movement()} is {@code WHOLE}.
     *
     * @param reason {@code DRAIN}: {@code from} leaves, so the adapter tries hard, and several moves are asked for at
     *     once; {@code REBALANCE} and {@code AGE}: there is no hurry
     * @param deadline by when it is to complete, in any way
     */
    default void move(
            EndpointKey from, EndpointKey to, RetireReason reason, Duration deadline, Consumer<MoveOutcome> done) {
        throw new UnsupportedOperationException("move (expected: only called where a connection moves as a whole)");
    }

    /**
     * Sets which endpoints may get new work; all others keep what they have until it is returned. Takes effect before
     * it returns.
     */
    void route(Set<EndpointKey> routable);

    /** Tests one endpoint that is left out, without giving it work. */
    void probe(EndpointKey endpoint, Consumer<OpenOutcome> done);

    /**
     * The endpoint's last seat is gone: frees what is held for it, and closes what an open that is still under way
     * opens. It may join again.
     */
    void leave(EndpointKey endpoint);

    /** Counts at this moment, for the status; may be called from any thread. */
    Load load(EndpointKey endpoint);

    /** The callers of the pool at this moment, for the status; may be called from any thread. */
    default Usage usage() {
        return Usage.NONE;
    }

    /**
     * Sorts a failure of this adapter's connections, for the status, messages and advice; may be called from any
     * thread. The default knows Java's own network and TLS exceptions.
     *
     * @return one of the kinds of an endpoint's failure
     */
    default FailureCause causeOf(Throwable failure) {
        return FailureCause.of(failure);
    }

    /**
     * Why a seat is retired.
     *
     * <p>{@code REBALANCE}: another endpoint has too few. {@code DRAIN}: the endpoint leaves. {@code AGE}: the
     * connection is old; the oldest idle one goes, and a seat
     * without a connection is not retired for its age ({@link RetireOutcome.Kept}). {@code RESIZE}: the pool shrinks.
     */
    enum RetireReason {
        REBALANCE,
        DRAIN,
        AGE,
        RESIZE
    }

    /** How an open ended. */
    sealed interface OpenOutcome {
        record Opened() implements OpenOutcome {}

        /** The endpoint could not be reached or does not work. */
        record Failed(Throwable cause) implements OpenOutcome {
            public Failed {
                Objects.requireNonNull(cause, "cause");
            }
        }

        /**
         * There is no connection, for a reason that says nothing against the endpoint (see {@link EndpointSignals}):
         * the seat is not added and is tried again later. Of a probe it means that the endpoint answers.
         */
        record Refused(Throwable cause) implements OpenOutcome {
            public Refused {
                Objects.requireNonNull(cause, "cause");
            }
        }

        /** The seat is not wanted any more; it says nothing about the endpoint. */
        record Withdrawn() implements OpenOutcome {}
    }

    /** How a retire ended. */
    sealed interface RetireOutcome {
        /** The seat is free. */
        record Retired() implements RetireOutcome {}

        /** It was taken back by {@link #keep}, or nothing was there to retire; the seat is unchanged. */
        record Kept() implements RetireOutcome {}
    }

    /** How a whole move ended. */
    sealed interface MoveOutcome {
        record Moved() implements MoveOutcome {}

        /** It cannot be moved now; nothing changed. */
        record Postponed(String reason, Duration retryAfter) implements MoveOutcome {}

        /** The new endpoint could not be used; nothing changed. */
        record Failed(Throwable cause) implements MoveOutcome {}
    }

    /**
     * The callers of a pool.
     *
     * @param waiting callers that wait for a connection now
     * @param acquired how often a caller got one so far, or how many requests were sent where a connection carries many
     * @param timedOut how often a caller waited in vain so far
     * @param stickingStreams streams that go on where no new ones go: at a Pod that leaves or has left, or on a
     *     connection that is being replaced
     */
    record Usage(int waiting, long acquired, long timedOut, int stickingStreams) {
        public static final Usage NONE = new Usage(0, 0, 0);

        /** Of an adapter without streams. */
        public Usage(int waiting, long acquired, long timedOut) {
            this(waiting, acquired, timedOut, 0);
        }
    }

    /**
     * Connections at one endpoint.
     *
     * @param open established, in use or idle
     * @param connecting being established
     * @param inUse in use
     * @param draining in use and to be closed on return
     */
    record Load(int open, int connecting, int inUse, int draining) {
        public static final Load NONE = new Load(0, 0, 0, 0);

        public int idle() {
            return Math.max(0, open - inUse);
        }
    }
}
