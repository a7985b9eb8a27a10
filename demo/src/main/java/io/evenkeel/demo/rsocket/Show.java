package io.evenkeel.demo.rsocket;

import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.DoublePredicate;
import org.jspecify.annotations.Nullable;

/**
 * What happens to a service in half a minute, to every client at the same time: each has Pods of its own, so that none is
 * disturbed by what another does to them.
 */
final class Show implements AutoCloseable {
    private static final int PODS = 4;
    private static final int PER_SECOND = 300;
    private static final int STREAMS = 5;
    private static final int ELEMENTS = 60;
    private static final int ELEMENT_MILLIS = 100;
    private static final String SLOW = "one 4 x slower";
    private static final String FAILING = "one fails in 1 ms";
    private static final Behaviour NORMAL = Behaviour.taking(Duration.ofMillis(20));

    private final PrintStream out;
    private final Map<Contender, Trial> trials = new LinkedHashMap<>();
    private final Map<Contender, AtomicLong> streamsCompleted = new LinkedHashMap<>();
    private final List<Stage> stages = new ArrayList<>();

    /**
     * One part, when it is over.
     *
     * @param about the name of the Pod that it was about; every contender has one of that name
     */
    private record Stage(String name, @Nullable String about, Map<Contender, Tally> tallies) {
        Tally tally(Contender contender) {
            return Objects.requireNonNull(tallies.get(contender), "tally");
        }
    }

    private interface Event {
        /** Makes it happen to one contender's Pods. Returns the Pod that it is about. */
        @Nullable
        RSocketPod happenTo(Trial trial) throws IOException;
    }

    private Show(PrintStream out) {
        this.out = out;
    }

    static Show begin(List<Contender> contenders, PrintStream out) throws IOException, InterruptedException {
        Show show = new Show(out);
        try {
            for (Contender contender : contenders) {
                show.trials.put(contender, Trial.begin(contender, PODS, NORMAL, PER_SECOND));
                show.streamsCompleted.put(contender, new AtomicLong());
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
        stage("steady", 3, trial -> null);
        stage(SLOW, 6, trial -> behave(trial, 1, NORMAL.slower(4)));
        stage(FAILING + ", first second", 1, trial -> {
            behave(trial, 1, NORMAL);
            return behave(trial, 2, NORMAL.withAnswer(Behaviour.Answer.FAIL_FAST));
        });
        stage(FAILING + ", then", 5, trial -> trial.cluster().pod(2));
        stage("all well again", 3, trial -> behave(trial, 2, NORMAL));
        stage("one added", 6, trial -> trial.cluster().add(NORMAL));
        trials.forEach(this::beginStreams);
        stage("one drained", 8, Show::drain);
        for (Trial trial : trials.values()) {
            trial.finish();
        }
        return summary();
    }

    private static RSocketPod behave(Trial trial, int index, Behaviour behaviour) {
        RSocketPod pod = trial.cluster().pod(index);
        pod.behave(behaviour);
        return pod;
    }

    private static RSocketPod drain(Trial trial) throws IOException {
        RSocketPod pod = trial.cluster().pod(0);
        trial.cluster().terminate(pod);
        return pod;
    }

    private void beginStreams(Contender contender, Trial trial) {
        AtomicLong completed = completed(contender);
        // one after another, so that they are on several Pods
        for (int i = 0; i < PODS * STREAMS; i++) {
            trial.stream(ELEMENTS, ELEMENT_MILLIS)
                    .subscribe(count -> completed.addAndGet(count == ELEMENTS ? 1 : 0), failure -> {});
        }
    }

    private AtomicLong completed(Contender contender) {
        return Objects.requireNonNull(streamsCompleted.get(contender), "streamsCompleted");
    }

    private void stage(String name, int seconds, Event event) throws IOException, InterruptedException {
        Map<Contender, Tally> tallies = new LinkedHashMap<>();
        String about = null;
        for (Map.Entry<Contender, Trial> entry : trials.entrySet()) {
            tallies.put(entry.getKey(), entry.getValue().phase());
            RSocketPod pod = event.happenTo(entry.getValue());
            about = pod == null ? null : pod.name();
        }
        out.printf("%n  %s%s%n", name, about == null ? "" : ": " + about);
        Duration pause = Duration.ofSeconds(seconds);
        trials.values().iterator().next().pause(pause);
        stages.add(new Stage(name, about, tallies));
        tallies.forEach((contender, tally) -> out.printf(
                Locale.ROOT,
                "    %-24s %s failed %d, p50 %.0f ms, p99 %.0f ms%n",
                contender.title(),
                shares(tally),
                tally.failed(),
                tally.percentile(50),
                tally.percentile(99)));
    }

    private static String shares(Tally tally) {
        StringBuilder text = new StringBuilder();
        new TreeMap<>(tally.byPod())
                .forEach((pod, count) ->
                        text.append(String.format(Locale.ROOT, "%s %2.0f %%  ", pod, 100 * tally.share(pod))));
        return text.toString();
    }

    private boolean summary() {
        StringBuilder head = new StringBuilder(String.format("%n  %-46s %-8s", "", "target"));
        trials.keySet().forEach(contender -> head.append(String.format(" %24s", contender.title())));
        out.println(head);
        boolean kept = true;
        for (Stage stage : stages) {
            boolean failing = stage.name().startsWith(FAILING);
            kept &= row(
                    "failed requests, " + stage.name(),
                    failing ? "" : "0",
                    count -> failing || count == 0,
                    contender -> stage.tally(contender).failed());
        }
        Stage failing = named(FAILING + ", then");
        kept &= row(
                "the failing Pod's part of them, %",
                "< 1", part -> part < 1, contender -> {
                    Tally tally = failing.tally(contender);
                    return 100.0 * tally.failed() / tally.issued();
                });
        Stage slow = named(SLOW);
        kept &= row(
                "p95 with a slow Pod, ms (others take 20)",
                "",
                part -> true,
                contender -> slow.tally(contender).percentile(95));
        kept &= row(
                "streams of 6 s over the drain, of " + PODS * STREAMS,
                "all",
                completed -> completed == PODS * STREAMS,
                contender -> completed(contender).get());
        out.printf("%n  %s%n", kept ? "Evenkeel reached every target." : "Evenkeel missed a target.");
        return kept;
    }

    private Stage named(String name) {
        return stages.stream()
                .filter(stage -> stage.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private interface Count {
        double of(Contender contender);
    }

    /** Only Evenkeel is judged. */
    private boolean row(String what, String target, DoublePredicate reached, Count count) {
        StringBuilder row = new StringBuilder(String.format("  %-46s %-8s", what, target));
        boolean kept = true;
        for (Contender contender : trials.keySet()) {
            double value = count.of(contender);
            boolean good = !contender.equals(Contender.EVENKEEL) || reached.test(value);
            row.append(String.format(
                    Locale.ROOT, " %24s", String.format(Locale.ROOT, "%.3g", value) + (good ? "" : " MISSED")));
            kept &= good;
        }
        out.println(row);
        return kept;
    }

    @Override
    public void close() {
        trials.values().forEach(Trial::close);
    }
}
