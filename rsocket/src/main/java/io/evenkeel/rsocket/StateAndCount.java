package io.evenkeel.rsocket;

import java.util.concurrent.atomic.AtomicLong;

/**
 * A connection's state and how much is in flight on it, in one word, so that both change together:
 *
 * <pre>
 *   63             33 32         2 1   0
 *   | open-ended     | awaited    | state |
 * </pre>
 *
 * <p>{@link #AWAITED} is what the server is expected to answer before long, {@link #OPEN_ENDED} what may go on for as
 * long as it likes: streams, and what the server began.
 *
 * <p>Invariants:
 * <ul>
 *   <li>A request that {@link #enter}ed an OPEN connection is in flight until it {@link #exit}s, exactly once.
 *   <li>{@link #finish} closes a draining connection only at the moment when nothing is in flight; a request that chose
 *       the connection a moment before either was counted, and then it waits, or is refused, and then it chooses
 *       another. There is no moment in between in which a request is on its way and not counted.
 *   <li>A refused {@link #enter} shows as in flight for a moment. It may make {@link #finish} fail, and therefore the
 *       thread that takes it back tries again: see {@link #exit}.
 * </ul>
 *
 * <p>The entering side is on every request's path: one atomic addition, no loop, for any number of threads.
 */
final class StateAndCount {

    private static final int STATE_BITS = 2;
    private static final int COUNT_BITS = 31;

    /** One request that is to be answered before long. */
    static final long AWAITED = 1L << STATE_BITS;
    /** One that may take any time. */
    static final long OPEN_ENDED = AWAITED << COUNT_BITS;

    private static final long STATE_MASK = AWAITED - 1;
    private static final long COUNT_MASK = (1L << COUNT_BITS) - 1;

    private final AtomicLong word = new AtomicLong(ConnectionState.CONNECTING.ordinal());

    ConnectionState state() {
        return stateIn(word.get());
    }

    boolean isOpen() {
        return isOpen(word.get());
    }

    /** Both counts and the state at one moment, for the functions below. */
    long get() {
        return word.get();
    }

    int inFlight() {
        return inFlight(word.get());
    }

    static int inFlight(long value) {
        return (int) (awaited(value) + (value >>> (STATE_BITS + COUNT_BITS)));
    }

    /** How many are to be answered before long. */
    static long awaited(long value) {
        return (value >> STATE_BITS) & COUNT_MASK;
    }

    static boolean isOpen(long value) {
        return (value & STATE_MASK) == ConnectionState.OPEN.ordinal();
    }

    private static ConnectionState stateIn(long value) {
        return ConnectionState.of((int) (value & STATE_MASK));
    }

    /**
     * Counts a request in. If the connection was not {@link #isOpen(long) open}, it is refused, and the caller must
     * {@link #exit}; what the peer began may enter a draining connection, too.
     *
     * @param kind {@link #AWAITED} or {@link #OPEN_ENDED}
     * @return what was there before
     */
    long enter(long kind) {
        return word.getAndAdd(kind);
    }

    /**
     * Counts one of this kind out.
     *
     * @return whether it was the last one of a draining connection, so that {@link #finish} is worth trying
     */
    boolean exit(long kind) {
        return word.addAndGet(-kind) == ConnectionState.DRAINING.ordinal();
    }

    /** CONNECTING to OPEN. */
    boolean open() {
        return change(ConnectionState.CONNECTING, ConnectionState.OPEN);
    }

    /** OPEN to DRAINING. */
    boolean drain() {
        return change(ConnectionState.OPEN, ConnectionState.DRAINING);
    }

    /** DRAINING back to OPEN. */
    boolean keep() {
        return change(ConnectionState.DRAINING, ConnectionState.OPEN);
    }

    /** DRAINING with nothing in flight to CLOSED. */
    boolean finish() {
        return word.compareAndSet(ConnectionState.DRAINING.ordinal(), ConnectionState.CLOSED.ordinal());
    }

    /**
     * Any state but CLOSED to CLOSED, with anything in flight.
     *
     * @return the state it was in; CLOSED if another thread closed it
     */
    ConnectionState close() {
        while (true) {
            long now = word.get();
            ConnectionState state = stateIn(now);
            if (state == ConnectionState.CLOSED
                    || word.compareAndSet(now, now - state.ordinal() + ConnectionState.CLOSED.ordinal())) {
                return state;
            }
        }
    }

    private boolean change(ConnectionState expected, ConnectionState next) {
        if (!expected.mayBecome(next)) {
            throw new IllegalStateException(
                    "state: " + expected + " to " + next + " (expected: a declared transition)");
        }
        while (true) {
            long now = word.get();
            if (stateIn(now) != expected) {
                return false;
            }
            if (word.compareAndSet(now, now - expected.ordinal() + next.ordinal())) {
                return true;
            }
        }
    }

    @Override
    public String toString() {
        long now = word.get();
        return stateIn(now) + ", " + inFlight(now) + " in flight";
    }
}
