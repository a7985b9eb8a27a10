package io.evenkeel.amqp;

import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;

/** How often what happened in which state, over all runs. */
final class SimCoverage {

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

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        counts.forEach((what, times) -> text.append(String.format("%10d  %s%n", times.sum(), what)));
        return text.toString();
    }
}
