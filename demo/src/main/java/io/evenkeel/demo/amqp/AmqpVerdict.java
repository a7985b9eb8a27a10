package io.evenkeel.demo.amqp;

import io.evenkeel.demo.amqp.ledger.LedgerReport;
import java.util.List;
import java.util.function.ToLongFunction;

/** What was promised and what was reached. The other client's figures stand beside it and are not judged. */
final class AmqpVerdict {
    private final int brokers;
    private final Spread afterAdded;
    private final Pair planned;
    private final Pair end;

    /**
     * @param brokers those that were ready when one had been added
     * @param afterAdded connections to that one
     * @param planned before a broker was killed
     * @param end of all
     */
    AmqpVerdict(int brokers, Spread afterAdded, Pair planned, Pair end) {
        this.brokers = brokers;
        this.afterAdded = afterAdded;
        this.planned = planned;
        this.end = end;
    }

    /** Connections to one broker. */
    record Spread(int plain, int evenkeel) {}

    /** How it stands with both. */
    record Pair(LedgerReport plain, LedgerReport evenkeel) {}

    /** One promise. */
    record Row(String what, String target, String plain, String evenkeel, boolean reached) {}

    List<Row> rows() {
        return List.of(
                new Row(
                        "connections to the added broker, of 12 on " + brokers,
                        ">= 1",
                        Integer.toString(afterAdded.plain()),
                        Integer.toString(afterAdded.evenkeel()),
                        afterAdded.evenkeel() >= 1),
                none("added and drained: not confirmed", planned, LedgerReport::refused),
                none("added and drained: redelivered", planned, LedgerReport::redelivered),
                none("added and drained: handled twice", planned, LedgerReport::duplicated),
                none("added and drained: out of order", planned, LedgerReport::outOfOrder),
                none("added and drained: callbacks that tell of it", planned, LedgerReport::noticed),
                told("killed: not confirmed, and the sender told", end, LedgerReport::refused),
                told("killed: redelivered", end, LedgerReport::redelivered),
                none("in all: sent and never answered for", end, LedgerReport::unanswered),
                none("in all: confirmed and lost", end, LedgerReport::lost));
    }

    String text() {
        StringBuilder text = new StringBuilder();
        String format = "  %-52s %-8s %-16s %-12s %s%n";
        text.append(String.format("%n" + format, "", "target", PlainProcess.LABEL, EvenkeelProcess.LABEL, ""));
        for (Row row : rows()) {
            text.append(String.format(
                    format, row.what(), row.target(), row.plain(), row.evenkeel(), row.reached() ? "ok" : "MISSED"));
        }
        long missed = rows().stream().filter(row -> !row.reached()).count();
        text.append(String.format(
                "%n  %s%n",
                missed == 0 ? "Evenkeel reached every target." : "Evenkeel missed " + missed + " of the targets."));
        return text.toString();
    }

    boolean allReached() {
        return rows().stream().allMatch(Row::reached);
    }

    private static Row none(String what, Pair pair, ToLongFunction<LedgerReport> figure) {
        long evenkeel = figure.applyAsLong(pair.evenkeel());
        return new Row(
                what, "0", Long.toString(figure.applyAsLong(pair.plain())), Long.toString(evenkeel), evenkeel == 0);
    }

    /** A killed broker takes what was on its way with it; what counts is that no ledger is misled about it. */
    private static Row told(String what, Pair pair, ToLongFunction<LedgerReport> figure) {
        return new Row(
                what,
                "",
                Long.toString(figure.applyAsLong(pair.plain())),
                Long.toString(figure.applyAsLong(pair.evenkeel())),
                true);
    }
}
