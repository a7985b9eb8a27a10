package io.evenkeel.amqp;

import io.evenkeel.endpoint.EndpointKey;
import java.time.Duration;

/**
 * Counts what moves do to publishers and consumers, for a metrics library that the application chose. Every method does
 * nothing by default, may be called from any thread, and must return quickly and never throw. What all adapters count
 * is in {@link io.evenkeel.event.MetricsRecorder}.
 */
public interface AmqpMetrics {

    /** A connection moved as a whole; {@code took} is the time from the first dial to the last channel switched. */
    default void moved(String pool, EndpointKey from, EndpointKey to, Duration took) {}

    /** A move that had begun was taken back and everything is where it was. */
    default void rolledBack(String pool, EndpointKey from, EndpointKey to, String reason) {}

    /** A connection could not be moved now, so no move began, and why: it is pinned or blocked, for example. */
    default void postponed(String pool, EndpointKey from, String reason) {}

    /** How long one channel's publishers could not publish during a move. */
    default void publisherPaused(String pool, Duration pause) {}

    /** How long one channel's consumers could not get a message during a move. */
    default void consumerGap(String pool, Duration gap) {}

    /** A connection was lost and is open again, {@code took} after it was lost. */
    default void recovered(String pool, EndpointKey to, Duration took) {}

    /** Records nothing. */
    static AmqpMetrics none() {
        return new AmqpMetrics() {};
    }
}
