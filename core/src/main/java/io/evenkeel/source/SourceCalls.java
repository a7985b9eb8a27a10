package io.evenkeel.source;

import io.evenkeel.time.Scheduler;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls one source, which may be foreign code, so that a call that throws or never returns harms nothing but this
 * source. For those who start sources. Thread-safe.
 *
 * <p>Every call runs on {@link SourceContext#foreign()}, never on the scheduler and never under a lock of the caller:
 *
 * <pre>
 *   start    throws, or takes longer than 5 s: a report that it failed. Returns late: what it had reported counts again
 *   close    after start has returned; after 5 s also while start goes on, which is interrupted, and again when it
 *            returns. Takes longer than 2 s: interrupted and left behind
 *   facts    asked for after reports, one round at a time; what was answered last is what holds
 * </pre>
 */
public final class SourceCalls {

    /** How long {@code start()}, which is to return at once, may take until the source counts as failed. */
    public static final Duration START_DEADLINE = Duration.ofSeconds(5);

    /** How long {@code close()} may take until nothing waits for it any more. */
    public static final Duration CLOSE_DEADLINE = Duration.ofSeconds(2);

    private static final Logger LOG = LoggerFactory.getLogger(SourceCalls.class);

    /** NEW → STARTING → STARTED → CLOSED; a start may be OVERDUE, and its source may be closed before it returns. */
    private enum State {
        NEW,
        STARTING,
        /** The start has taken longer than its deadline. */
        OVERDUE,
        /** The start has returned or thrown. */
        STARTED,
        /** To be closed by the thread that starts it, unless it exceeds its deadline. */
        ENDING,
        CLOSED
    }

    /**
     * What a source answered to the questions that it is asked. Immutable.
     *
     * @param freshFor as {@link EndpointSource#freshFor()}; null where it promises nothing above zero
     * @param requests as {@link EndpointSource#requests()}
     * @param trouble as {@link EndpointSource#trouble()}
     */
    public record Facts(
            @Nullable Duration freshFor,
            long requests,
            @Nullable String trouble) {

        /** Of a source that has not been asked yet. */
        public static final Facts NONE = new Facts(null, 0, null);

        /** Whether they differ in the number of requests at most, which nothing depends on. */
        public boolean saysTheSame(Facts other) {
            return Objects.equals(freshFor, other.freshFor) && Objects.equals(trouble, other.trouble);
        }
    }

    private final String target;
    private final EndpointSource source;
    private final SourceContext context;
    private final AtomicReference<State> state = new AtomicReference<>(State.NEW);
    private volatile @Nullable FutureTask<?> starting;
    private volatile @Nullable FutureTask<?> asking;
    // Written by the reporting thread, and by the scheduler when the start becomes overdue.
    private volatile EndpointSource.@Nullable Endpoints lastAnswer;
    private volatile Facts facts = Facts.NONE;
    private final AtomicReference<Asking> questions = new AtomicReference<>(Asking.IDLE);

    /** IDLE → ASKING → IDLE, or ASKING → AGAIN → ASKING where a report came meanwhile. */
    private enum Asking {
        IDLE,
        ASKING,
        AGAIN
    }

    /** @param target of the source, for messages */
    public SourceCalls(String target, EndpointSource source, SourceContext context) {
        this.target = Objects.requireNonNull(target, "target");
        this.source = Objects.requireNonNull(source, "source");
        this.context = Objects.requireNonNull(context, "context");
    }

    /**
     * Starts the source, unless it was closed; called once. That it did not start, or not in time, is a report like
     * those of the source.
     *
     * @param observer receives the reports, on any thread and possibly two at once; hands them over, and never throws
     */
    public void start(EndpointSource.Observer observer) {
        if (!becomes(State.NEW, State.STARTING)) {
            return;
        }
        AtomicReference<Scheduler.Cancellable> deadline = new AtomicReference<>(() -> {});
        FutureTask<?> call = new FutureTask<>(() -> runStart(observer, deadline), null);
        starting = call;
        try {
            deadline.set(context.scheduler().schedule(START_DEADLINE, () -> overdue(observer)));
            context.foreign().execute(call);
        } catch (RuntimeException | Error refused) {
            startEnded(observer, deadline, refused);
        }
    }

    private void runStart(EndpointSource.Observer observer, AtomicReference<Scheduler.Cancellable> deadline) {
        Throwable failure = null;
        try {
            source.start(report -> {
                lastAnswer = report instanceof EndpointSource.Endpoints answer ? answer : null;
                observer.on(report);
            });
        } catch (Throwable refused) {
            failure = refused;
        }
        startEnded(observer, deadline, failure);
    }

    private void startEnded(
            EndpointSource.Observer observer,
            AtomicReference<Scheduler.Cancellable> deadline,
            @Nullable Throwable failure) {
        deadline.get().cancel();
        boolean late = becomes(State.OVERDUE, State.STARTED);
        if (!late && !becomes(State.STARTING, State.STARTED)) {
            // Closed meanwhile, perhaps before it could see what was just made.
            state.set(State.CLOSED);
            runClose();
            return;
        }
        EndpointSource.Endpoints answer = lastAnswer;
        if (failure != null) {
            String why = failure.getMessage() == null ? failure.toString() : failure.getMessage();
            observer.on(new EndpointSource.Failed("the source did not start: " + why, failure));
        } else if (late && answer != null) {
            observer.on(answer);
        }
    }

    private void overdue(EndpointSource.Observer observer) {
        if (becomes(State.ENDING, State.CLOSED)) {
            closeBesideStart();
        } else if (becomes(State.STARTING, State.OVERDUE)) {
            observer.on(new EndpointSource.Failed(
                    "the source's start() has not returned within " + START_DEADLINE
                            + " (expected: at once; it reports to its observer, from a thread of its own)",
                    null));
        }
    }

    /** Closes the source, now or once its start has returned. Returns at once; may be called again. */
    public void close() {
        cancel(asking);
        if (becomes(State.STARTING, State.ENDING)) {
            return;
        }
        if (becomes(State.OVERDUE, State.CLOSED)) {
            closeBesideStart();
        } else if (becomes(State.STARTED, State.CLOSED) || becomes(State.NEW, State.CLOSED)) {
            submitClose();
        }
    }

    private void closeBesideStart() {
        submitClose();
        cancel(starting);
    }

    private void submitClose() {
        FutureTask<?> call = new FutureTask<>(this::runClose, null);
        Scheduler.Cancellable deadline = closeDeadline(call);
        try {
            context.foreign().execute(() -> {
                call.run();
                deadline.cancel();
            });
        } catch (RuntimeException | Error refused) {
            deadline.cancel();
            LOG.warn("{}: the source failed to close", target, refused);
        }
    }

    /** None where no timer can be had, for want of memory or a thread: the source is closed nevertheless. */
    private Scheduler.Cancellable closeDeadline(FutureTask<?> call) {
        try {
            return context.scheduler().schedule(CLOSE_DEADLINE, () -> abandonClose(call));
        } catch (RuntimeException | Error refused) {
            LOG.debug("{}: no deadline for closing the source", target, refused);
            return () -> {};
        }
    }

    private void runClose() {
        try {
            source.close();
        } catch (Throwable failure) {
            LOG.warn("{}: the source failed to close", target, failure);
        }
    }

    private void abandonClose(FutureTask<?> call) {
        if (!call.isDone()) {
            LOG.warn(
                    "{}: the source's close() has not returned within {}; it is interrupted and left behind",
                    target,
                    CLOSE_DEADLINE);
            call.cancel(true);
        }
    }

    /** Whether answers are awaited, after which {@code answered} runs. */
    public boolean isAsking() {
        return questions.get() != Asking.IDLE;
    }

    /** What was answered last. */
    public Facts facts() {
        return facts;
    }

    /**
     * Asks anew; at once if the caller's context runs such calls in place.
     *
     * @param answered runs on the scheduler when {@link #facts()} is as new as this call; not if that never happens
     */
    public void ask(Runnable answered) {
        if (questions.compareAndSet(Asking.IDLE, Asking.ASKING)) {
            submitQuestions(answered);
        } else {
            // The round that is under way may have begun before what made the caller ask.
            questions.compareAndSet(Asking.ASKING, Asking.AGAIN);
        }
    }

    private void submitQuestions(Runnable answered) {
        FutureTask<?> call = new FutureTask<>(() -> runQuestions(answered), null);
        asking = call;
        try {
            context.foreign().execute(call);
        } catch (RuntimeException | Error refused) {
            questions.set(Asking.IDLE);
            LOG.debug("{}: the source could not be asked", target, refused);
        }
    }

    private void runQuestions(Runnable answered) {
        do {
            questions.set(Asking.ASKING);
            Duration bound = answer("freshFor", source::freshFor, null);
            facts = new Facts(
                    isPromise(bound) ? bound : null,
                    answer("requests", source::requests, 0L),
                    answer("trouble", source::trouble, null));
        } while (!questions.compareAndSet(Asking.ASKING, Asking.IDLE));
        context.scheduler().execute(answered);
    }

    /** A source that throws here makes no promise. */
    private <T extends @Nullable Object> T answer(String question, Supplier<? extends T> asked, T otherwise) {
        try {
            return asked.get();
        } catch (Throwable failure) {
            LOG.debug("{}: the source's {}() failed", target, question, failure);
            return otherwise;
        }
    }

    private static boolean isPromise(@Nullable Duration bound) {
        return bound != null && !bound.isNegative() && !bound.isZero();
    }

    private boolean becomes(State from, State to) {
        return state.compareAndSet(from, to);
    }

    private static void cancel(@Nullable FutureTask<?> call) {
        if (call != null) {
            call.cancel(true);
        }
    }
}
