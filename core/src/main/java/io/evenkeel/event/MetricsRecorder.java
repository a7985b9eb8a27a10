package io.evenkeel.event;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.status.PoolStatus;
import java.time.Duration;
import java.util.function.Supplier;

/**
 * Counts what happens, for a metrics library that the application chose. Every method does nothing by default, may be
 * called from any thread, and must return quickly and never throw. Gauges are read from the pool's status instead, which
 * {@link #poolStarted} hands over.
 */
public interface MetricsRecorder {

    /**
     * A pool has started.
     *
     * @param pool its name; other pools may have the same
     * @param status what it looks like at the moment of each call, from any thread; cheap enough to be asked every second
     */
    default void poolStarted(String pool, Supplier<PoolStatus> status) {}

    /** A pool is closed. Called once for each {@link #poolStarted}, with the same status, which goes on answering. */
    default void poolClosed(String pool, Supplier<PoolStatus> status) {}

    /** A caller waited for a connection: how long, and whether it got one. Not called where nobody had to wait. */
    default void acquireWaited(String pool, Duration waited, boolean acquired) {}

    /** A connection was established. */
    default void connectionOpened(String pool, EndpointKey endpoint, Duration took) {}

    /** A connection could not be established, or broke in use. */
    default void connectionFailed(String pool, EndpointKey endpoint) {}

    /** A seat moved from one endpoint to another. */
    default void connectionMoved(String pool, EndpointKey from, EndpointKey to) {}

    /** An endpoint was ejected. */
    default void endpointEjected(String pool, EndpointKey endpoint) {}

    /** A drain ended, within its deadline or not. */
    default void drained(String pool, EndpointKey endpoint, Duration took, boolean withinDeadline) {}

    /** Records nothing. */
    static MetricsRecorder none() {
        return NoMetrics.INSTANCE;
    }
}
