package io.evenkeel.kubernetes;

import io.evenkeel.kubernetes.ApiObject.SliceList;
import io.evenkeel.kubernetes.ApiObject.WatchEvent;
import io.evenkeel.kubernetes.ApiProblem.Kind;
import io.evenkeel.kubernetes.KnownSlices.News;
import io.evenkeel.source.EndpointSource.Failed;
import io.evenkeel.source.SourceContext;
import io.evenkeel.time.Scheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The EndpointSlices of one Service, listed once and watched from then on, for as many sources as want them.
 *
 * <p>One {@link SliceSession} after another. What ends a session decides how the next begins:
 *
 * <pre>
 *   ended by                              then
 *   the server, as agreed                 watch on from the last version, within a second
 *   410, as a status or within a watch    list again; within a second the first time, else after the back-off
 *   versions that go back                 list again, without a version; the same
 *   what the API does not promise         the same: watched from the same version, it would come again
 *   401                                   read the credentials again; at first within a second, else after the back-off
 *   a fault after it had worked           watch on, within a second and without a report; else after the back-off
 *   anything else                         try again after the back-off; for its report see {@link WatchFailures}
 * </pre>
 *
 * <p>A connection whose other end vanished looks like a Service on which nothing happens. So every wait has an end.
 * Connecting and listing: {@code listTimeout}. A watch: {@link #SILENCE} after its last event, since API servers send a
 * bookmark about every minute; and {@link #OVERTIME} after the end that was agreed. A server that has never sent a
 * bookmark gets twice as long after each time, up to the agreed end. Over HTTP/2 a ping finds a dead connection sooner,
 * see {@link ApiConnection}.
 *
 * <p>The back-off begins at 1 s and doubles to 30 s, half of it at random; a longer {@code Retry-After} is honoured,
 * with up to as much again at random as the back-off; a refusal is looked at again when it has lasted
 * {@link #ROLE_PATIENCE}, if that is sooner. It begins anew when a watch has worked, which is when it lasted
 * {@link #SETTLED}: what it sent before that proves nothing, or a server that ends every watch after its first bookmark
 * would be asked every second.
 *
 * <p>What counts as proof that the endpoints are true: a list, an event or a bookmark. That a watch was accepted is
 * none: a server that was set back to a backup accepts it and sends nothing. So after a failure that is more than a
 * hiccup, and after a session without any proof, the slices are listed. And since no version proves that a server was
 * not set back to a backup and has counted on since, the slices are listed anew, at a random time of
 * {@link #SOONEST_RELIST} to {@link #LATEST_RELIST}.
 *
 * <p>Everything but the constructor and {@link #close} runs on the scheduler.
 */
final class SliceWatch implements AutoCloseable {

    static final Duration SILENCE = Duration.ofMinutes(2);
    static final Duration SOONEST_RELIST = Duration.ofHours(1);
    static final Duration LATEST_RELIST = Duration.ofHours(2);
    /** How long a 403 lasts before it is taken for a missing Role, and not for an API server that is starting. */
    static final Duration ROLE_PATIENCE = Duration.ofSeconds(10);

    /** So many failures that lists make up for, and no watch that worked, are worth a line in the log. */
    private static final int LASTING = 3;

    static final Duration OVERTIME = Duration.ofSeconds(30);
    static final Duration SETTLED = Duration.ofSeconds(30);
    static final long SHORTEST_WATCH_SECONDS = 300;
    static final long LONGEST_WATCH_SECONDS = 600;

    private static final Logger LOG = LoggerFactory.getLogger(SliceWatch.class);

    private final Key key;
    private final Duration listTimeout;
    private final SourceContext context;
    private final Scheduler scheduler;
    private final Executor sessions;
    private final ApiAccess access;
    private final List<Listener> listeners = new ArrayList<>();

    private final KnownSlices slices = new KnownSlices();
    private final RetryWaits backoff;
    private @Nullable String namespace;
    private boolean listed;
    private final WatchFailures failures = new WatchFailures();

    // Invariant: at most one of the two is set, and neither once it is closed.
    // Written on the scheduler only.
    private volatile @Nullable SliceSession session;
    private Scheduler.@Nullable Cancellable nextSession;
    private Scheduler.@Nullable Cancellable watchdog;

    // Whether this session has proved that what is known is true.
    private boolean proved;
    private long relistAt;
    private boolean relistKnown;
    private @Nullable Long deniedSince;
    private boolean warned;
    private final AtomicLong requests = new AtomicLong();

    private long watchingSince;
    private long agreedSeconds;
    private boolean watching;
    private boolean everBookmarked;
    private volatile Duration silence = SILENCE;
    private boolean credentialsRead;
    private boolean expiredBefore;
    private volatile boolean closed;

    /**
     * What it is that is watched; equal for those who can share.
     *
     * @param access how the API server is reached
     * @param namespace or null for our own
     */
    record Key(ApiAccess.Config access, @Nullable String namespace, String service) {}

    /** Receives what was found, on the scheduler. */
    interface Listener {

        /** These are all. */
        void listed(Collection<EndpointSlice> all, String namespace);

        /** This one is new or changed. */
        void changed(EndpointSlice slice);

        void gone(String name);

        /** Nothing changed, and there is proof of it. */
        void confirmed();

        void failed(Failed why);
    }

    /** A watch that has not begun; the first listener begins it. */
    SliceWatch(Key key, Duration listTimeout, SourceContext context, Executor sessions, ApiAccess access) {
        this.key = key;
        this.listTimeout = listTimeout;
        this.context = context;
        this.scheduler = context.scheduler();
        this.sessions = sessions;
        this.access = access;
        this.backoff = new RetryWaits(context.random());
    }

    void add(Listener listener) {
        listeners.add(listener);
        if (listed) {
            listener.listed(slices.all(), String.valueOf(namespace));
        }
        Failed now = failures.reported();
        if (now != null) {
            listener.failed(now);
        }
        if (session == null && nextSession == null) {
            begin();
        }
    }

    void remove(Listener listener) {
        listeners.remove(listener);
    }

    /** How many lists and watches were asked for. Thread-safe. */
    long requests() {
        return requests.get();
    }

    /** How old the last proof can be while the watch works. Thread-safe. */
    Duration freshFor() {
        Duration longest = Duration.ofSeconds(LONGEST_WATCH_SECONDS).plus(OVERTIME);
        Duration now = silence;
        return (now.compareTo(longest) < 0 ? now : longest).plus(SETTLED);
    }

    /** Why it fails although lists prove what is known; null if all is well. Thread-safe. */
    @Nullable
    String trouble() {
        return failures.withheld();
    }

    /** All slices that are known. */
    Collection<EndpointSlice> known() {
        return slices.all();
    }

    /** Safe on any thread; called when no listener is left. */
    @Override
    public void close() {
        closed = true;
        // At once: with the last watch of a process its scheduler ends too, and drops what is queued.
        SliceSession last = session;
        if (last != null) {
            last.cancel();
        }
        scheduler.execute(this::end);
    }

    private void end() {
        cancel(nextSession);
        cancel(watchdog);
        nextSession = null;
        SliceSession last = session;
        session = null;
        if (last != null) {
            last.cancel();
        }
    }

    private static void cancel(Scheduler.@Nullable Cancellable timer) {
        if (timer != null) {
            timer.cancel();
        }
    }

    private void begin() {
        nextSession = null;
        if (closed) {
            return;
        }
        watching = false;
        proved = false;
        agreedSeconds = context.random().nextLong(SHORTEST_WATCH_SECONDS, LONGEST_WATCH_SECONDS + 1);
        if (relistKnown && context.ticker().nanos() - relistAt >= 0) {
            slices.doubt();
        }
        SliceSession.Plan plan = new SliceSession.Plan(
                key.service(), key.namespace(), slices.watchFrom(), slices.listVersion(), agreedSeconds);
        SliceSession next = new SliceSession(access, plan, requests::incrementAndGet, new OnScheduler());
        session = next;
        if (closed) {
            // Between the look at it above and the line before this: the close saw no session.
            return;
        }
        expectWithin(listTimeout, "no answer within " + listTimeout);
        try {
            sessions.execute(next);
        } catch (RuntimeException | Error noThread) {
            // Otherwise the watch would end here for ever.
            ended(next, Explanations.notBegun(where(), noThread));
        }
    }

    private void expectWithin(Duration wait, String otherwise) {
        cancel(watchdog);
        watchdog = scheduler.schedule(wait, () -> cutOff(otherwise));
    }

    private void cutOff(String why) {
        SliceSession silent = session;
        if (silent == null) {
            return;
        }
        if (watching && !everBookmarked) {
            silence = silence.multipliedBy(2);
        }
        silent.cancel();
        // Over HTTP/2 the dead connection would be used again for the next request.
        access.renew(silent.connection());
        ended(silent, new ApiProblem(Kind.UNREACHABLE, where() + ": " + why, null, null));
    }

    private String where() {
        return "the API server, asked for Service " + key.service();
    }

    private void waitForNextWord() {
        long sinceStart = context.ticker().nanos() - watchingSince;
        Duration untilEnd = Duration.ofSeconds(agreedSeconds).plus(OVERTIME).minusNanos(sinceStart);
        if (silence.compareTo(untilEnd) < 0) {
            expectWithin(
                    silence,
                    "its watch has been silent for " + silence + " (expected: a bookmark about every minute),"
                            + " so the connection is taken for dead");
        } else {
            expectWithin(untilEnd, "its watch went on after the end that was agreed");
        }
    }

    /** Carries what a session receives from its thread to the scheduler, where abandoned sessions don't count. */
    private final class OnScheduler implements SliceSession.Observer {

        private void onScheduler(SliceSession from, Runnable task) {
            scheduler.execute(() -> {
                if (from == session && !closed) {
                    task.run();
                }
            });
        }

        @Override
        public void listed(SliceSession from, SliceList list, String where) {
            onScheduler(from, () -> SliceWatch.this.listed(list, where));
        }

        @Override
        public void watching(SliceSession from, String where) {
            onScheduler(from, () -> SliceWatch.this.watching(where));
        }

        @Override
        public void heard(SliceSession from, WatchEvent event) {
            onScheduler(from, () -> SliceWatch.this.heard(event));
        }

        @Override
        public void ended(SliceSession from, @Nullable ApiProblem problem) {
            onScheduler(from, () -> SliceWatch.this.ended(from, problem));
        }
    }

    private void listed(SliceList list, String where) {
        namespace = where;
        if (!slices.replaceBy(list)) {
            wentBack(list.resourceVersion());
            return;
        }
        listed = true;
        proved();
        relistKnown = true;
        relistAt = context.ticker().nanos()
                + context.random().nextLong(SOONEST_RELIST.toNanos(), LATEST_RELIST.toNanos() + 1);
        expectWithin(listTimeout, "no answer to a watch within " + listTimeout);
        for (Listener listener : List.copyOf(listeners)) {
            listener.listed(list.slices(), where);
        }
    }

    private void watching(String where) {
        namespace = where;
        watching = true;
        watchingSince = context.ticker().nanos();
        deniedSince = null;
        warned = false;
        waitForNextWord();
    }

    private void proved() {
        proved = true;
        failures.proved(context.ticker().nanos());
    }

    private void confirm() {
        proved();
        for (Listener listener : List.copyOf(listeners)) {
            listener.confirmed();
        }
    }

    private void heard(WatchEvent event) {
        waitForNextWord();
        EndpointSlice slice = event.object().slice();
        switch (event.type()) {
            case "BOOKMARK" -> {
                everBookmarked = true;
                silence = SILENCE;
                if (slices.moveOn(slice.resourceVersion()) == News.OLDER) {
                    wentBack(slice.resourceVersion());
                } else {
                    confirm();
                }
            }
            case "ADDED", "MODIFIED" -> changed(slices.put(slice), slice, listener -> listener.changed(slice));
            case "DELETED" -> changed(slices.remove(slice), slice, listener -> listener.gone(slice.name()));
            default -> LOG.debug("{}: an event of unknown type {} is skipped", where(), event.type());
        }
    }

    private void changed(News news, EndpointSlice slice, Consumer<Listener> report) {
        switch (news) {
            case OLDER -> wentBack(slice.resourceVersion());
            case KNOWN -> confirm();
            case NEW -> {
                proved();
                for (Listener listener : List.copyOf(listeners)) {
                    report.accept(listener);
                }
            }
        }
    }

    private void wentBack(String older) {
        SliceSession doubted = session;
        if (doubted != null) {
            ApiProblem problem = Explanations.wentBack(where(), slices.newest(), older);
            slices.doubt();
            doubted.cancel();
            ended(doubted, problem);
        }
    }

    private void ended(SliceSession over, @Nullable ApiProblem problem) {
        session = null;
        cancel(watchdog);
        boolean worked = watching && context.ticker().nanos() - watchingSince >= SETTLED.toNanos();
        if (worked) {
            backoff.reset();
            failures.worked();
            credentialsRead = false;
            expiredBefore = false;
        }
        if (!proved && (problem == null || problem.kind() != Kind.EXPIRED)) {
            slices.relist();
        }
        if (problem == null && worked) {
            next(backoff.soon());
        } else if (problem == null) {
            failed(endedAtOnce(), over, false);
        } else {
            switch (problem.kind()) {
                case EXPIRED -> expired(problem, over);
                case UNAUTHORIZED -> unauthorized(problem, over);
                case FORBIDDEN, REFUSED, UNREACHABLE -> failed(problem, over, worked);
            }
        }
    }

    private ApiProblem endedAtOnce() {
        return new ApiProblem(Kind.UNREACHABLE, where() + ": it ended the watch soon after it had begun", null, null);
    }

    private void expired(ApiProblem problem, SliceSession over) {
        slices.expire();
        boolean again = expiredBefore;
        expiredBefore = true;
        if (again) {
            failed(problem, over, false);
        } else {
            LOG.debug("{}: what was known is too old to go on from, so it is listed again", where());
            next(backoff.soon());
        }
    }

    private void unauthorized(ApiProblem problem, SliceSession over) {
        access.renew(over.connection());
        boolean again = credentialsRead;
        credentialsRead = true;
        if (again) {
            failed(problem, over, false);
        } else {
            next(backoff.soon());
        }
    }

    private void failed(ApiProblem problem, SliceSession over, boolean worked) {
        boolean firstHiccup =
                backoff.failed() == 1 && worked && problem.kind() == Kind.UNREACHABLE && problem.retryAfter() == null;
        if (firstHiccup && problem.getCause() != null) {
            LOG.debug("{}: the watch broke off and is taken up again", where(), problem);
            next(backoff.soon());
            return;
        }
        if (problem.getCause() instanceof SSLException) {
            // The CA may have been exchanged.
            access.renew(over.connection());
        }
        slices.relist();
        Failed why = new Failed(reasonOf(problem), problem.getCause());
        Duration age = failures.ageOfProof(context.ticker().nanos());
        if (failures.isWithheld(why, proved && !worked, age, freshFor())) {
            warnOfLists(problem);
        } else {
            report(why);
        }
        next(untilAdviceIsDue(problem, backoff.wait(problem.retryAfter())));
    }

    /** A watch that does not last costs more and learns of changes later: for people, once until it lasts again. */
    private void warnOfLists(ApiProblem problem) {
        if (failures.count() == LASTING && problem.kind() != Kind.FORBIDDEN) {
            LOG.warn(
                    "{}; its lists work, so they are repeated instead, and changes are known up to {} late",
                    problem.reason(),
                    RetryWaits.LONGEST);
        }
    }

    private void report(Failed reported) {
        for (Listener listener : List.copyOf(listeners)) {
            listener.failed(reported);
        }
    }

    /** While an API server starts it refuses everything for some seconds: only what lasts is worth advice. */
    private String reasonOf(ApiProblem problem) {
        if (problem.kind() != Kind.FORBIDDEN) {
            return problem.reason();
        }
        long now = context.ticker().nanos();
        Long since = deniedSince;
        if (since == null) {
            deniedSince = now;
        }
        if (since == null || now - since < ROLE_PATIENCE.toNanos()) {
            return problem.reason();
        }
        String lasting = problem.reason() + "; " + problem.advice();
        if (!warned) {
            warned = true;
            LOG.warn("{}", lasting);
        }
        return lasting;
    }

    /**
     * A refusal that may be a missing Role is looked at again as soon as it counts as one, with up to a second at
     * random: people wait for that advice, and the back-off may put it off by another 16 s.
     */
    private Duration untilAdviceIsDue(ApiProblem problem, Duration wait) {
        Long since = deniedSince;
        if (problem.kind() != Kind.FORBIDDEN || problem.retryAfter() != null || since == null) {
            return wait;
        }
        Duration left = ROLE_PATIENCE.minusNanos(context.ticker().nanos() - since);
        if (left.isNegative() || left.isZero()) {
            return wait;
        }
        Duration due = left.plus(backoff.soon());
        return due.compareTo(wait) < 0 ? due : wait;
    }

    private void next(Duration wait) {
        if (!closed) {
            nextSession = scheduler.schedule(wait, this::begin);
        }
    }
}
