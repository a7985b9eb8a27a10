package io.evenkeel.spi;

import io.evenkeel.endpoint.EndpointKey;
import java.time.Duration;

/**
 * What an adapter reports about its connections. Every method may be called from any thread, never blocks and never
 * throws. The order in which signals of different connections arrive does not matter, nor that of {@link #opened} and
 * {@link #closed} of one.
 *
 * <p>Two kinds of failure are told apart, because only one of them says something about the endpoint:
 *
 * <ul>
 *   <li>{@link #failed}: connect, TLS transport, I/O, validation, silence. It counts against the endpoint's health.
 *   <li>{@link #refused}: refused authentication, an unknown database, a connection limit, an idle time-out, a cancel
 *       or an abort by the client, a failure of the client's own set-up. It is shown as the last error and ejects
 *       nothing.
 * </ul>
 */
public interface EndpointSignals {

    /**
     * A connection was established, for any reason: to fill a seat, to replace a lost one, or for a probe. Exactly one
     * {@link #closed} follows.
     */
    void opened(EndpointKey endpoint, Duration took);

    /** A connection that was {@link #opened} is closed, for any reason. */
    void closed(EndpointKey endpoint);

    /**
     * Connecting, validating or talking failed at the level of the connection; never for an error in the user's
     * request.
     */
    void failed(EndpointKey endpoint, Throwable cause);

    /**
     * There is no connection, for a reason that says nothing about the endpoint's health; see the type's description.
     * It is the endpoint's last error from now on.
     */
    default void refused(EndpointKey endpoint, Throwable cause) {}

    /**
     * Work at the endpoint went well. An adapter reports as many successes as {@link #successesWanted} says and may
     * omit the others, which change nothing.
     */
    void succeeded(EndpointKey endpoint);

    /**
     * How many more successes at the endpoint health looks at; 0 unless the endpoint failed lately. One read of a map
     * and one of a field. An adapter whose hot path can't afford that asks after each {@link #failed}, and reports as
     * many successes as it was answered.
     */
    default int successesWanted(EndpointKey endpoint) {
        return 0;
    }

    /**
     * An established connection to the endpoint works: it answered a validation, a keep-alive or a request, or it was
     * just opened and accepted by the endpoint. For an endpoint that is ejected this is the evidence that readmits it,
     * as a successful probe would.
     */
    default void alive(EndpointKey endpoint) {}

    /** One more seat is wanted. Only in a pool of {@link SeatPolicy#held} seats, as the three below. */
    default void wanted() {}

    /** One seat fewer is wanted. Reported before the {@code open} that it came to is completed. */
    default void unwanted() {}

    /**
     * The connection of a held seat is lost and the application needs another: the seat is free, and filled again,
     * elsewhere first.
     */
    default void lost(EndpointKey endpoint) {}

    /** The application gave a held seat back: it is free, and the pool is smaller by one. */
    default void released(EndpointKey endpoint) {}
}
