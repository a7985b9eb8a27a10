package io.evenkeel.balance;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.endpoint.EndpointSet;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.health.EndpointHealth;
import io.evenkeel.health.HealthConfig;
import io.evenkeel.health.LastFailure;
import io.evenkeel.spi.EndpointConnections;
import io.evenkeel.spi.EndpointConnections.Load;
import io.evenkeel.spi.EndpointConnections.Usage;
import io.evenkeel.spi.EndpointSignals;
import io.evenkeel.spi.SeatPolicy;
import io.evenkeel.status.EndpointFailure;
import io.evenkeel.status.FailureCause;
import io.evenkeel.status.PoolStatus;
import io.evenkeel.watch.SourceHealth;
import io.evenkeel.watch.WatchSnapshot;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Brings the connections of one pool to the plan, a few at a time, and keeps them there.
 *
 * <p>It is the single writer: every call that changes something only posts a task to the control thread (the scheduler
 * of its {@link BalanceContext}), where one loop compares what is with what is planned and asks the adapter, through
 * {@link EndpointConnections}, for the next steps:
 *
 * <ol>
 *   <li>endpoints that leave get no new work at once and are drained;
 *   <li>a pool that is too large retires seats, one that is too small fills where most is lacking, counted before
 *       dialling, so that many opens at once don't herd to one endpoint;
 *   <li>what is left to move is moved one seat at a time, at random moments within a window, and only while the source
 *       is healthy;
 *   <li>connections that are too old are renewed, and their replacements go where most is lacking, too.
 * </ol>
 *
 * <p>Over all endpoints, the seats that are held or being opened never exceed the pool's size, or its size plus one
 * while a move with surge 1 is in the air.
 *
 * <p>Thread-safe. Order of use: construct, hand {@link #signals()} to the adapter, {@link #start}, then {@link
 * #endpoints} for each snapshot, at the end {@link #close}.
 */
public final class Rebalancer implements AutoCloseable {

    private final String pool;
    private final String target;
    private final BalanceContext context;
    private final PoolState state;
    private final Control control;
    private final EndpointHealth health;
    private final Signals signals = new Signals();
    private final StatusView.Live live = new LiveCounts();
    private final long startedAt;
    private final Reachability reachability;
    private final AtomicBoolean wakePosted = new AtomicBoolean();
    private volatile StatusView view;
    private volatile boolean closed;

    /**
     * @param pool the pool's name, in messages, events and, with the client id, in the plan
     * @param target where its endpoints come from, for the status
     * @param seats the pool's size, at least 1
     * @throws IllegalArgumentException if {@code seats} is below 1
     */
    public Rebalancer(
            String pool,
            String target,
            int seats,
            RebalancerConfig config,
            HealthConfig healthConfig,
            BalanceContext context) {
        this(pool, target, SeatPolicy.budgeted(seats), config, healthConfig, context);
    }

    /**
     * @param pool the pool's name, in messages, events and, with the client id, in the plan
     * @param target where its endpoints come from, for the status
     * @param policy how many seats the pool has and how its connections move
     */
    public Rebalancer(
            String pool,
            String target,
            SeatPolicy policy,
            RebalancerConfig config,
            HealthConfig healthConfig,
            BalanceContext context) {
        this.pool = Objects.requireNonNull(pool, "pool");
        this.target = Objects.requireNonNull(target, "target");
        this.context = Objects.requireNonNull(context, "context");
        this.startedAt = context.ticker().nanos();
        this.health = new EndpointHealth(pool, healthConfig, context.ticker(), context.random(), this::wake);
        this.state = new PoolState(pool, policy, config, context, health, this::post);
        this.view = new StatusView(
                state.seats,
                List.of(),
                new WatchSnapshot(EndpointSet.empty(), SourceHealth.UNKNOWN, 0, "no answer yet"),
                "no endpoint is known yet",
                0,
                0);
        this.reachability = new Reachability(pool, this::status, startedAt);
        this.control = new Control(state, changed -> {
            view = StatusView.of(changed);
            reachability.look(context.ticker().nanos());
        });
    }

    /** Where the adapter reports what happens to its connections; usable from the beginning. */
    public EndpointSignals signals() {
        return signals;
    }

    /** Takes the adapter; called once, before any snapshot. */
    public void start(EndpointConnections connections) {
        state.adapter.connect(Objects.requireNonNull(connections, "connections"));
    }

    /** These are the endpoints from now on. */
    public void endpoints(WatchSnapshot snapshot) {
        control.post(() -> control.endpoints(snapshot));
    }

    /**
     * The pool's size from now on.
     *
     * @throws IllegalArgumentException if {@code seats} is below 1
     */
    public void resize(int seats) {
        if (seats < 1) {
            throw new IllegalArgumentException("seats: " + seats + " (expected: 1 or more)");
        }
        control.post(() -> control.resize(seats));
    }

    /** How many seats the pool has, and how its connections move, from now on. */
    public void resize(SeatPolicy policy) {
        Objects.requireNonNull(policy, "policy");
        control.post(() -> control.resize(policy));
    }

    /** The application's recorder behind the guard, for the adapter's own counts: never throws and never blocks. */
    public MetricsRecorder metrics() {
        return state.metrics;
    }

    /** What the pool looks like now: counts are read at this moment, the rest is as of the last change. */
    public PoolStatus status() {
        return status(view);
    }

    /**
     * As {@link #status()}, with the source as it is known now: answers that change nothing are not delivered to
     * {@link #endpoints}, and without them its age would grow and its requests stand still.
     *
     * @param latest what the watch believes
     */
    public PoolStatus status(WatchSnapshot latest) {
        return status(view.with(latest));
    }

    private PoolStatus status(StatusView of) {
        long now = context.ticker().nanos();
        return of.toStatus(pool, target, live, closed, Duration.ofNanos(now - startedAt), now);
    }

    /**
     * Stops: no further round begins, so the adapter is asked for nothing any more once a round that is under way has
     * ended; what the adapter has under way ends unheeded. Its connections are the adapter's to close.
     */
    @Override
    public void close() {
        control.close();
        closed = true;
    }

    /** Health changed: many reports at once are one round. */
    private void wake() {
        if (wakePosted.compareAndSet(false, true) && !signal(null, () -> wakePosted.set(false))) {
            wakePosted.set(false);
        }
    }

    private void post(Runnable task) {
        control.post(task);
    }

    /** Signals never throw: what can't be posted, for want of memory or a thread, is logged. */
    private boolean signal(@Nullable EndpointKey endpoint, Runnable task) {
        return state.guard.run("a signal to the control thread", endpoint, () -> control.post(task)) == null;
    }

    /** The adapter and health, as any thread may read them. */
    private final class LiveCounts implements StatusView.Live {

        @Override
        public Load load(EndpointKey endpoint) {
            return state.adapter.load(endpoint);
        }

        @Override
        public Usage usage() {
            return state.adapter.usage();
        }

        @Override
        public @Nullable EndpointFailure lastFailure(EndpointKey endpoint, long now) {
            LastFailure last = health.lastFailure(endpoint);
            if (last == null) {
                return null;
            }
            FailureCause cause = state.adapter.causeOf(endpoint, last.cause());
            return EndpointFailure.of(
                    endpoint, cause, last.cause(), Duration.ofNanos(Math.max(0, now - last.atNanos())));
        }
    }

    private final class Signals implements EndpointSignals {

        @Override
        public void opened(EndpointKey endpoint, Duration took) {
            state.metrics.connectionOpened(pool, endpoint, took);
            health.alive(endpoint);
            signal(endpoint, () -> {
                state.ledger.opened(endpoint, context.ticker().nanos());
                reachability.opened(context.ticker().nanos());
                control.alive(endpoint);
                state.tell(new EvenkeelEvent.ConnectionOpened(pool, endpoint, took));
            });
        }

        @Override
        public void closed(EndpointKey endpoint) {
            signal(endpoint, () -> state.ledger.closed(endpoint));
        }

        @Override
        public void failed(EndpointKey endpoint, Throwable cause) {
            health.failed(endpoint, cause);
            tellFailed(endpoint, cause);
        }

        @Override
        public void refused(EndpointKey endpoint, Throwable cause) {
            health.refused(endpoint, cause);
            tellFailed(endpoint, cause);
        }

        private void tellFailed(EndpointKey endpoint, Throwable cause) {
            state.metrics.connectionFailed(pool, endpoint);
            signal(endpoint, () -> state.tell(new EvenkeelEvent.ConnectionFailed(pool, endpoint, cause)));
        }

        @Override
        public void succeeded(EndpointKey endpoint) {
            health.succeeded(endpoint);
        }

        @Override
        public int successesWanted(EndpointKey endpoint) {
            return health.successesWanted(endpoint);
        }

        @Override
        public void alive(EndpointKey endpoint) {
            if (health.alive(endpoint)) {
                signal(endpoint, () -> control.alive(endpoint));
            }
        }

        @Override
        public void wanted() {
            signal(null, () -> control.held(1));
        }

        @Override
        public void unwanted() {
            signal(null, () -> control.held(-1));
        }

        @Override
        public void lost(EndpointKey endpoint) {
            signal(endpoint, () -> control.lost(endpoint));
        }

        @Override
        public void released(EndpointKey endpoint) {
            signal(endpoint, () -> {
                control.held(-1);
                control.freed(endpoint);
            });
        }
    }
}
