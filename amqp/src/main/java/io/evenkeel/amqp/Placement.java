package io.evenkeel.amqp;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.spi.EndpointConnections;
import io.evenkeel.spi.EndpointSignals;
import io.evenkeel.spi.Guard;
import io.evenkeel.spi.PromisedCallback;
import io.evenkeel.status.FailureCause;
import io.evenkeel.status.PoolStatus;
import io.evenkeel.time.Backoff;
import io.evenkeel.time.Scheduler;
import io.evenkeel.time.Seeds;
import io.evenkeel.time.Ticker;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections of one process to one target, as the rebalancer sees them: a pool of held seats, one for each
 * connection that the application has open, whichever of its factories opened it.
 *
 * <p>A seat that is wanted, by the application or by a connection that was lost, is a {@link ConnectRequest} in a queue
 * and makes the pool larger by one (or has its seat counted as free); the rebalancer says where to open one, the first
 * in the queue is dialled there, and if that fails queues up again. So every connection goes where the plan says, also
 * one that is recovered, and no second logic decides where. Thread-safe.
 */
final class Placement implements EndpointConnections, ConnectionHost {

    private static final Logger LOG = LoggerFactory.getLogger(Placement.class);
    /** Between attempts to recover one connection that is refused, wherever it is tried. */
    private static final Backoff REFUSED = Backoff.exponential(Duration.ofMillis(100), Duration.ofSeconds(30));
    /**
     * The same where a broker can't be reached: the rebalancer backs off from that broker; others only get their turn.
     */
    private static final Backoff UNREACHABLE = Backoff.exponential(Duration.ofMillis(100), Duration.ofSeconds(1));

    private final String pool;
    private final EndpointSignals signals;
    private final Executor io;
    private final Ticker ticker;
    private final Scheduler timers;
    private final Guard guard;
    private final AmqpMetrics metrics;
    private final ConnectRequestQueue seekers;
    private final ConnectionMoves moves;
    private final List<VirtualConnection> connections = new CopyOnWriteArrayList<>();
    /**
     * Lost connections whose recovery failed and that are tried again later. Invariant: one that is here has no seat
     * that is wanted; the code that takes it out wants one for it, or has found it closed.
     */
    private final Set<VirtualConnection> parked = ConcurrentHashMap.newKeySet();

    private final Random jitter = new Random(Seeds.fresh());
    private final AtomicLong recoveries = new AtomicLong();
    private final ConnectFailures failures;
    private final MetricsRecorder recorder;
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicLong acquired = new AtomicLong();
    private final AtomicLong timedOut = new AtomicLong();
    /** Where connections are being opened or recovered. */
    private final Map<ConnectRequest, EndpointKey> dialled = new ConcurrentHashMap<>();

    private volatile Runnable onClosed = () -> {};

    /**
     * @param timers must not be blocked; ends with the pool
     * @param recorder of what all adapters measure; never throws and never blocks
     * @param status of the pool, for the exceptions of callers
     */
    Placement(
            String pool,
            EndpointSignals signals,
            Executor io,
            Ticker ticker,
            Scheduler timers,
            AmqpMetrics metrics,
            MetricsRecorder recorder,
            Supplier<PoolStatus> status) {
        this.pool = pool;
        this.signals = signals;
        this.io = io;
        this.ticker = ticker;
        this.timers = timers;
        this.guard = new Guard("Pool " + pool);
        this.metrics = metrics;
        this.recorder = recorder;
        this.failures = new ConnectFailures(status);
        this.seekers = new ConnectRequestQueue(signals);
        this.moves = new ConnectionMoves(pool, signals, ticker, guard, metrics);
    }

    /** Runs for each connection that was asked for and is closed, or was not opened; on a thread that may block. */
    void onClosed(Runnable task) {
        onClosed = task;
    }

    // What the application wants.

    /** A new connection, at the endpoint that the plan has for it. Blocks. */
    VirtualConnection connect(Dialer dialer, Duration atMost) throws IOException, TimeoutException {
        waiting.incrementAndGet();
        try {
            return waitFor(ConnectRequest.forNew(dialer), atMost);
        } finally {
            waiting.decrementAndGet();
        }
    }

    private VirtualConnection waitFor(ConnectRequest seeker, Duration atMost) throws IOException, TimeoutException {
        long began = ticker.nanos();
        seekers.add(seeker);
        signals.wanted();
        // The caller has it, or the reason why not, before the pool may end.
        seeker.opened().whenComplete((connection, failure) -> {
            if (failure != null) {
                inBackground(onClosed);
            }
        });
        try {
            VirtualConnection connection = seeker.opened().get(atMost.toNanos(), TimeUnit.NANOSECONDS);
            acquired.incrementAndGet();
            recorder.acquireWaited(pool, Duration.ofNanos(ticker.nanos() - began), true);
            return connection;
        } catch (ExecutionException e) {
            throw asThrown(e.getCause());
        } catch (TimeoutException e) {
            timedOut.incrementAndGet();
            recorder.acquireWaited(pool, Duration.ofNanos(ticker.nanos() - began), false);
            TimeoutException late = failures.late(atMost);
            seekers.giveUp(seeker, late);
            throw late;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            IOException interrupted = new IOException("newConnection of pool " + pool + " was interrupted", e);
            seekers.giveUp(seeker, interrupted);
            throw interrupted;
        }
    }

