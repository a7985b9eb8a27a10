package io.evenkeel.jdbc.hikari;

import io.evenkeel.jdbc.pool.CacheLinePadding;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The state of a seat: one word, changed by compare-and-set only, on a cache line of its own.
 *
 * <pre>
 *            connected          acquire               mark               returned
 *   EMPTY ─────────────► FREE ◄─────────► TAKEN ◄──────────────► MARKED ──────────► CLOSING ──► GONE
 *     ▲ │   DIALLING      │    release     │         keep                              ▲
 *     │ └───────►─────────┤                └──► EMPTY (its connection is lost)         │
 *     └───────────────────┴────────────────────────────────────────────────────────────┘ retire
 * </pre>
 */
abstract class SeatState extends CacheLinePadding {
    /** Has no connection. */
    static final int EMPTY = 0;

    /** Has a connection that is not in use. */
    static final int FREE = 1;

    /** With a caller, who uses its connection or is about to borrow it. */
    static final int TAKEN = 2;

    /** Its connection is being established for callers who wait. */
    static final int DIALLING = 3;

    /** As TAKEN, and to be retired when it is returned. */
    static final int MARKED = 4;

    /** Retired; its connection is being closed. */
    static final int CLOSING = 5;

    /** No longer a seat. */
    static final int GONE = 6;

    private static final String[] NAMES = {"EMPTY", "FREE", "TAKEN", "DIALLING", "MARKED", "CLOSING", "GONE"};

    /** For each state, the set of states that may follow, as bits. */
    private static final int[] NEXT = {
        bits(FREE, DIALLING, CLOSING), // EMPTY
        bits(TAKEN, EMPTY, CLOSING), // FREE
        bits(FREE, MARKED, EMPTY), // TAKEN
        bits(FREE, EMPTY), // DIALLING
        bits(TAKEN, CLOSING), // MARKED
        bits(GONE), // CLOSING
        0 // GONE
    };

    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(SeatState.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private volatile int state;

    SeatState(int state) {
        STATE.setRelease(this, state);
    }

    private static int bits(int... states) {
        int bits = 0;
        for (int state : states) {
            bits |= 1 << state;
        }
        return bits;
    }

    static boolean isLegal(int from, int to) {
        return (NEXT[from] & 1 << to) != 0;
    }

    /** A full fence on both sides, which the acquirer's invariants rest on. */
    private boolean change(int from, int to) {
        assert isLegal(from, to) : NAMES[from] + " to " + NAMES[to] + " (expected: a change that the table allows)";
        return STATE.compareAndSet(this, from, to);
    }

    final int state() {
        return state;
    }

    final boolean take() {
        return state == FREE && change(FREE, TAKEN);
    }

    final boolean free() {
        return change(TAKEN, FREE);
    }

    final boolean mark() {
        return change(TAKEN, MARKED);
    }

    final boolean unmark() {
        return change(MARKED, TAKEN);
    }

    final boolean startDialling() {
        return state == EMPTY && change(EMPTY, DIALLING);
    }

    final boolean dialled() {
        return change(DIALLING, FREE);
    }

    final boolean dialFailed() {
        return change(DIALLING, EMPTY);
    }

    /** A connection was established for it, by the pool beneath. */
    final boolean fill() {
        return state == EMPTY && change(EMPTY, FREE);
    }

    /** Its connection was lost while it was not in use. */
    final boolean drop() {
        return state == FREE && change(FREE, EMPTY);
    }

    /** Its connection was lost with the caller who holds it. */
    final boolean giveUp() {
        return change(TAKEN, EMPTY);
    }

    final boolean closeEmpty() {
        return state == EMPTY && change(EMPTY, CLOSING);
    }

    final boolean closeFree() {
        return state == FREE && change(FREE, CLOSING);
    }

    final boolean closeMarked() {
        return change(MARKED, CLOSING);
    }

    final boolean gone() {
        return change(CLOSING, GONE);
    }

    /** In use, or as good as. */
    final boolean isBusy() {
        int now = state;
        return now == TAKEN || now == MARKED;
    }

    /** Counts for a connection that is there or about to be. */
    final boolean isWarm() {
        int now = state;
        return now != EMPTY && now != CLOSING && now != GONE;
    }

    @Override
    public final String toString() {
        return NAMES[state];
    }
}
