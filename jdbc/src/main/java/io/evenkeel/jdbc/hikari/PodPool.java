package io.evenkeel.jdbc.hikari;

import java.sql.Connection;
import java.sql.SQLException;

/**
 * The pool of connections to one Pod, beneath the seats. Thread-safe. The only class that knows which pool it is, is
 * its implementation.
 */
interface PodPool {

    /**
     * A validated connection, for at most about {@code timeoutMillis}: one validation that is under way when the time
     * is over is still waited for. The caller holds a seat.
     */
    Connection borrow(long timeoutMillis) throws SQLException;

    /**
     * Closes a connection that came from {@link #borrow}, whether it was given back already or not. One that was given
     * back and went to another caller is closed when it is returned.
     */
    void evict(Connection borrowed);

    /** Sets how many connections there may be and how many are to be kept ready; closes nothing. */
    void resize(int maximum, int minimumIdle);

    /** Asks for one connection more if {@link #resize} allows it, without waiting for it. */
    void nudge();

    /** Closes what is idle now, and what is in use when it is returned. */
    void evictAll();

    /** As {@link #evictAll}, and replaces them as they are needed. */
    void softEvict();

    /** Established connections, idle or in use. */
    int total();

    /** Connections in use. */
    int active();

    /** Ends the pool, aborting what is still in use; blocks until its threads have ended. Safe to call again. */
    void close();
}