    private static IOException asThrown(@Nullable Throwable cause) throws IOException, TimeoutException {
        if (cause instanceof ApplicationFailure failure) {
            throw failure.asThrown();
        }
        if (cause instanceof Error error) {
            throw error;
        }
        if (cause instanceof TimeoutException timeout) {
            throw timeout;
        }
        if (cause instanceof RuntimeException unexpected) {
            throw unexpected;
        }
        throw cause instanceof IOException io ? io : new IOException(cause);
    }

    // EndpointConnections.

    @Override
    public void join(Endpoint endpoint) {
        LOG.debug("Pool {}: {} takes connections", pool, endpoint.key());
    }

    @Override
    public void open(EndpointKey endpoint, Consumer<OpenOutcome> done) {
        ConnectRequest seeker = seekers.next();
        if (seeker == null) {
            done.accept(new OpenOutcome.Withdrawn());
        } else {
            PromisedCallback.of(done, failure -> failed(seeker, endpoint, failure))
                    .runOn(io, () -> open(seeker, endpoint));
        }
    }

    private OpenOutcome open(ConnectRequest seeker, EndpointKey endpoint) {
        VirtualConnection lost = seeker.lost();
        dialled.put(seeker, endpoint);
        try {
            if (lost == null) {
                return opened(seeker, VirtualConnection.open(seeker.dialer(), this, endpoint));
            }
            return recovered(lost, endpoint);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return failed(seeker, endpoint, e);
        } catch (Throwable e) {
            return failed(seeker, endpoint, e);
        } finally {
            dialled.remove(seeker);
        }
    }

    private OpenOutcome opened(ConnectRequest seeker, VirtualConnection connection) {
        connections.add(connection);
        if (!seeker.opened().complete(connection)) {
            // The application waits no longer.
            connections.remove(connection);
            connection.abort();
            signals.unwanted();
            return new OpenOutcome.Withdrawn();
        }
        return new OpenOutcome.Opened();
    }

    private OpenOutcome recovered(VirtualConnection connection, EndpointKey endpoint)
            throws IOException, TimeoutException, InterruptedException {
        Link link = connection.links().dial(endpoint, true);
        Duration took;
        try {
            took = connection.recover(link);
        } catch (Throwable e) {
            connection.links().discard(link, "not recovered");
            if (connection.state() == VirtualConnection.State.CLOSED) {
                // By the application, which closed this link as well: its broker is not to blame.
                LOG.debug("Pool {}: {} was closed while it was recovered", pool, connection, e);
                return new OpenOutcome.Withdrawn();
            }
            throw e;
        }
        if (took == null) {
            return new OpenOutcome.Withdrawn();
        }
        recoveries.incrementAndGet();
        LOG.info("Pool {}: {} is recovered after {} ms", pool, connection, took.toMillis());
        guard.run("AmqpMetrics", endpoint, () -> metrics.recovered(pool, endpoint, took));
        signals.succeeded(endpoint);
        signals.alive(endpoint);
        return new OpenOutcome.Opened();
    }

    private OpenOutcome failed(ConnectRequest seeker, EndpointKey endpoint, Throwable cause) {
        boolean refused = DialFailures.isRefusal(cause);
        if (refused) {
            signals.refused(endpoint, cause);
        } else {
            signals.failed(endpoint, cause);
        }
        VirtualConnection lost = seeker.lost();
        boolean again = seeker.failed();
        if (lost != null) {
            park(seeker, lost, endpoint, cause, refused ? REFUSED : UNREACHABLE);
        } else if (!refused && again && !seeker.isOver()) {
            seekers.addAgain(seeker);
        } else {
            signals.unwanted();
            seeker.opened().completeExceptionally(failures.of(endpoint, cause));
        }
        return refused ? new OpenOutcome.Withdrawn() : new OpenOutcome.Failed(cause);
    }

    /** It could not be recovered: it holds no seat and keeps no other waiting until it is tried again. */
    private void park(
            ConnectRequest seeker, VirtualConnection lost, EndpointKey endpoint, Throwable cause, Backoff waits) {
        guard.run(
                "ExceptionHandler.handleConnectionRecoveryException",
                endpoint,
                () -> lost.exceptionHandler().handleConnectionRecoveryException(lost, cause));
        parked.add(lost);
        if (lost.state() != VirtualConnection.State.RECOVERING && parked.remove(lost)) {
            // Closing it has given its seat back.
            return;
        }
        signals.unwanted();
        timers.schedule(waits.after(seeker.failures(), jitter), () -> {
            if (parked.remove(lost)) {
                seekers.add(seeker);
                signals.wanted();
            }
        });
    }

