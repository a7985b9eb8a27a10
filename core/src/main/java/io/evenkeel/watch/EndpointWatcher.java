package io.evenkeel.watch;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.endpoint.EndpointDiff;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.endpoint.EndpointSet;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.SourceCalls.Facts;
import io.evenkeel.time.Scheduler;
import io.evenkeel.time.Ticker;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides what to believe of one source's reports.
 *
 * <p>While the last answer differs from what is published, a {@link Window} is open; when it ends, the answer is
 * published:
 *
 * <pre>
 *   answer   a,b        a,b,c   a,c,d                a,c,d
 *   time     0          5 s     5.5 s                6.5 s
 *   window   none       opens   last change moves    ends: settle after the last, at most settleMax after the first
 *   believed a,b        a,b     a,b                  a,c,d
 * </pre>
 *
 * <ul>
 *   <li>While no endpoint is known there is none to protect: any answer is published at once.
 *   <li>An endpoint that begins to leave is published at once, with everything else that is good news; what is bad news
 *       (gone, not ready) stays in the window.
 *   <li>An empty answer's window lasts at least {@code emptyGrace}. It opens anew whenever the answer becomes empty or
 *       stops being so.
 *   <li>A source that fails closes the window without publishing; its next answer opens a new one.
 * </ul>
 *
 * <p>Not thread-safe: everything runs on the one scheduler.
 */
final class EndpointWatcher {

    private static final Logger LOG = LoggerFactory.getLogger(EndpointWatcher.class);
    private static final int NAMED_IN_A_MESSAGE = 10;
    private static final Duration AFTER_FAILURE = Duration.ofSeconds(1);

    private final String name;
    private final WatcherConfig config;
    private final Ticker ticker;
    private final Scheduler scheduler;
    private final Consumer<WatchSnapshot> sink;

    private WatchSnapshot current;
    // The source's last word, believed or not; its version means nothing.
    private EndpointSet answer = EndpointSet.empty();
    // As it was reported; only its identity matters.
    private @Nullable List<Endpoint> lastReported;
    // Invariant: set exactly while the source is healthy and `answer` differs from what is published.
    private @Nullable Window window;
    private Scheduler.@Nullable Cancellable timer;
    private boolean toldUnknown;
    private final Supplier<Facts> source;
    // Whether the source is being asked what it says of itself.
    private boolean asked;
    // With what was published while it was being asked.
    private @Nullable Facts published;
    private final Deque<SourceDetails.SetChange> changes = new ArrayDeque<>();
    private @Nullable String lastFailure;
    // Invariant: pending exactly while the source has answered, and promises to answer again within a time.
    private Scheduler.@Nullable Cancellable freshness;
    private boolean stopped;

    /**
     * Changes that are not published yet.
     *
     * @param firstNanos when the first was heard; for an empty answer, since when it is empty
     * @param lastNanos when the last was heard
     * @param empty whether the answer has no endpoint at all
     */
    private record Window(long firstNanos, long lastNanos, boolean empty) {

        static Window openedAt(long now, boolean empty) {
            return new Window(now, now, empty);
        }

        Window changedAt(long now) {
            return new Window(firstNanos, now, empty);
        }

        long remainingNanos(long now, WatcherConfig config) {
            long settled = Math.min(
                    config.settle().toNanos() - (now - lastNanos),
                    config.settleMax().toNanos() - (now - firstNanos));
            return empty ? Math.max(settled, config.emptyGrace().toNanos() - (now - firstNanos)) : settled;
        }
    }

    /** A watcher of a source that makes no promises. */
    EndpointWatcher(
            String name, WatcherConfig config, Ticker ticker, Scheduler scheduler, Consumer<WatchSnapshot> sink) {
        this(name, () -> Facts.NONE, config, ticker, scheduler, sink);
    }

    /**
     * A watcher that has received no report yet.
     *
     * @param name of the target, for logs
     * @param source what the source says of itself, as far as is known at each moment
     * @param sink gets every snapshot after the first, on the scheduler
     */
    EndpointWatcher(
            String name,
            Supplier<Facts> source,
            WatcherConfig config,
            Ticker ticker,
            Scheduler scheduler,
            Consumer<WatchSnapshot> sink) {
        this.name = name;
        this.source = source;
        this.config = config;
        this.ticker = ticker;
        this.scheduler = scheduler;
        this.sink = sink;
        this.current = new WatchSnapshot(
                EndpointSet.empty(),
                SourceHealth.UNKNOWN,
                ticker.nanos(),
                "no answer from " + name + " yet",
                new SourceDetails(name, null, 0, null, List.of()));
    }

    WatchSnapshot current() {
        return current;
    }

    void stop() {
        stopped = true;
        closeWindow();
        cancelFreshness();
    }

    void accept(EndpointSource.Report report) {
        if (stopped) {
            return;
        }
        if (report instanceof EndpointSource.Endpoints endpoints) {
            answered(endpoints.endpoints());
            expectTheNextAnswer();
        } else if (report instanceof EndpointSource.Missing missing) {
            unanswered(missing.reason(), null);
        } else if (report instanceof EndpointSource.Failed failed) {
            unanswered(failed.reason(), failed.cause());
        }
    }

