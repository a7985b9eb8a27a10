package io.evenkeel.jdbc.pool;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The state of a seat: one word, changed by compare-and-set only, on a cache line of its own. A thread that moved the
 * word out of a state owns the seat's connection until it moves it on.
 *
 * <pre>
 *           dial            connected          acquire            mark
 *   EMPTY ───────► DIALLING ─────────► FREE ◄──────────► TAKEN ◄────────► MARKED
 *     ▲ ▲             │                │ ▲ │   release     │      keep      │
 *     │ └─────────────┘ failed   check │ │ │               │ broken         │ returned
 *     │                                ▼ │ │ idle too long ▼                ▼
 *     │                            CHECKING├──────────► CLOSING         RETIRING ────► GONE
 *     └────────────────────────────────────────────────────┘ closed     (also from EMPTY, FREE)
 * </pre>
 */
abstract class SeatWord extends CacheLinePadding {
    /** Has no connection. */
    static final int EMPTY = 0;

    /** A connection is being established and set up for it. */
    static final int DIALLING = 1;

    /** Its connection waits for a caller. */
    static final int FREE = 2;

    /** With a caller. */
    static final int TAKEN = 3;

    /** As TAKEN, and retired when it is returned. */
    static final int MARKED = 4;

    /** The pool itself tests its connection. */
    static final int CHECKING = 5;

    /** Its connection is being closed; the seat stays. */
    static final int CLOSING = 6;

    /** Retired; its connection is being closed. */
    static final int RETIRING = 7;

    /** No longer a seat. */
    static final int GONE = 8;

    private static final String[] NAMES = {
        "EMPTY", "DIALLING", "FREE", "TAKEN", "MARKED", "CHECKING", "CLOSING", "RETIRING", "GONE"
    };

    /** For each state, the set of states that may follow, as bits. */
    private static final int[] NEXT = {
        bits(DIALLING, RETIRING), // EMPTY
        bits(FREE, EMPTY), // DIALLING
        bits(TAKEN, CHECKING, CLOSING, RETIRING), // FREE
        bits(FREE, MARKED, CLOSING, RETIRING), // TAKEN
        bits(TAKEN, RETIRING), // MARKED
        bits(FREE, CLOSING), // CHECKING
        bits(EMPTY), // CLOSING
        bits(GONE), // RETIRING
        0 // GONE
    };

    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(SeatWord.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private volatile int state;

    SeatWord(int state) {
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

    /** A full fence on both sides, which the hand-over to waiters rests on. */
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

    final boolean startDialling() {
        return state == EMPTY && change(EMPTY, DIALLING);
    }

    final boolean dialled() {
        return change(DIALLING, FREE);
    }

    final boolean dialFailed() {
        return change(DIALLING, EMPTY);
    }

    final boolean startChecking() {
        return state == FREE && change(FREE, CHECKING);
    }

    final boolean checked() {
        return change(CHECKING, FREE);
    }

    final boolean closeChecked() {
        return change(CHECKING, CLOSING);
    }

    final boolean closeFree() {
        return state == FREE && change(FREE, CLOSING);
    }

    final boolean closeTaken() {
        return change(TAKEN, CLOSING);
    }

    final boolean closed() {
        return change(CLOSING, EMPTY);
    }

    final boolean mark() {
        return state == TAKEN && change(TAKEN, MARKED);
    }

    final boolean keep() {
        return state == MARKED && change(MARKED, TAKEN);
    }

    final boolean retireEmpty() {
        return state == EMPTY && change(EMPTY, RETIRING);
    }

    final boolean retireFree() {
        return state == FREE && change(FREE, RETIRING);
    }

    final boolean retireMarked() {
        return change(MARKED, RETIRING);
    }

    /** Takes it from its caller, when the pool is closed and does not wait any longer. */
    final boolean retireTaken() {
        return change(TAKEN, RETIRING);
    }

    final boolean gone() {
        return change(RETIRING, GONE);
    }

    final boolean isFree() {
        return state == FREE;
    }

    /** With a caller. */
    final boolean isBusy() {
        int now = state;
        return now == TAKEN || now == MARKED;
    }

    /** Counts as a connection at the server, or will. */
    final boolean isConnected() {
        int now = state;
        return now >= FREE && now <= RETIRING;
    }

    @Override
    public final String toString() {
        return NAMES[state];
    }
}
