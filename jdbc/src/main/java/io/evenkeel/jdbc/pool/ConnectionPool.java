package io.evenkeel.jdbc.pool;

import io.evenkeel.spi.EndpointConnections;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The connections of one data source over all of its Pods. The verbs of {@link EndpointConnections} are for the control
 * thread; everything else may be called from any thread.
 */
public interface ConnectionPool extends EndpointConnections {

    /** Why a closed pool of this name gives no connection. */
    static SQLException closed(String pool) {
        return new SQLNonTransientConnectionException(
                "Pool " + pool + ": the pool is closed; ask for connections before close()", "08003");
    }

    /**
     * A connection to one of the Pods.
     *
     * @throws java.sql.SQLTransientConnectionException if there was none in time; its message has the counts per Pod
     * @throws SQLException if the pool is closed, or the thread was interrupted while it waited
     */
    Connection acquire(long timeoutNanos) throws SQLException;

    /** As {@link #acquire}, by the pool itself while it starts: no caller waits, so it counts as no time-out of any. */
    Connection acquireAtStart(long timeoutNanos) throws SQLException;

    /** Other sizes and time limits from now on. Seats come and go by {@code open} and {@code retire} all the same. */
    void configure(HikariSettings newer);

    /** Counts over all Pods at this moment. */
    Counts counts();

    /** Closes idle connections now and those in use when they are returned; all are replaced as they are needed. */
    void evictAll();

    /** The latest failure to connect, or null if the latest attempt at some Pod succeeded. */
    @Nullable
    Throwable lastFailure();

    /** Whether there is a Pod, and the latest attempt to connect failed at every one. */
    boolean isUnreachable();

    /**
     * Ends the pool: callers who wait are refused at once, idle connections are closed now and those in use when they
     * are returned. What is still in use at the deadline is aborted. Blocks; safe to call again.
     *
     * @return whether every connection was returned in time
     */
    boolean close(Duration deadline);

    /**
     * @param idle connections that wait for a caller
     * @param active with a caller
     * @param waiting callers who wait
     */
    record Counts(int idle, int active, int waiting) {
        /** Established connections. */
        public int total() {
            return idle + active;
        }
    }
}