    @Override
    public void retire(EndpointKey endpoint, RetireReason reason, Consumer<RetireOutcome> done) {
        // A connection is the application's: it moves, but is never taken away.
        done.accept(new RetireOutcome.Kept());
    }

    @Override
    public void keep(EndpointKey endpoint) {
        LOG.debug("Pool {}: {} came back; what is moving away moves on", pool, endpoint);
    }

    @Override
    public void move(
            EndpointKey from, EndpointKey to, RetireReason reason, Duration deadline, Consumer<MoveOutcome> done) {
        VirtualConnection chosen = moves.choose(connections, from, reason);
        if (chosen == null) {
            done.accept(new MoveOutcome.Postponed(
                    "no connection at " + from + " can be moved now", moves.nextChoice(connections, from)));
            return;
        }
        PromisedCallback.<MoveOutcome>of(done, failure -> {
                    moves.abandoned(chosen);
                    return new MoveOutcome.Failed(failure);
                })
                .runOn(io, () -> moves.run(chosen, from, to, reason == RetireReason.DRAIN, deadline));
    }

    @Override
    public void route(Set<EndpointKey> routable) {
        // New work is new connections, and those are placed one by one.
    }

    @Override
    public void probe(EndpointKey endpoint, Consumer<OpenOutcome> done) {
        VirtualConnection any = connections.isEmpty() ? null : connections.get(0);
        if (any == null) {
            done.accept(new OpenOutcome.Opened());
            return;
        }
        PromisedCallback.<OpenOutcome>of(done, OpenOutcome.Failed::new).runOn(io, () -> probe(any.dialer(), endpoint));
    }

    private OpenOutcome probe(Dialer dialer, EndpointKey endpoint) {
        try {
            dialer.dial(endpoint, dialer.exceptionHandler(), true).abort(3000);
            return new OpenOutcome.Opened();
        } catch (Throwable e) {
            return DialFailures.isRefusal(e) ? new OpenOutcome.Refused(e) : new OpenOutcome.Failed(e);
        }
    }

    @Override
    public void leave(EndpointKey endpoint) {
        LOG.debug("Pool {}: {} has no connection any more", pool, endpoint);
    }

    @Override
    public FailureCause causeOf(Throwable failure) {
        return DialFailures.causeOf(failure);
    }

    @Override
    public Load load(EndpointKey endpoint) {
        int open = 0;
        int draining = 0;
        for (VirtualConnection connection : connections) {
            boolean here = connection.current().endpoint().equals(endpoint);
            VirtualConnection.State state = connection.state();
            if (here && (state == VirtualConnection.State.OPEN || state == VirtualConnection.State.MOVING)) {
                open++;
                draining += state == VirtualConnection.State.MOVING ? 1 : 0;
            }
        }
        int connecting = 0;
        for (EndpointKey there : dialled.values()) {
            connecting += there.equals(endpoint) ? 1 : 0;
        }
        return new Load(open, connecting, open, draining);
    }

    /** Of the callers of {@code newConnection}; a connection that is recovered has none. */
    @Override
    public Usage usage() {
        return new Usage(waiting.get(), acquired.get(), timedOut.get());
    }

    // ConnectionHost.

    @Override
    public void inBackground(Runnable task) {
        io.execute(() -> guard.run("A task in the background", null, task::run));
    }

    @Override
    public void linkOpened(EndpointKey endpoint, Duration took) {
        signals.opened(endpoint, took);
    }

    @Override
    public void linkClosed(EndpointKey endpoint) {
        signals.closed(endpoint);
    }

    @Override
    public void lost(VirtualConnection connection, EndpointKey endpoint, Throwable cause) {
        seekers.add(ConnectRequest.forLost(connection));
        signals.failed(endpoint, cause);
        signals.lost(endpoint);
    }

    @Override
    public void closed(VirtualConnection connection, EndpointKey endpoint, boolean hadLink) {
        if (!connections.remove(connection)) {
            return;
        }
        if (hadLink) {
            signals.released(endpoint);
        } else if (!parked.remove(connection)) {
            signals.unwanted();
        }
        inBackground(onClosed);
    }

    @Override
    public void publisherPaused(Duration pause) {
        guard.run("AmqpMetrics", null, () -> metrics.publisherPaused(pool, pause));
    }

    @Override
    public void consumerGap(Duration gap) {
        guard.run("AmqpMetrics", null, () -> metrics.consumerGap(pool, gap));
    }

    @Override
    public long nanos() {
        return ticker.nanos();
    }

    @Override
    public Guard guard() {
        return guard;
    }

    @Override
    public Scheduler.Cancellable after(Duration delay, Runnable task) {
        return timers.schedule(delay, task);
    }

    // What it looks like.

    long moves() {
        return moves.moved();
    }

    long rolledBack() {
        return moves.rolledBack();
    }

    long recoveries() {
        return recoveries.get();
    }

    List<AmqpConnectionStatus> connections() {
        List<AmqpConnectionStatus> all = new ArrayList<>();
        for (VirtualConnection connection : connections) {
            all.add(AmqpConnectionStatus.of(connection));
        }
        return all;
    }
}
