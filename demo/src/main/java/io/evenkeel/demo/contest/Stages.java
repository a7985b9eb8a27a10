package io.evenkeel.demo.contest;

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
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What happens to every client at the same time, one event after another. For one thread. */
public final class Stages<E extends Entrant> {
    /** From when requests are counted to the event; requests take less. */
    private static final Duration LEAD = Duration.ofMillis(100);

    private final List<E> entrants;
    private final PrintStream out;
    private final List<Stage<E>> stages = new ArrayList<>();

    /** Happens to the Pods of one client. */
    @FunctionalInterface
    public interface Event<E> {
        /**
         * Returns the name of the Pod that it is about, if it is about one: that has the same name for every client.
         */
        @Nullable
        String happenTo(E entrant) throws IOException;
    }

    /**
     * One part, when it is over.
     *
     * @param about the name of the Pod that it was about
     */
    public record Stage<E>(String name, @Nullable String about, Map<E, Tally> tallies) {
        public Tally tally(E entrant) {
            return Objects.requireNonNull(tallies.get(entrant), "tally");
        }

        /** The part of the answers that came from the Pod that it was about, 0 to 1. */
        public double share(E entrant) {
            return tally(entrant).share(Objects.requireNonNull(about, "about"));
        }
    }

    public Stages(List<E> entrants, PrintStream out) {
        this.entrants = List.copyOf(entrants);
        this.out = out;
    }

    /** Lets it happen, waits for so long, and prints what became of the requests. */
    public Stage<E> play(String name, Duration time, Event<E> event) throws IOException, InterruptedException {
        return play(name, Duration.ZERO, time, event);
    }

    /** As {@link #play}, of an event that also harms requests which were sent before it: these are counted here. */
    public Stage<E> playFault(String name, Duration time, Event<E> event) throws IOException, InterruptedException {
        return play(name, LEAD, time, event);
    }

    private Stage<E> play(String name, Duration lead, Duration time, Event<E> event)
            throws IOException, InterruptedException {
        Map<E, Tally> tallies = new LinkedHashMap<>();
        String about = null;
        for (E entrant : entrants) {
            tallies.put(entrant, entrant.phase());
        }
        TimeUnit.NANOSECONDS.sleep(lead.toNanos());
        for (E entrant : entrants) {
            about = event.happenTo(entrant);
        }
        out.printf("%n  %s%s%n", name, about == null ? "" : ": " + about);
        TimeUnit.NANOSECONDS.sleep(time.toNanos());
        Stage<E> stage = new Stage<>(name, about, tallies);
        stages.add(stage);
        tallies.forEach((entrant, tally) -> out.printf(
                Locale.ROOT,
                "    %-24s %s failed %d, p50 %.0f ms, p99 %.0f ms%n",
                entrant.title(),
                shares(tally),
                tally.failed(),
                tally.percentile(50),
                tally.percentile(99)));
        return stage;
    }

    private static String shares(Tally tally) {
        StringBuilder text = new StringBuilder();
        new TreeMap<>(tally.byPod())
                .forEach((pod, count) ->
                        text.append(String.format(Locale.ROOT, "%s %2.0f %%  ", pod, 100 * tally.share(pod))));
        return text.toString();
    }

    /** Those that are over. */
    public List<Stage<E>> all() {
        return List.copyOf(stages);
    }
}
