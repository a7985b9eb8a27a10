package io.evenkeel.balance;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.EndpointConnections;
import io.evenkeel.spi.EndpointConnections.Load;
import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import io.evenkeel.spi.EndpointConnections.OpenOutcome;
import io.evenkeel.spi.EndpointConnections.RetireOutcome;
import io.evenkeel.spi.EndpointConnections.RetireReason;
import io.evenkeel.spi.EndpointConnections.Usage;
import io.evenkeel.spi.Guard;
import io.evenkeel.status.FailureCause;
import io.evenkeel.time.DueTime;
import io.evenkeel.time.Ticker;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Calls the adapter, and survives it: a verb that throws has failed, and one that never completes is resolved at a
 * deadline. Confined to the control thread, except {@link #load}, {@link #usage} and {@link #causeOf}.
 *
 * <p>Deadlines are above what adapters bound themselves (connect and validation time-outs, the deadline of a move), so
 * that they only meet what would otherwise never end:
 *
 * <ul>
 *   <li>an open after {@link #OPEN}, as failed;
 *   <li>a probe after {@link #PROBE}, as failed;
 *   <li>a move {@link #GRACE} after its own deadline, as failed;
 *   <li>a retirement {@link #GRACE} after the move's or the drain's deadline, as kept, unless the adapter still counts
 *       a connection in use that it closes on return.
 * </ul>
 */
final class AdapterVerbs {

    static final Duration OPEN = Duration.ofSeconds(60);
    static final Duration PROBE = Duration.ofSeconds(15);
    static final Duration GRACE = Duration.ofSeconds(30);

    private static final LongFunction<DueTime> NO_LONGER = now -> DueTime.never();

    private final Guard guard;
    private final Ticker ticker;
    private final Consumer<Runnable> post;
    private final BiConsumer<EndpointKey, Throwable> onThrown;
    private final PendingSteps pending = new PendingSteps();
    private volatile @Nullable EndpointConnections adapter;

    /**
     * @param post runs a task on the control thread, followed by a round
     * @param onThrown receives what a verb threw, or that it did not complete in time
     */
    AdapterVerbs(Guard guard, Ticker ticker, Consumer<Runnable> post, BiConsumer<EndpointKey, Throwable> onThrown) {
        this.guard = guard;
        this.ticker = ticker;
        this.post = post;
        this.onThrown = onThrown;
    }

    void connect(EndpointConnections connections) {
        adapter = connections;
    }

    private EndpointConnections adapter() {
        return Objects.requireNonNull(adapter, "connections (expected: start() before anything else)");
    }

    /** What it threw, or null if the endpoint is known to the adapter now. */
    @Nullable
    Throwable join(Endpoint endpoint) {
        Throwable thrown =
                guard.run("the adapter's join", endpoint.key(), () -> adapter().join(endpoint));
        if (thrown != null) {
            onThrown.accept(endpoint.key(), thrown);
        }
        return thrown;
    }

    void open(EndpointKey endpoint, Consumer<OpenOutcome> done, Consumer<OpenOutcome> late) {
        call(
                "the adapter's open",
                endpoint,
                OPEN,
                NO_LONGER,
                OpenOutcome.Failed::new,
                done,
                late,
                promise -> adapter().open(endpoint, promise));
    }

    void probe(EndpointKey endpoint, Consumer<OpenOutcome> done, Consumer<OpenOutcome> late) {
        call(
                "the adapter's probe",
                endpoint,
                PROBE,
                NO_LONGER,
                OpenOutcome.Failed::new,
                done,
                late,
                promise -> adapter().probe(endpoint, promise));
    }

    /** @param pendingHere how many retirements at this endpoint are pending, asked at the deadline */
    void retire(
            EndpointKey endpoint,
            RetireReason reason,
            Duration deadline,
            IntSupplier pendingHere,
            Consumer<RetireOutcome> done,
            Consumer<RetireOutcome> late) {
        // A connection in use may be returned at any time later; only one that the adapter does not count is lost.
        LongFunction<DueTime> whileInUse = now -> load(endpoint).draining() >= pendingHere.getAsInt()
                ? DueTime.at(now + GRACE.toNanos())
                : DueTime.never();
        call(
                "the adapter's retire",
                endpoint,
                deadline.plus(GRACE),
                whileInUse,
                failure -> new RetireOutcome.Kept(),
                done,
                late,
                promise -> adapter().retire(endpoint, reason, promise));
    }

    void move(
            EndpointKey from,
            EndpointKey to,
            RetireReason reason,
            Duration deadline,
            Consumer<MoveOutcome> done,
            Consumer<MoveOutcome> late) {
        call(
                "the adapter's move",
                to,
                deadline.plus(GRACE),
                NO_LONGER,
                MoveOutcome.Failed::new,
                done,
                late,
                promise -> adapter().move(from, to, reason, deadline, promise));
    }

    private interface Verb<O> {
        void call(Consumer<O> promise);
    }

    private <O> void call(
            String verb,
            EndpointKey endpoint,
            Duration atMost,
            LongFunction<DueTime> prolong,
            Function<Throwable, O> onFailure,
            Consumer<O> done,
            Consumer<O> late,
            Verb<O> foreign) {
        TimeoutException none = new TimeoutException(verb + " at " + endpoint + " did not complete within "
                + atMost.toSeconds() + " s (expected: exactly one outcome)");
        PendingSteps.Pending<O> step = pending.begin(
                ticker.nanos() + atMost.toNanos(),
                prolong,
                onFailure.apply(none),
                () -> {
                    guard.failed(verb, endpoint, none);
                    onThrown.accept(endpoint, none);
                },
                done,
                late);
        Throwable thrown =
                guard.run(verb, endpoint, () -> foreign.call(outcome -> post.accept(() -> step.outcome(outcome))));
        if (thrown != null) {
            onThrown.accept(endpoint, thrown);
            // It may have begun nevertheless, and then an outcome comes later.
            post.accept(() -> step.giveUp(onFailure.apply(thrown)));
        }
    }

    void keep(EndpointKey endpoint) {
        guard.run("the adapter's keep", endpoint, () -> adapter().keep(endpoint));
    }

    /** Whether the adapter took the routes. */
    boolean route(Set<EndpointKey> routable) {
        return guard.run("the adapter's route", null, () -> adapter().route(routable)) == null;
    }

    void leave(EndpointKey endpoint) {
        guard.run("the adapter's leave", endpoint, () -> adapter().leave(endpoint));
    }

    /** From any thread. */
    Load load(EndpointKey endpoint) {
        return guard.call(
                "the adapter's load",
                endpoint,
                () -> Objects.requireNonNull(adapter().load(endpoint)),
                failure -> Load.NONE);
    }

    /** From any thread; also before the start. */
    Usage usage() {
        EndpointConnections connected = adapter;
        return connected == null
                ? Usage.NONE
                : guard.call(
                        "the adapter's usage",
                        null,
                        () -> Objects.requireNonNull(connected.usage()),
                        failure -> Usage.NONE);
    }

    /** What kind of failure it is, as the adapter sees it; from any thread. */
    FailureCause causeOf(EndpointKey endpoint, Throwable failure) {
        return guard.call(
                "the adapter's causeOf",
                endpoint,
                () -> Objects.requireNonNull(adapter().causeOf(failure)),
                thrown -> FailureCause.OTHER);
    }

    /** Resolves what is overdue. */
    void expire(long now) {
        pending.expire(now);
    }

    DueTime nextAt() {
        return pending.nextAt();
    }
}