    /** Answers of the source to what it is asked follow: {@link #answeredFacts}. */
    void askedFacts() {
        asked = true;
    }

    /**
     * The source has answered what it was asked after a report: what was published with older answers is published
     * again.
     */
    void answeredFacts() {
        asked = false;
        if (stopped) {
            return;
        }
        Facts before = published;
        published = null;
        current = snapshot(current.endpoints(), current.health(), current.answeredAtNanos(), current.reason());
        if (current.health() == SourceHealth.HEALTHY) {
            expectTheNextAnswer();
        }
        if (before != null && !before.saysTheSame(source.get())) {
            sink.accept(current);
        }
    }

    /** Without a failure and without an answer for too long: silence is no proof that nothing changed. */
    private void expectTheNextAnswer() {
        Duration bound = source.get().freshFor();
        if (stopped || freshness != null || bound == null) {
            return;
        }
        long age = ticker.nanos() - current.answeredAtNanos();
        freshness = scheduler.schedule(bound.minusNanos(age), this::checkFreshness);
    }

    private void checkFreshness() {
        freshness = null;
        if (stopped) {
            return;
        }
        Duration bound = source.get().freshFor();
        Duration age = Duration.ofNanos(ticker.nanos() - current.answeredAtNanos());
        if (bound != null && age.compareTo(bound) >= 0) {
            // The next answer expects another one.
            unanswered("no answer for " + age + " (expected: at least one every " + bound + ")", null);
        } else {
            expectTheNextAnswer();
        }
    }

    private void cancelFreshness() {
        Scheduler.Cancellable pending = freshness;
        if (pending != null) {
            pending.cancel();
            freshness = null;
        }
    }

    private WatchSnapshot snapshot(EndpointSet endpoints, SourceHealth health, long answeredAt, String reason) {
        Facts known = source.get();
        lastFailure = known.trouble() == null ? lastFailure : known.trouble();
        SourceDetails details =
                new SourceDetails(name, known.freshFor(), known.requests(), lastFailure, List.copyOf(changes));
        return new WatchSnapshot(endpoints, health, answeredAt, reason, details);
    }

    private void unanswered(String reason, @Nullable Throwable cause) {
        closeWindow();
        lastFailure = reason;
        if (current.health() == SourceHealth.HEALTHY) {
            int kept = current.endpoints().size();
            LOG.info("{}: stale, the {} endpoints that were known are kept: {}", name, kept, reason);
            LOG.debug("{}: why it is stale", name, cause);
            publish(current.endpoints(), SourceHealth.STALE, reason);
        } else if (!reason.equals(current.reason())) {
            sayStillNothing(reason, cause);
            publish(current.endpoints(), current.health(), reason);
        }
    }

    private void sayStillNothing(String reason, @Nullable Throwable cause) {
        if (current.health() == SourceHealth.UNKNOWN && !toldUnknown) {
            toldUnknown = true;
            LOG.warn("{}: no endpoint is known yet: {}", name, reason);
            LOG.debug("{}: why no endpoint is known", name, cause);
        } else {
            LOG.debug("{}: still no answer: {}", name, reason, cause);
        }
    }

    private void answered(List<Endpoint> endpoints) {
        EndpointSet latest;
        try {
            // Said again, as some sources do to show that they live, it costs nothing.
            latest = isSameObject(endpoints, lastReported) ? answer : EndpointSet.of(0, endpoints);
        } catch (IllegalArgumentException contradictory) {
            unanswered("the source contradicts itself: " + contradictory.getMessage(), contradictory);
            return;
        }
        boolean repeated = isSameObject(latest, answer) || latest.sameEndpoints(answer);
        lastReported = endpoints;
        SourceHealth before = current.health();
        answer = latest;
        current = snapshot(current.endpoints(), before, ticker.nanos(), current.reason());
        if (before == SourceHealth.UNKNOWN || current.endpoints().isEmpty()) {
            if (before != SourceHealth.HEALTHY || !answer.isEmpty()) {
                publishAnswer();
            }
            return;
        }
        if (before == SourceHealth.STALE) {
            LOG.info("{}: recovered: the source answers again", name);
            publish(current.endpoints(), SourceHealth.HEALTHY, "the source answers again");
        }
        keepWindow(repeated);
        publishGoodNewsIfSomebodyLeaves();
        settleOrWait();
    }

    @SuppressWarnings("ReferenceEquality")
    private static boolean isSameObject(Object a, @Nullable Object b) {
        return a == b;
    }

    private void keepWindow(boolean repeated) {
        if (answer.sameEndpoints(current.endpoints())) {
            closeWindow();
            return;
        }
        long now = ticker.nanos();
        Window open = window;
        if (open == null || open.empty() != answer.isEmpty()) {
            window = Window.openedAt(now, answer.isEmpty());
            if (answer.isEmpty() && !config.emptyGrace().isZero()) {
                sayEmpty();
            }
        } else if (!repeated) {
            window = open.changedAt(now);
        }
    }

