package io.evenkeel.rsocket;

/**
 * The life of one connection to a Pod.
 *
 * <pre>
 *   CONNECTING --opened--&gt; OPEN --drain--&gt; DRAINING --last request ended, cut--&gt; CLOSED
 *       |                   |  ^               |  |                                ^
 *       |                   |  +----- keep ----+  +------------- lost -------------+
 *       |                   +------------------ lost, disposed --------------------+
 *       +------------------- failed, abandoned ------------------------------------+
 * </pre>
 */
enum ConnectionState {
    /** Being established: no request may use it. */
    CONNECTING,
    /** Takes requests. */
    OPEN,
    /** Takes no more requests; those in flight go on. */
    DRAINING,
    /** Gone. */
    CLOSED;

    private static final ConnectionState[] ALL = values();

    static ConnectionState of(int ordinal) {
        return ALL[ordinal];
    }

    boolean mayBecome(ConnectionState next) {
        return switch (this) {
            case CONNECTING -> next == OPEN || next == CLOSED;
            case OPEN -> next == DRAINING || next == CLOSED;
            case DRAINING -> next == OPEN || next == CLOSED;
            case CLOSED -> false;
        };
    }
}
