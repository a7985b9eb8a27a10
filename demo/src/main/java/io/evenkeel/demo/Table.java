package io.evenkeel.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The live figures, of the last two seconds unless they say otherwise. */
final class Table {
    private final Cluster cluster;
    private final Census census;
    private final Ledger ledger;
    private final long window;

    Table(Cluster cluster, Census census, Ledger ledger, long windowNanos) {
        this.cluster = cluster;
        this.census = census;
        this.ledger = ledger;
        this.window = windowNanos;
    }

    List<String> lines(Stage.Name stage, double secondsInStage, long stageBegan) {
        Slice plain = recent(Kind.PLAIN);
        Slice evenkeel = recent(Kind.EVENKEEL);
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.add(String.format(Locale.ROOT, "  %s, %.0f s", stage.label(), secondsInStage));
        lines.add(String.format("  %-20s | %-24s | %-24s", "", "HikariCP via the Service", "Evenkeel over the Pods"));
        lines.add(String.format(
                "  %-6s %-13s | %6s %8s %8s | %6s %8s %8s",
                "Pod", "", "conns", "q/s", "share", "conns", "q/s", "share"));
        for (Pod pod : cluster.pods()) {
            lines.add(String.format(
                    "  %-6s %-13s | %s | %s",
                    pod.name(),
                    pod.state().label(),
                    cells(Kind.PLAIN, plain, pod),
                    cells(Kind.EVENKEEL, evenkeel, pod)));
        }
        Slice plainStage = ledger.between(Kind.PLAIN, stageBegan, System.nanoTime());
        Slice evenkeelStage = ledger.between(Kind.EVENKEEL, stageBegan, System.nanoTime());
        lines.add(row(
                "failed in this stage",
                plainStage.failures().size(),
                evenkeelStage.failures().size(),
                "%24d"));
        lines.add(row("p99 in ms", plain.p99Millis(), evenkeel.p99Millis(), "%24.1f"));
        return lines;
    }

    /** The same in one line. */
    String line(long stageBegan) {
        StringBuilder line = new StringBuilder();
        for (Kind kind : Kind.values()) {
            Slice slice = recent(kind);
            line.append("| ").append(kind.title());
            for (Pod pod : cluster.pods()) {
                line.append(String.format(
                        Locale.ROOT,
                        " %s %d/%.0f%%",
                        pod.name(),
                        census.connections(kind, pod.name()),
                        100 * slice.share(pod.name())));
            }
            long failed = ledger.between(kind, stageBegan, System.nanoTime())
                    .failures()
                    .size();
            line.append(String.format(Locale.ROOT, " failed %d p99 %.0f ms ", failed, slice.p99Millis()));
        }
        return line.toString();
    }

    private Slice recent(Kind kind) {
        long now = System.nanoTime();
        return ledger.between(kind, now - window, now);
    }

    private String cells(Kind kind, Slice slice, Pod pod) {
        double perSecond = slice.byPod().getOrDefault(pod.name(), 0L) * 1e9 / window;
        return String.format(
                Locale.ROOT,
                "%6d %8.0f %7.1f%%",
                census.connections(kind, pod.name()),
                perSecond,
                100 * slice.share(pod.name()));
    }

    private static String row(String what, Object plain, Object evenkeel, String format) {
        return String.format(Locale.ROOT, "  %-20s | " + format + " | " + format, what, plain, evenkeel);
    }
}
