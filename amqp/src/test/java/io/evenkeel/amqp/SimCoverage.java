package io.evenkeel.amqp;

import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;

/** How often what happened in which state, over all runs. */
final class SimCoverage {

    /** Every state and event of the protocol's table, in docs/amqp-moves.md, for which it says that anything happens. */
    static final List<String> TABLE = List.of(
            "OPEN x loss of A",
            "MOVING x loss of A",
            "OPEN x loss of B",
            "MOVING x loss of B",
            "OPEN x connection closed by the application",
            "MOVING x connection closed by the application",
            "RECOVERING x connection closed by the application",
            "CLOSED x connection closed by the application",
            "OPEN x channel opened",
            "MOVING x channel opened",
            "RECOVERING x channel opened",
            "CLOSED x channel opened",
            "OPEN x channel closed by the application",
            "MOVING x channel closed by the application",
            "OPEN x channel closed by the broker",
            "MOVING x channel closed by the broker",
            "MOVING x channel closed by B",
            "OPEN x consumer cancelled by the application",
            "MOVING x consumer cancelled by the application when ACTIVE",
            "MOVING x consumer cancelled by the application when PAUSING",
            "MOVING x consumer cancelled by the application when PAUSED",
            "MOVING x consumer cancelled by the application when RESUMING",
            "RECOVERING x consumer cancelled by the application",
            "CLOSED x consumer cancelled by the application",
            "OPEN x consumer cancelled by the broker",
            "MOVING x consumer cancelled by the broker",
            "OPEN x queue declared or deleted",
            "MOVING x queue declared or deleted",
            "OPEN x exclusive queue declared",
            "MOVING x exclusive queue declared",
            "OPEN x blocked by A",
            "MOVING x blocked by A",
            "RECOVERING x blocked by A",
            "OPEN x blocked by B",
            "MOVING x blocked by B",
            "OPEN x handler throws",
            "MOVING x handler throws",
            "MOVING x handler blocks",
            "MOVING x deadline, voluntary",
            "MOVING x deadline, forced",
            "MOVING x mover interrupted",
            "MOVING x B silent",
            "RECOVERING x B silent");

    private final Map<String, LongAdder> counts = new ConcurrentSkipListMap<>();

    void count(String what) {
        counts.computeIfAbsent(what, any -> new LongAdder()).increment();
    }

    void visit(VirtualConnection.State state, String event) {
        count(state + " x " + event);
    }

    void outcome(boolean forced, MoveOutcome outcome) {
        count("moves, " + (forced ? "forced" : "voluntary") + ": "
                + outcome.getClass().getSimpleName());
    }

    long of(String what) {
        LongAdder known = counts.get(what);
        return known == null ? 0 : known.sum();
    }

    /** What of the table no run has visited. */
    List<String> missing() {
        return TABLE.stream().filter(cell -> of(cell) == 0).toList();
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        counts.forEach((what, times) -> text.append(String.format("%10d  %s%n", times.sum(), what)));
        return text.toString();
    }
}
