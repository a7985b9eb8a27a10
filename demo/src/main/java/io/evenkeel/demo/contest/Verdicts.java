package io.evenkeel.demo.contest;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.function.DoublePredicate;
import java.util.function.ToDoubleFunction;

/**
 * The table at the end of an act: a row for each figure, a column for each client, of which only the first is judged.
 * For one thread.
 */
public final class Verdicts<E extends Entrant> {
    private final List<E> entrants;
    private final PrintStream out;
    private boolean kept = true;

    /** Prints the head. */
    public Verdicts(List<E> entrants, PrintStream out) {
        this.entrants = List.copyOf(entrants);
        this.out = out;
        StringBuilder head = new StringBuilder(String.format("%n  %-46s %-8s", "", "target"));
        entrants.forEach(entrant -> head.append(String.format(" %24s", entrant.title())));
        out.println(head);
    }

    /** A figure without a target. */
    public void row(String what, ToDoubleFunction<E> figure) {
        row(what, "", value -> true, figure);
    }

    /**
     * Prints one figure of each.
     *
     * @param target for reading
     * @param reached whether the first client's figure is what was promised
     */
    public void row(String what, String target, DoublePredicate reached, ToDoubleFunction<E> figure) {
        StringBuilder row = new StringBuilder(String.format("  %-46s %-8s", what, target));
        for (E entrant : entrants) {
            double value = figure.applyAsDouble(entrant);
            boolean good = !entrant.equals(entrants.get(0)) || reached.test(value);
            row.append(String.format(
                    Locale.ROOT, " %24s", String.format(Locale.ROOT, "%.3g", value) + (good ? "" : " MISSED")));
            kept &= good;
        }
        out.println(row);
    }

    /** Whether every target was reached; says so. */
    public boolean kept() {
        out.printf("%n  %s%n", kept ? "Evenkeel reached every target." : "Evenkeel missed a target.");
        return kept;
    }
}
