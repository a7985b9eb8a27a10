package io.evenkeel.spi;

import io.evenkeel.endpoint.EndpointKey;
import java.time.Duration;

/**
 * What an adapter tells core about its connections. Every method may be called from any thread, never blocks and never
 * throws.
 */
public interface EndpointSignals {

    /**
     * A connection was established, for whatever reason: to fill a seat, to replace a lost one, or for a probe. Exactly one
     * {@link #closed} follows.
     */
    void opened(EndpointKey endpoint, Duration took);

    /** A connection that was {@link #opened} is closed, for whatever reason. */
    void closed(EndpointKey endpoint);

    /** Connecting, validating or talking failed at the level of the connection; never for an error in the user's request. */
    void failed(EndpointKey endpoint, Throwable cause);

    /**
     * Work at the endpoint went well. Need not be told while the endpoint has not failed lately: an adapter on a hot path
     * reports the 50 successes after a failure (as many as the failure rate looks back on) and then none.
     */
    void succeeded(EndpointKey endpoint);

    /** One more seat is wanted. Only in a pool of {@link PoolSize#held} seats, as the three below. */
    default void wanted() {}

    /** Somebody who wanted a seat does so no longer: one less. Told before the {@code open} that it came to is completed. */
    default void unwanted() {}

    /**
     * The connection of a held seat is gone and its user wants another: the seat is free, and filled again, elsewhere first.
     */
    default void lost(EndpointKey endpoint) {}

    /** A held seat is given back by its user: it is free, and the pool is smaller by one. */
    default void released(EndpointKey endpoint) {}
}