    private void sayEmpty() {
        String reason = "the source answers that there is no endpoint; "
                + current.endpoints().size() + " kept unless that lasts " + config.emptyGrace();
        LOG.info("{}: {}", name, reason);
        publish(current.endpoints(), SourceHealth.HEALTHY, reason);
    }

    private void publishGoodNewsIfSomebodyLeaves() {
        EndpointSet known = current.endpoints();
        EndpointDiff diff = answer.since(known);
        boolean somebodyLeaves = false;
        for (EndpointDiff.Change change : diff.changed()) {
            somebodyLeaves |= change.before().isReady() && change.after().condition() == EndpointCondition.TERMINATING;
        }
        if (!somebodyLeaves) {
            return;
        }
        Map<EndpointKey, Endpoint> next = new TreeMap<>();
        for (Endpoint before : known.endpoints()) {
            next.put(before.key(), before);
        }
        for (EndpointDiff.Change change : diff.changed()) {
            Endpoint now = change.after();
            if (now.condition() != EndpointCondition.NOT_READY
                    || change.before().condition() == EndpointCondition.NOT_READY) {
                next.put(now.key(), now);
            }
        }
        Set<String> moving = new HashSet<>();
        diff.removed().forEach(gone -> moving.add(gone.identity()));
        for (Endpoint now : diff.added()) {
            // A Pod that is back at another address waits: until its old address is gone it would be there twice.
            if (!moving.contains(now.identity())) {
                next.put(now.key(), now);
            }
        }
        publishEndpoints(EndpointSet.of(known.version() + 1, next.values()));
        if (answer.sameEndpoints(current.endpoints())) {
            closeWindow();
        }
    }

    private void settleOrWait() {
        cancelTimer();
        Window open = window;
        if (open == null || stopped) {
            return;
        }
        long remaining = open.remainingNanos(ticker.nanos(), config);
        if (remaining <= 0) {
            publishOrRetry(open);
        } else {
            timer = scheduler.schedule(Duration.ofNanos(remaining), this::settleOrWait);
        }
    }

    /** What could not be published is not lost: its window stays open, and ends again soon. */
    private void publishOrRetry(Window open) {
        boolean published = false;
        try {
            publishAnswer();
            published = true;
        } finally {
            if (!published && !stopped) {
                window = open;
                timer = scheduler.schedule(AFTER_FAILURE, this::settleOrWait);
            }
        }
    }

    private void publishAnswer() {
        closeWindow();
        EndpointSet known = current.endpoints();
        publishEndpoints(answer.sameEndpoints(known) ? known : EndpointSet.of(known.version() + 1, answer.endpoints()));
    }

    private void publishEndpoints(EndpointSet next) {
        EndpointDiff diff = next.since(current.endpoints());
        String reason = diff.isEmpty() ? "the source answers that there is no endpoint" : describe(diff);
        LOG.info("{}: {} ({} endpoints now)", name, reason, next.size());
        if (changes.size() == SourceDetails.MOST_CHANGES) {
            changes.removeFirst();
        }
        changes.addLast(new SourceDetails.SetChange(ticker.nanos(), reason));
        publish(next, SourceHealth.HEALTHY, reason);
    }

    private void publish(EndpointSet endpoints, SourceHealth health, String reason) {
        published = asked ? source.get() : null;
        current = snapshot(endpoints, health, current.answeredAtNanos(), reason);
        sink.accept(current);
    }

    private void closeWindow() {
        window = null;
        cancelTimer();
    }

    private void cancelTimer() {
        Scheduler.Cancellable running = timer;
        if (running != null) {
            running.cancel();
            timer = null;
        }
    }

    /** Such as {@code endpoints changed: +pg-3@10.0.0.4:5432 -pg-0@10.0.0.1:5432 ~pg-1@10.0.0.2:5432 TERMINATING}. */
    private static String describe(EndpointDiff diff) {
        StringBuilder text = new StringBuilder("endpoints changed:");
        int named = 0;
        int all = diff.added().size() + diff.removed().size() + diff.changed().size();
        for (Endpoint added : diff.added()) {
            named = name(text, named, '+', added, added.isReady() ? null : added.condition());
        }
        for (Endpoint removed : diff.removed()) {
            named = name(text, named, '-', removed, null);
        }
        for (EndpointDiff.Change change : diff.changed()) {
            boolean turned = change.before().condition() != change.after().condition();
            named = name(
                    text, named, '~', change.after(), turned ? change.after().condition() : null);
        }
        if (all > named) {
            text.append(" and ").append(all - named).append(" more");
        }
        return text.toString();
    }

    private static int name(
            StringBuilder text, int named, char sign, Endpoint endpoint, @Nullable EndpointCondition condition) {
        if (named == NAMED_IN_A_MESSAGE) {
            return named;
        }
        text.append(' ').append(sign).append(endpoint.key());
        if (condition != null) {
            text.append(' ').append(condition);
        }
        return named + 1;
    }
}
