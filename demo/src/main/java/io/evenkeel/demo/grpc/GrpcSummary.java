package io.evenkeel.demo.grpc;

import io.evenkeel.demo.contest.Stages.Stage;
import io.evenkeel.demo.contest.Tally;
import io.evenkeel.demo.contest.Verdicts;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What the table is made of: the parts of the show by what is asked of them. For one thread. */
final class GrpcSummary {
    /** In flight on a killed Pod are about one; with it go those that are sent before its RST arrives. */
    private static final int MOST_LOST = 5;

    private static final int PODS_WITH_ADDED = 5;

    private final List<GrpcTrial> trials;
    private final List<Stage<GrpcTrial>> quiet = new ArrayList<>();
    private final List<Stage<GrpcTrial>> slow = new ArrayList<>();
    private final List<Stage<GrpcTrial>> begun = new ArrayList<>();
    private final List<Stage<GrpcTrial>> failing = new ArrayList<>();
    private final Map<Integer, Stage<GrpcTrial>> added = new TreeMap<>();
    private final List<Stage<GrpcTrial>> drained = new ArrayList<>();
    private final List<Stage<GrpcTrial>> killed = new ArrayList<>();
    private final List<Stage<GrpcTrial>> rolled = new ArrayList<>();

    GrpcSummary(List<GrpcTrial> trials) {
        this.trials = List.copyOf(trials);
    }

    void noneFails(Stage<GrpcTrial> stage) {
        quiet.add(stage);
    }

    void slow(Stage<GrpcTrial> stage) {
        slow.add(stage);
        quiet.add(stage);
    }

    void begunToFail(Stage<GrpcTrial> stage) {
        begun.add(stage);
    }

    void failing(Stage<GrpcTrial> stage) {
        failing.add(stage);
    }

    /** Begun so many seconds after the Pod was added. */
    void added(int seconds, Stage<GrpcTrial> stage) {
        added.put(seconds, stage);
        quiet.add(stage);
    }

    void drained(Stage<GrpcTrial> stage) {
        drained.add(stage);
    }

    void killed(Stage<GrpcTrial> stage) {
        killed.add(stage);
    }

    void rolled(Stage<GrpcTrial> stage) {
        rolled.add(stage);
    }

    private static long failed(List<Stage<GrpcTrial>> stages, GrpcTrial trial) {
        return stages.stream().mapToLong(stage -> stage.tally(trial).failed()).sum();
    }

    /** The worst of them. */
    private static double p99(List<Stage<GrpcTrial>> stages, GrpcTrial trial) {
        return stages.stream()
                .mapToDouble(stage -> stage.tally(trial).percentile(99))
                .max()
                .orElseThrow();
    }

    /** Returns whether Evenkeel reached every target. */
    boolean print(int streams, PrintStream out) {
        Verdicts<GrpcTrial> verdicts = new Verdicts<>(trials, out);
        verdicts.row("failed: steady, one slow, one added", "0", count -> count == 0, trial -> failed(quiet, trial));
        verdicts.row("failed: one fails in 1 ms, first second", trial -> failed(begun, trial));
        verdicts.row(
                "one fails in 1 ms, then: its part, %",
                "< 1", part -> part < 1, trial -> {
                    Tally tally = failing.get(0).tally(trial);
                    return 100.0 * tally.failed() / tally.issued();
                });
        verdicts.row("failed: one drained, and ended", "0", count -> count == 0, trial -> failed(drained, trial));
        verdicts.row(
                "failed: one killed", "<= " + MOST_LOST, count -> count <= MOST_LOST, trial -> failed(killed, trial));
        verdicts.row("failed: rolling update", "0", count -> count == 0, trial -> failed(rolled, trial));
        added.forEach((seconds, stage) -> share(verdicts, seconds, stage));
        verdicts.row("p99 with one 4 x slower, ms (others take 20)", trial -> p99(slow, trial));
        verdicts.row("p99 in the rolling update, ms", trial -> p99(rolled, trial));
        verdicts.row(
                "streams of 10 s over the rolling update, of " + streams,
                "all",
                completed -> completed == streams,
                GrpcTrial::streamsCompleted);
        verdicts.row("connections opened", trial -> trial.cluster().connections());
        return verdicts.kept();
    }

    private static void share(Verdicts<GrpcTrial> verdicts, int seconds, Stage<GrpcTrial> stage) {
        String what = "new Pod's share after " + seconds + " s (1 is fair)";
        if (seconds < 10) {
            verdicts.row(what, trial -> PODS_WITH_ADDED * stage.share(trial));
        } else {
            verdicts.row(what, "> 0.8", share -> share > 0.8, trial -> PODS_WITH_ADDED * stage.share(trial));
        }
    }
}
