package io.evenkeel.demo.rsocket;

import io.evenkeel.demo.contest.Stages;
import io.evenkeel.demo.contest.Stages.Stage;
import io.evenkeel.demo.contest.Tally;
import io.evenkeel.demo.contest.Verdicts;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What happens to a service in half a minute, to every client at the same time: each has Pods of its own, so that none
 * is disturbed by what another does to them.
 */
final class Show implements AutoCloseable {
    private static final int PODS = 4;
    private static final int PER_SECOND = 300;
    private static final int STREAMS = 5;
    private static final int ELEMENTS = 60;
    private static final int ELEMENT_MILLIS = 100;
    private static final String FAILING = "one fails in 1 ms";
    private static final Behaviour NORMAL = Behaviour.taking(Duration.ofMillis(20));

    private final PrintStream out;
    private final List<Trial> trials = new ArrayList<>();
    private final Map<Trial, AtomicLong> streamsCompleted = new LinkedHashMap<>();

    private Show(PrintStream out) {
        this.out = out;
    }

    static Show begin(List<Contender> contenders, PrintStream out) throws IOException, InterruptedException {
        Show show = new Show(out);
        try {
            for (Contender contender : contenders) {
                Trial trial = Trial.begin(contender, PODS, NORMAL, PER_SECOND);
                show.trials.add(trial);
                show.streamsCompleted.put(trial, new AtomicLong());
            }
            return show;
        } catch (IOException | InterruptedException | RuntimeException e) {
            show.close();
            throw e;
        }
    }

    /** Returns whether Evenkeel kept what is promised of it. */
    boolean play() throws IOException, InterruptedException {
        out.printf("%d Pods of real RSocket servers for each client, %d requests/s on each%n", PODS, PER_SECOND);
        Stages<Trial> stages = new Stages<>(trials, out);
        stages.play("steady", seconds(3), trial -> null);
        Stage<Trial> slow = stages.play("one 4 x slower", seconds(6), trial -> behave(trial, 1, NORMAL.slower(4)));
        stages.playFault(FAILING + ", first second", seconds(1), trial -> {
            behave(trial, 1, NORMAL);
            return behave(trial, 2, NORMAL.withAnswer(Behaviour.Answer.FAIL_FAST));
        });
        Stage<Trial> failing = stages.play(
                FAILING + ", then", seconds(5), trial -> trial.cluster().pod(2).name());
        stages.play("all well again", seconds(3), trial -> behave(trial, 2, NORMAL));
        stages.play(
                "one added", seconds(6), trial -> trial.cluster().add(NORMAL).name());
        trials.forEach(this::beginStreams);
        stages.playFault("one drained", seconds(8), Show::drain);
        for (Trial trial : trials) {
            trial.finish();
        }
        return summary(stages.all(), slow, failing);
    }

    private static Duration seconds(int seconds) {
        return Duration.ofSeconds(seconds);
    }

    private static String behave(Trial trial, int index, Behaviour behaviour) {
        RSocketPod pod = trial.cluster().pod(index);
        pod.behave(behaviour);
        return pod.name();
    }

    private static String drain(Trial trial) throws IOException {
        RSocketPod pod = trial.cluster().pod(0);
        trial.cluster().terminate(pod);
        return pod.name();
    }

    private void beginStreams(Trial trial) {
        AtomicLong completed = completed(trial);
        // one after another, so that they are on several Pods
        for (int i = 0; i < PODS * STREAMS; i++) {
            trial.stream(ELEMENTS, ELEMENT_MILLIS)
                    .subscribe(count -> completed.addAndGet(count == ELEMENTS ? 1 : 0), failure -> {});
        }
    }

    private AtomicLong completed(Trial trial) {
        return Objects.requireNonNull(streamsCompleted.get(trial), "streamsCompleted");
    }

    private boolean summary(List<Stage<Trial>> stages, Stage<Trial> slow, Stage<Trial> failing) {
        Verdicts<Trial> verdicts = new Verdicts<>(trials, out);
        for (Stage<Trial> stage : stages) {
            boolean mayFail = stage.name().startsWith(FAILING);
            verdicts.row(
                    "failed requests, " + stage.name(),
                    mayFail ? "" : "0",
                    count -> mayFail || count == 0,
                    trial -> stage.tally(trial).failed());
        }
        verdicts.row(
                "the failing Pod's part of them, %",
                "< 1", part -> part < 1, trial -> {
                    Tally tally = failing.tally(trial);
                    return 100.0 * tally.failed() / tally.issued();
                });
        verdicts.row(
                "p95 with a slow Pod, ms (others take 20)",
                trial -> slow.tally(trial).percentile(95));
        verdicts.row(
                "streams of 6 s over the drain, of " + PODS * STREAMS,
                "all",
                completed -> completed == PODS * STREAMS,
                trial -> completed(trial).get());
        return verdicts.kept();
    }

    @Override
    public void close() {
        trials.forEach(Trial::close);
    }
}
