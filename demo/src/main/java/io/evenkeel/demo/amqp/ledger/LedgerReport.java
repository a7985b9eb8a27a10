package io.evenkeel.demo.amqp.ledger;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToLongFunction;

/**
 * How many messages fared how.
 *
 * @param sent {@code basicPublish} returned
 * @param confirmed the broker answered for them
 * @param refused their sender was told that they may not have arrived
 * @param unanswered sent, and their sender never learnt what became of them
 * @param arrived handed to the application at least once
 * @param lost confirmed and never handed to the application
 * @param duplicated deliveries of messages that the application had seen before
 * @param redelivered deliveries that the broker marked as repeated, whether or not the application saw the first
 * @param outOfOrder deliveries that came after a later message of the same lane without being marked as repeated
 * @param callbacks what the application was told that it must not notice, and how often
 */
public record LedgerReport(
        long sent,
        long confirmed,
        long refused,
        long unanswered,
        long arrived,
        long lost,
        long duplicated,
        long redelivered,
        long outOfOrder,
        Map<String, Long> callbacks) {

    public LedgerReport {
        callbacks = Map.copyOf(callbacks);
    }

    /** Of several runs together. */
    public static LedgerReport total(List<LedgerReport> runs) {
        Map<String, Long> callbacks = new TreeMap<>();
        runs.forEach(run -> run.callbacks().forEach((what, count) -> callbacks.merge(what, count, Long::sum)));
        return sum(runs, callbacks);
    }

    static LedgerReport sum(List<LedgerReport> lanes, Map<String, Long> callbacks) {
        return new LedgerReport(
                sum(lanes, LedgerReport::sent),
                sum(lanes, LedgerReport::confirmed),
                sum(lanes, LedgerReport::refused),
                sum(lanes, LedgerReport::unanswered),
                sum(lanes, LedgerReport::arrived),
                sum(lanes, LedgerReport::lost),
                sum(lanes, LedgerReport::duplicated),
                sum(lanes, LedgerReport::redelivered),
                sum(lanes, LedgerReport::outOfOrder),
                callbacks);
    }

    /** Nothing lost, nothing repeated, nothing unanswered, everything in order. */
    public boolean isExact() {
        return lost == 0 && duplicated == 0 && unanswered == 0 && refused == 0 && outOfOrder == 0;
    }

    /** Every message that was sent was confirmed and has arrived. */
    boolean isComplete() {
        return unanswered == 0 && lost == 0;
    }

    /** Callbacks of any kind. */
    public long noticed() {
        return callbacks.values().stream().mapToLong(Long::longValue).sum();
    }

    private static long sum(List<LedgerReport> lanes, ToLongFunction<LedgerReport> figure) {
        return lanes.stream().mapToLong(figure).sum();
    }

    @Override
    public String toString() {
        return "sent " + sent + ", confirmed " + confirmed + ", refused " + refused + ", unanswered " + unanswered
                + ", lost " + lost + ", duplicated " + duplicated + ", redelivered " + redelivered + ", out of order "
                + outOfOrder + ", callbacks " + callbacks;
    }
}
