package io.evenkeel.adapter;

import io.evenkeel.balance.BalanceContext;
import io.evenkeel.balance.Rebalancer;
import io.evenkeel.endpoint.InvalidTargetException;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.spi.EndpointConnections;
import io.evenkeel.spi.EndpointSignals;
import io.evenkeel.status.Diagnosis;
import io.evenkeel.status.JmxStatus;
import io.evenkeel.status.PoolStatus;
import io.evenkeel.time.Scheduler;
import io.evenkeel.time.Ticker;
import io.evenkeel.watch.EndpointWatchers;
import io.evenkeel.watch.Subscription;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One pool's watch, control thread and rebalancer, made and ended in order; the adapter adds the connections.
 *
 * <pre>{@code
 * BalancedPool pool = BalancedPool.create(config);
 * MyConnections connections = new MyConnections(pool.signals(), …);
 * pool.start(connections);
 * …
 * pool.close();           // from here on the adapter is asked for nothing any more
 * connections.close();
 * }</pre>
 *
 * It ends in the opposite direction to the flow: first no more news of endpoints, then no more steps of the rebalancer,
 * then the control thread; the adapter's connections are the adapter's to close, after that. Thread-safe.
 */
public final class BalancedPool implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(BalancedPool.class);

    private enum State {
        NEW,
        STARTED,
        CLOSED
    }

    private final PoolConfig config;
    private final PoolThreads threads;
    private final Rebalancer rebalancer;
    // NEW -> STARTED -> CLOSED, or NEW -> CLOSED.
    private final AtomicReference<State> state = new AtomicReference<>(State.NEW);
    private volatile @Nullable Subscription subscription;
    private volatile @Nullable JmxStatus jmx;
    /** Whether the recorder has the pool; the one that resets it reports the close, once. */
    private final AtomicBoolean announced = new AtomicBoolean();

    /** One object for the pool's whole life, by which the recorder knows it. */
    private final Supplier<PoolStatus> status;

    private BalancedPool(PoolConfig config, PoolThreads threads) {
        this.config = config;
        this.threads = threads;
        BalanceContext context = new BalanceContext(
                threads.ticker(),
                threads.control(),
                new SplittableRandom(threads.seed()),
                config.listener(),
                config.metrics(),
                threads.events());
        this.rebalancer = new Rebalancer(
                config.name(), config.target().toString(), config.size(), config.balance(), config.health(), context);
        Map<String, String> settings = config.settings();
        this.status = () -> current().withSettings(settings);
    }

    private PoolStatus current() {
        Subscription watched = subscription;
        return watched == null ? rebalancer.status() : rebalancer.status(watched.current());
    }

    /**
     * A pool on a control thread of its own, {@code evenkeel-<name>-control}, and on this process's watches. Where
     * neither its zone nor its node is configured, they are what the environment says: {@code EVENKEEL_ZONE}, and
     * {@code EVENKEEL_NODE} or {@code NODE_NAME}. Does nothing yet.
     */
    public static BalancedPool create(PoolConfig config) {
        return new BalancedPool(config.orPlacedBy(System::getenv), PoolThreads.own(config.name()));
    }

    /** As the other, with listener and recorder called in place: for tests. */
    static BalancedPool create(
            PoolConfig config, Ticker ticker, Scheduler control, long seed, EndpointWatchers watchers) {
        return create(config, ticker, control, seed, watchers, Runnable::run);
    }

    /**
     * A pool on the caller's time, threads and watches, which stay the caller's: for adapters whose pools share a
     * thread. The environment isn't read: see {@link PoolConfig#orPlacedBy}.
     *
     * @param control runs everything that changes the pool's state
     * @param seed of everything that is drawn
     * @param events runs the application's listener and recorder, which may block or throw: one call at a time and in
     *     order, and not on {@code control}
     */
    public static BalancedPool create(
            PoolConfig config,
            Ticker ticker,
            Scheduler control,
            long seed,
            EndpointWatchers watchers,
            Executor events) {
        return new BalancedPool(config, new PoolThreads(ticker, control, seed, watchers, events, null));
    }

    public String name() {
        return config.name();
    }

    /** Where the adapter reports what happens to its connections; usable from the beginning. */
    public EndpointSignals signals() {
        return rebalancer.signals();
    }

    /**
     * The application's recorder for the adapter's own counts, behind the guard: it never throws, never blocks, and
     * calls the recorder off the caller's thread.
     */
    public MetricsRecorder metrics() {
        return rebalancer.metrics();
    }

    public Ticker ticker() {
        return threads.ticker();
    }

    /** The control thread, for adapters that have state to confine to it. Its tasks must not block. */
    public Scheduler control() {
        return threads.control();
    }

    /** What the pool's chance was seeded with, for adapters that draw, too. */
    public long seed() {
        return threads.seed();
    }

    /** As {@link #start(EndpointConnections, Runnable)} with nothing to do in between. */
    public void start(EndpointConnections connections) {
        start(connections, () -> {});
    }

    /**
     * Takes the adapter and begins to watch. If it throws, the pool is closed.
     *
     * @param afterSubscribing runs once the target is known to be understood and before anything is asked of the
     *     adapter; for what must end before connections are opened
     * @throws InvalidTargetException if no source understands the target
     * @throws IllegalStateException if it was started or closed before
     */
    public void start(EndpointConnections connections, Runnable afterSubscribing) {
        Objects.requireNonNull(afterSubscribing, "afterSubscribing");
        if (!state.compareAndSet(State.NEW, State.STARTED)) {
            throw new IllegalStateException(
                    "start: pool " + config.name() + " is " + state.get() + " (expected: NEW, start it once)");
        }
        rebalancer.start(connections);
        CountDownLatch ready = new CountDownLatch(threads.owned() ? 1 : 0);
        threads.control().execute(() -> await(ready));
        try {
            subscription = subscribe();
            afterSubscribing.run();
            if (config.jmx()) {
                jmx = JmxStatus.register(config.name(), status);
            }
            rebalancer.metrics().poolStarted(config.name(), status);
            // After that call, so that poolClosed never comes first; before the state is read below, so that either a
            // close on another thread or that line sees it.
            announced.set(true);
        } catch (RuntimeException | Error failure) {
            ready.countDown();
            close();
            throw failure;
        } finally {
            ready.countDown();
        }
        if (state.get() == State.CLOSED) {
            // Closed meanwhile, before it could see what was just made.
            release();
        }
    }

    private Subscription subscribe() {
        try {
            return threads.watchers().subscribe(config.target(), config.watch(), rebalancer::endpoints);
        } catch (InvalidTargetException refused) {
            throw refused;
        } catch (IllegalArgumentException refused) {
            throw new InvalidTargetException(
                    "target: \"" + config.target() + "\" of pool " + config.name() + ": " + refused.getMessage(),
                    refused);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            // The control thread is being ended.
            Thread.currentThread().interrupt();
        }
    }

    /**
     * The pool's size from now on.
     *
     * @throws IllegalArgumentException if {@code seats} is below 1
     */
    public void resize(int seats) {
        rebalancer.resize(seats);
    }

    /** The pool at this moment. */
    public PoolStatus status() {
        return status.get();
    }

    /**
     * Why a caller got no connection, for the exception that it gets.
     *
     * @param whenExhausted what to do where all connections are in use, which depends on the adapter
     */
    public Diagnosis diagnosis(String whenExhausted) {
        return Diagnosis.of(status(), whenExhausted);
    }

    /**
     * Stops watching, then rebalancing, then the control thread if it is the pool's own, and waits up to 5 s for that
     * thread to end, except on that thread itself. The adapter is asked for nothing any more once this has returned;
     * its connections are its own to close. May be called again.
     */
    @Override
    public void close() {
        if (state.getAndSet(State.CLOSED) == State.CLOSED) {
            return;
        }
        release();
        rebalancer.close();
        if (!threads.end()) {
            LOG.debug("Pool {}: its control thread goes on until this call returns", config.name());
        }
    }

    /** Both may be closed twice: a start and a close that cross each other each see to it. */
    private void release() {
        JmxStatus shown = jmx;
        if (shown != null) {
            shown.close();
        }
        Subscription watched = subscription;
        if (watched != null) {
            watched.close();
        }
        if (announced.getAndSet(false)) {
            rebalancer.metrics().poolClosed(config.name(), status);
        }
    }
}
