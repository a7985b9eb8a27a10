package io.evenkeel.rsocket;

import io.evenkeel.spi.EndpointConnections;
import io.evenkeel.spi.Guard;
import io.evenkeel.time.Scheduler;
import io.evenkeel.time.Ticker;
import io.rsocket.exceptions.ConnectionCloseException;
import io.rsocket.exceptions.ConnectionErrorException;
import io.rsocket.exceptions.SetupException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Where requests find a connection: an immutable snapshot of those that may be used, one volatile read away. The
 * control thread writes it, every thread reads it.
 */
final class Router {

    private static final PodConnection[] NONE = {};

    private final String pool;
    private final Ticker ticker;
    private final Pick pick;
    private final Duration drainDeadline;
    private final Failures failures;
    private final WaitQueue waiting;
    private final StreamPolicies policies;
    private final Scheduler scheduler;
    private final Executor signals;
    private final Guard guard;
    private final ForeignCalls foreign;
    private final LongAdder sent = new LongAdder();
    private volatile PodConnection[] open = NONE;
    private volatile boolean closed;

    Router(
            String pool,
            Ticker ticker,
            Pick pick,
            Duration drainDeadline,
            Failures failures,
            WaitQueue waiting,
            StreamPolicies policies,
            Scheduler scheduler,
            Executor signals) {
        this.pool = pool;
        this.ticker = ticker;
        this.pick = pick;
        this.drainDeadline = drainDeadline;
        this.failures = failures;
        this.waiting = waiting;
        this.policies = policies;
        this.scheduler = scheduler;
        this.signals = signals;
        this.guard = new Guard("Pool " + pool);
        this.foreign = new ForeignCalls(signals, guard);
    }

    long now() {
        return ticker.nanos();
    }

    /** Whether latency is measured; pointless with fewer than two connections. */
    boolean isTimed() {
        return open.length > 1;
    }

    /** A connection that has counted the request in, or null if there is none now. */
    @Nullable
    PodConnection enter(Interaction interaction, long now) {
        PodConnection[] all = open;
        return pick.enter(all, interaction, all.length > 1 && now == PlacedRequest.UNTIMED ? now() : now);
    }

    /** There may be a connection that has a lease now. */
    void leased() {
        waiting.dispatch();
    }

    /** The best availability of those where a request would be taken now; 0 if there is none. */
    double availability() {
        double best = 0;
        for (PodConnection connection : open) {
            if (connection.isAvailable()) {
                best = Math.max(best, connection.rsocket().availability());
            }
        }
        return best;
    }

    /** These may be used from now on; requests that wait get one. */
    void route(PodConnection[] connections) {
        open = connections;
        if (connections.length > 0) {
            waiting.dispatch();
        }
    }

    /** The one guard around subscribers, resumers and interceptors. */
    Guard guard() {
        return guard;
    }

    /** Calls what is not ours off the control thread and off event loops, behind the guard. */
    ForeignCalls foreign() {
        return foreign;
    }

    /** Runs what may run the application's code, off the control thread and off foreign event loops. */
    Executor signals() {
        return signals;
    }

    /** For deadlines; what it runs must not run the application's code. */
    Scheduler scheduler() {
        return scheduler;
    }

    /** Has a request wait for a connection. */
    void await(Waiting request) {
        if (closed) {
            request.refuse(new ClientClosedException(pool, true));
            return;
        }
        waiting.add(request);
        if (closed) {
            waiting.refuseAll(() -> new ClientClosedException(pool, true));
        } else if (open.length > 0) {
            // Routed, or granted a lease, between this request's look and its joining the queue.
            waiting.dispatch();
        }
    }

    /** No request gets a connection any more, and those that wait are refused. */
    void close() {
        closed = true;
        open = NONE;
        waiting.refuseAll(() -> new ClientClosedException(pool, true));
    }

    boolean isClosed() {
        return closed;
    }

    int waiting() {
        return waiting.size();
    }

    /** A request begins on its connection. */
    void began() {
        sent.increment();
    }

    EndpointConnections.Usage usage() {
        return new EndpointConnections.Usage(waiting.size(), sent.sum(), waiting.expired());
    }

    /** What becomes of this stream when its connection drains, or null if it needs no more than any request. */
    @Nullable
    LongStreamPolicy policy(Interaction interaction, Object input) {
        return policies.of(interaction, input);
    }

    /** Whether any stream may have to be moved or cut by itself. */
    boolean hasPolicies() {
        return policies.areAny();
    }

    DrainDeadlineException cut(PodConnection connection, Duration grace) {
        return new DrainDeadlineException(pool, connection.endpoint(), grace, null);
    }

    /** Whether the error counts against the Pod that it came from. */
    boolean isFailure(Throwable error) {
        return failures.count(error);
    }

    /** What the application is to see of an error: its own as they are, ours with what happened and what to do. */
    Throwable explain(Throwable error, PodConnection connection) {
        // A channel's own input may fail with an IOException, too.
        if (!isLoss(error) || !connection.isGone()) {
            return error;
        }
        PodConnection.Ending ending = connection.ending();
        if (ending == PodConnection.Ending.CUT) {
            return new DrainDeadlineException(pool, connection.endpoint(), drainDeadline, error);
        }
        if (ending == PodConnection.Ending.DISPOSED) {
            return new ClientClosedException(pool, false);
        }
        return new ConnectionLostException(pool, connection.endpoint(), error);
    }

    /** Whether it says that the connection is gone, rather than that the server answered with an error. */
    static boolean isLoss(Throwable error) {
        return error instanceof IOException
                || error instanceof ConnectionErrorException
                || error instanceof ConnectionCloseException
                || error instanceof SetupException;
    }
}
