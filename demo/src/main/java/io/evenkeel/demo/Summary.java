package io.evenkeel.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoubleFunction;
import java.util.function.DoublePredicate;

/** What was promised and what was reached. HikariCP's figures stand beside it and are not judged. */
final class Summary {
    /** How long after the end of a server its connections may still be handed out. */
    private static final long NOTICED_WITHIN = 5_000_000L;

    private static final long SECOND = 1_000_000_000L;

    private final List<Stage> stages;
    private final Ledger ledger;
    private final int leftBehind;

    /**
     * @param leftBehind Evenkeel's connections that a server still saw after its pools were closed
     */
    Summary(List<Stage> stages, Ledger ledger, int leftBehind) {
        this.stages = List.copyOf(stages);
        this.ledger = ledger;
        this.leftBehind = leftBehind;
    }

    /**
     * One promise.
     *
     * @param reached whether Evenkeel kept it
     */
    record Row(String what, String target, String plain, String evenkeel, boolean reached) {}

    List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        rows.add(newPodsShare());
        rows.add(maxOverMean(Stage.Name.SCALE_OUT, 4));
        rows.add(maxOverMean(Stage.Name.ROLLING_UPDATE, 4));
        for (Stage.Name name : List.of(Stage.Name.SCALE_OUT, Stage.Name.ROLLING_UPDATE, Stage.Name.SCALE_IN)) {
            rows.add(failures(name));
        }
        for (Stage.Name name : List.of(Stage.Name.SCALE_OUT, Stage.Name.ROLLING_UPDATE, Stage.Name.SCALE_IN)) {
            rows.add(moves(name));
        }
        rows.add(killFailures());
        rows.add(recovery(Stage.Name.KILL));
        rows.add(freezeFailures());
        rows.add(recovery(Stage.Name.FREEZE));
        rows.add(new Row("connections left after close", "0", "", Integer.toString(leftBehind), leftBehind == 0));
        return rows;
    }

    String text() {
        StringBuilder text = new StringBuilder();
        String format = "  %-52s %-16s %-12s %-12s %s%n";
        text.append(String.format("%n" + format, "", "target", "HikariCP", "Evenkeel", ""));
        for (Row row : rows()) {
            text.append(String.format(
                    format, row.what(), row.target(), row.plain(), row.evenkeel(), row.reached() ? "ok" : "MISSED"));
        }
        text.append(String.format("%n  p99 by stage (ms):%n"));
        for (Stage stage : stages) {
            text.append(String.format(
                    Locale.ROOT,
                    "  %-69s %-12.1f %-12.1f%n",
                    stage.name().label(),
                    slice(Kind.PLAIN, stage).p99Millis(),
                    slice(Kind.EVENKEEL, stage).p99Millis()));
        }
        text.append(String.format(
                "%n  In brackets: the least number of connects that leads to the same end; failed queries that had"
                        + " begun before the fault, or more than 5 ms after the killed Pod's last process ended.%n"
                        + "  HikariCP's way leads through a Service in user space, which adds latency that kube-proxy"
                        + " does not.%n%n  %s%n",
                verdict()));
        return text.toString();
    }

    private String verdict() {
        long missed = rows().stream().filter(row -> !row.reached()).count();
        return missed == 0 ? "Evenkeel reached every target." : "Evenkeel missed " + missed + " of the targets.";
    }

    boolean allReached() {
        return rows().stream().allMatch(Row::reached);
    }

    /** Around the tenth second after the new Pod was ready, two seconds wide. */
    private Row newPodsShare() {
        Stage stage = stage(Stage.Name.SCALE_OUT);
        Stage.Event event = event(stage);
        double fair = 1.0 / stage.pods().size();
        return row(
                "new Pod's share after 10 s, 1 is fair",
                ">= 0.8",
                kind -> ledger.between(kind, event.at() + 9 * SECOND, event.at() + 11 * SECOND)
                                .share(event.pod())
                        / fair,
                share -> share >= 0.8,
                Summary::twoDigits);
    }

    private Row maxOverMean(Stage.Name name, int lastSeconds) {
        Stage stage = stage(name);
        return row(
                "busiest Pod over mean after " + name.label(),
                "<= 1.1",
                kind -> ledger.between(kind, stage.to() - lastSeconds * SECOND, stage.to())
                        .maxOverMean(stage.pods()),
                ratio -> ratio <= 1.1,
                Summary::twoDigits);
    }

    private Row failures(Stage.Name name) {
        Stage stage = stage(name);
        return row(
                "failed queries, " + name.label(),
                "0",
                kind -> slice(kind, stage).failures().size(),
                failed -> failed == 0,
                Summary::whole);
    }

    private Row moves(Stage.Name name) {
        Stage.Moves plain = moves(name, Kind.PLAIN);
        Stage.Moves evenkeel = moves(name, Kind.EVENKEEL);
        return new Row(
                "connects (least possible), " + name.label(),
                "<= 1.1 x least",
                plain.toString(),
                evenkeel.toString(),
                evenkeel.made() <= 1.1 * evenkeel.least());
    }

    /** A server that is killed ends its connections, so a query fails only if it was under way when they ended. */
    private Row killFailures() {
        Stage stage = stage(Stage.Name.KILL);
        Stage.Event event = event(stage);
        List<Sample> failures = slice(Kind.EVENKEEL, stage).failures();
        boolean onlyThere = failures.stream().allMatch(sample -> event.pod().equals(sample.pod()));
        long late = begunLater(failures, event.at());
        return new Row(
                "failed queries (begun > 5 ms after), " + stage.name().label(),
                "(0)",
                later(slice(Kind.PLAIN, stage).failures(), event.at()),
                later(failures, event.at()) + (onlyThere ? "" : "!"),
                onlyThere && late == 0);
    }

    /** A server that is frozen says nothing, so each of its connections may fail once; then it is known as broken. */
    private Row freezeFailures() {
        Stage stage = stage(Stage.Name.FREEZE);
        Stage.Event event = event(stage);
        List<Sample> failures = slice(Kind.EVENKEEL, stage).failures();
        int held = event.held().getOrDefault(Kind.EVENKEEL, 0);
        boolean onlyThere = failures.stream().allMatch(sample -> event.pod().equals(sample.pod()));
        return new Row(
                "failed queries (in flight), " + stage.name().label(),
                "<= " + held + ", its own",
                inFlight(slice(Kind.PLAIN, stage).failures(), event.at()),
                inFlight(failures, event.at()) + (onlyThere ? "" : "!"),
                onlyThere && failures.size() <= held);
    }

    private static long begunLater(List<Sample> failures, long at) {
        return failures.stream()
                .filter(sample -> sample.began() - at > NOTICED_WITHIN)
                .count();
    }

    private static String later(List<Sample> failures, long at) {
        return failures.size() + " (" + begunLater(failures, at) + ")";
    }

    private static String inFlight(List<Sample> failures, long at) {
        long inFlight =
                failures.stream().filter(sample -> sample.began() - at <= 0).count();
        return failures.size() + " (" + inFlight + ")";
    }

    /** Until the last query that failed or that was answered more than half a second late. */
    private Row recovery(Stage.Name name) {
        Stage stage = stage(name);
        long at = event(stage).at();
        return row(
                "seconds to recover, " + name.label(),
                "<= 5",
                kind -> slice(kind, stage).samples().stream()
                                .filter(sample -> sample.failed() || sample.ended() - sample.due() > SECOND / 2)
                                .mapToLong(sample -> Math.max(0, sample.ended() - at))
                                .max()
                                .orElse(0)
                        / (double) SECOND,
                seconds -> seconds <= 5,
                Summary::oneDigit);
    }

    private static Row row(
            String what, String target, Figure figure, DoublePredicate reached, DoubleFunction<String> format) {
        double evenkeel = figure.of(Kind.EVENKEEL);
        return new Row(
                what, target, format.apply(figure.of(Kind.PLAIN)), format.apply(evenkeel), reached.test(evenkeel));
    }

    private Stage stage(Stage.Name name) {
        return stages.stream()
                .filter(stage -> stage.name() == name)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("stage: " + name + " missing (expected: it was played)"));
    }

    private static Stage.Event event(Stage stage) {
        Stage.Event event = stage.event();
        if (event == null) {
            throw new IllegalStateException("event of " + stage.name() + ": none (expected: one)");
        }
        return event;
    }

    private Stage.Moves moves(Stage.Name name, Kind kind) {
        Map<Kind, Stage.Moves> moves = stage(name).moves();
        return moves.getOrDefault(kind, new Stage.Moves(0, 0));
    }

    private Slice slice(Kind kind, Stage stage) {
        return ledger.between(kind, stage.from(), stage.to());
    }

    private static String twoDigits(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }

    private static String oneDigit(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }

    private static String whole(double value) {
        return String.format(Locale.ROOT, "%.0f", value);
    }

    private interface Figure {
        double of(Kind kind);
    }
}
