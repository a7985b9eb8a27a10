package io.evenkeel.pick;

/** A connection that {@link Rotation} may pick. Implementations are thread-safe; no method blocks. */
public interface Pickable {

    /** What is known of its requests; always the same object. */
    RequestStatistics statistics();

    /** Whether it would take a request now. Asked for every request. */
    boolean isAvailable();

    /**
     * How much is in flight on it, 0 or more. Asked for every request.
     *
     * @param openEnded whether the request that is to be placed is a stream: it is placed by everything in flight, one
     *     that is answered soon only by what is answered soon
     */
    int inFlight(boolean openEnded);

    /**
     * Its share relative to the others, above zero and finite: its Pod's weight, less while that starts slowly. Asked a
     * hundred times a second at most.
     *
     * @param now the ticker's time in nanoseconds
     */
    double weight(long now);
}
