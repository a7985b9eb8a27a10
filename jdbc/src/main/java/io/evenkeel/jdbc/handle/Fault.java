package io.evenkeel.jdbc.handle;

/**
 * What a failure means for the connection that it happened on and for the endpoint's health. Ordered from the least
 * to the most severe, so of two failures on one connection the greater counts.
 */
public enum Fault {
    /** An error in the request. The server answered, so the connection works. */
    NONE(false, false, false, false),

    /**
     * The server answered, and will not have this client: authentication, an unknown database, no free connection.
     * Every endpoint would answer much the same, or another client's connections are the reason.
     */
    REFUSED(false, false, false, false),

    /** Nothing is known. Whether the connection works must be found out before it is handed out again. */
    UNCLEAR(false, true, false, true),

    /** The server has become read-only: other connections may write, this one may not. The endpoint works. */
    READ_ONLY(true, false, false, false),

    /** The server is starting or recovering. It will accept connections soon, so it is tried again soon. */
    STARTING(true, false, false, false),

    /** The session is over for a reason of its own, such as an idle time-out or {@code KILL}. The endpoint works. */
    SESSION_LOST(true, false, false, false),

    /** The connection is lost or could not be made, and the endpoint or the way to it may be the reason. */
    CONNECTION_LOST(true, false, true, true);

    private final boolean evicts;
    private final boolean validates;
    private final boolean countsInUse;
    private final boolean countsAtConnect;

    Fault(boolean evicts, boolean validates, boolean countsInUse, boolean countsAtConnect) {
        this.evicts = evicts;
        this.validates = validates;
        this.countsInUse = countsInUse;
        this.countsAtConnect = countsAtConnect;
    }

    /** Whether the connection is closed instead of being handed out again. */
    public boolean evicts() {
        return evicts;
    }

    /** Whether the connection is validated before it is handed out again. */
    public boolean validates() {
        return validates;
    }

    /** Whether the endpoint's health counts it as a failure when it happens on an established connection. */
    public boolean countsInUse() {
        return countsInUse;
    }

    /**
     * Whether the endpoint's health counts it as a failure when it ends an attempt to connect, the client's own
     * set-up such as {@code connectionInitSql} included.
     */
    public boolean countsAtConnect() {
        return countsAtConnect;
    }
}
