package io.evenkeel.jdbc.pool;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.jdbc.handle.FailureCauses;
import io.evenkeel.spi.EndpointSignals;
import io.evenkeel.status.FailureCause;
import io.evenkeel.time.Ticker;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The engine: seats over all Pods, each of which holds its connection.
 *
 * <p>In the common case an acquire is one compare-and-set on the word of a seat that only this thread used lately,
 * and a release is another: no permit, no counter, no lock, no clock.
 *
 * <p>Invariants:
 *
 * <ol>
 *   <li>I1: no caller waits while a routable Pod has a free seat and no other is on its way to it. Where seats only
 *       lack their connections, {@link Supply} has them established while callers stay in the queue, so they get what
 *       comes first.
 *   <li>I2: first come, first served, once a caller has waited for 1 to 2 ms: then all join the queue, and seats go to
 *       its head.
 *   <li>I3: no wake-up is lost: see {@link WaitQueue}; seats change hands in {@link SeatExchange} only.
 *   <li>I4: a seat is in one state, by compare-and-set over the table of {@link SeatWord}, and the thread that moved
 *       it owns its connection. A connection is closed only by its owner; the one exception is the deadline of
 *       {@link #close}.
 *   <li>I5: one deadline spans an acquire. Time limits how many Pods are tried, not their number.
 *   <li>I6: a seat is FREE only after its connection's set-up has ended.
 * </ol>
 *
 * <p>Locks: a Pod's, the queue's, the one under which a routing is published, and the supply's for planning. Only the
 * last is held while another is taken, and only a Pod's.
 */
public final class SeatPool implements ConnectionPool {
    private static final long UPKEEP_MILLIS = 500;
    private static final int SCAN_TICKS = 32;

    private final EndpointSignals signals;
    private final Ticker ticker;
    private final CoarseClock clock;
    private final SeatExchange exchange;
    private final PodRegistry registry;
    private final PoolThreads io;
    private final ConnectionCloser closer;
    private final Supply supply;
    private final Acquisition acquisition;
    private final SeatRemoval removal;
    private final Shutdown shutdown;

    // Confined to the housekeeper.
    private int ticks;
    private boolean lately;
    private volatile PoolThreads.@Nullable Cancellable ticking;

    /** Opens nothing. */
    public SeatPool(HikariSettings settings, PoolParts parts) {
        this(settings, parts, new IoThreads(settings.name(), parts.threads()));
    }

    /** On other threads, for tests. */
    SeatPool(HikariSettings settings, PoolParts parts, PoolThreads io) {
        this.signals = parts.signals();
        this.ticker = parts.ticker();
        this.io = io;
        this.clock = new CoarseClock(this::startTicking);
        this.exchange = new SeatExchange(ticker, clock, parts.seed(), this::discard, this::closeIdle);
        exchange.pack(settings.isElastic());
        this.registry = new PodRegistry(settings, exchange);
        this.closer = new ConnectionCloser(registry, io, signals, this::need);
        ConnectionTest test = new ConnectionTest(registry, exchange, closer, io, signals, ticker);
        Dialler dialler = new Dialler(parts.drivers(), parts.credentials(), registry::settings, ticker);
        this.supply = new Supply(registry, exchange, clock, dialler, test, io, parts);
        Upkeep upkeep = new Upkeep(registry, io, supply, test, closer, ticker, parts.seed());
        Returns returns = new Returns(settings.name(), exchange, clock, closer, upkeep, parts.classifier());
        this.acquisition = new Acquisition(registry, exchange, clock, returns, supply, io, parts);
        this.removal = new SeatRemoval(registry, closer);
        this.shutdown = new Shutdown(registry, exchange, supply, closer, io, ticker);
        io.repeat(upkeep::run, UPKEEP_MILLIS);
    }

    private void discard(Seat seat) {
        closer.discard(seat);
    }

    private void closeIdle(Pod pod) {
        closer.closeIdle(pod);
    }

    private void need() {
        supply.need();
    }

    public HikariSettings settings() {
        return registry.settings();
    }

    private void startTicking() {
        ticking = io.repeat(this::tick, CoarseClock.TICK_MILLIS);
    }

    private void tick() {
        if (++ticks % SCAN_TICKS == 0) {
            lately = usedLately(clock.now() - SCAN_TICKS - 1);
        }
        PoolThreads.Cancellable timer = ticking;
        if (!clock.tick(lately) && timer != null) {
            timer.cancel();
        }
    }

    private boolean usedLately(long since) {
        for (Pod pod : registry.pods()) {
            for (Seat seat : pod.seats()) {
                if (seat.usedAt - since > 0) {
                    return true;
                }
            }
        }
        return false;
    }

    @Override
    public Connection acquire(long timeoutNanos) throws SQLException {
        return acquisition.acquire(timeoutNanos);
    }

    @Override
    public Connection acquireAtStart(long timeoutNanos) throws SQLException {
        return acquisition.acquireAtStart(timeoutNanos);
    }

    // --- what core asks for ---

    @Override
    public FailureCause causeOf(Throwable failure) {
        return FailureCauses.of(failure);
    }

    @Override
    public void join(Endpoint endpoint) {
        if (registry.isClosed()) {
            return;
        }
        Pod known = registry.get(endpoint.key());
        if (known != null) {
            known.describe(endpoint);
            return;
        }
        registry.add(new Pod(endpoint, signals, ticker.nanos()));
        registry.publish();
    }

    @Override
    public void open(EndpointKey endpoint, Consumer<OpenOutcome> done) {
        Pod pod = registry.get(endpoint);
        if (pod == null || registry.isClosed()) {
            done.accept(pod == null ? new OpenOutcome.Failed(unknown(endpoint)) : new OpenOutcome.Withdrawn());
        } else if (registry.settings().isElastic()) {
            pod.add(Seat.empty(pod));
            registry.publish();
            done.accept(new OpenOutcome.Opened());
            supply.need();
        } else {
            supply.open(pod, done);
        }
    }

    @Override
    public void retire(EndpointKey endpoint, RetireReason reason, Consumer<RetireOutcome> done) {
        removal.retire(endpoint, reason, done);
    }

    @Override
    public void keep(EndpointKey endpoint) {
        removal.keep(endpoint);
    }

    @Override
    public void route(Set<EndpointKey> routable) {
        registry.pods().forEach(pod -> pod.route(routable.contains(pod.key())));
        registry.publish();
        supply.need();
    }

    @Override
    public void probe(EndpointKey endpoint, Consumer<OpenOutcome> done) {
        Pod pod = registry.get(endpoint);
        if (pod == null) {
            done.accept(new OpenOutcome.Failed(unknown(endpoint)));
        } else if (!io.execute(() -> probe(pod, done))) {
            done.accept(new OpenOutcome.Withdrawn());
        }
    }

    private void probe(Pod pod, Consumer<OpenOutcome> done) {
        OpenOutcome outcome = new OpenOutcome.Withdrawn();
        try {
            outcome = supply.probe(pod);
        } finally {
            done.accept(outcome);
        }
    }

    @Override
    public void leave(EndpointKey endpoint) {
        Pod pod = registry.remove(endpoint);
        if (pod == null) {
            return;
        }
        pod.leave();
        registry.publish();
        supply.withdraw(pod);
        closeIdle(pod);
    }

    @Override
    public Load load(EndpointKey endpoint) {
        Pod pod = registry.get(endpoint);
        return pod == null ? Load.NONE : pod.load();
    }

    private IllegalStateException unknown(EndpointKey endpoint) {
        return new IllegalStateException(
                "endpoint: " + endpoint + " of pool " + registry.name() + " (expected: joined)");
    }

    // --- the whole ---

    @Override
    public void configure(HikariSettings newer) {
        registry.configure(newer);
        exchange.pack(newer.isElastic());
        acquisition.configured();
        supply.need();
    }

    @Override
    public Usage usage() {
        long acquired = closer.usesOfGoneSeats();
        for (Pod pod : registry.pods()) {
            for (Seat seat : pod.seats()) {
                acquired += seat.uses + (seat.isBusy() ? 1 : 0);
            }
        }
        return new Usage(registry.waiting(), acquired, acquisition.timedOut());
    }

    @Override
    public Counts counts() {
        int idle = 0;
        int active = 0;
        for (Pod pod : registry.pods()) {
            idle += pod.count(SeatWord.FREE);
            active += pod.busy();
        }
        return new Counts(idle, active, registry.waiting());
    }

    @Override
    public @Nullable Throwable lastFailure() {
        return Refusal.latest(registry.pods());
    }

    @Override
    public boolean isUnreachable() {
        return !registry.pods().isEmpty() && registry.pods().stream().allMatch(Pod::isFailing);
    }

    @Override
    public void evictAll() {
        for (Pod pod : registry.pods()) {
            for (Seat seat : pod.seats()) {
                if (seat.closeFree()) {
                    discard(seat);
                } else {
                    Session session = seat.session;
                    if (session != null && seat.isBusy()) {
                        session.evict();
                    }
                }
            }
        }
    }

    @Override
    public boolean close(Duration deadline) {
        return shutdown.close(deadline);
    }

    @Override
    public String toString() {
        return registry.name() + " " + registry.pods() + ", waiting: " + registry.waiting();
    }
}
