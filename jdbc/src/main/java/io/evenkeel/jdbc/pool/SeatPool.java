package io.evenkeel.jdbc.pool;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.jdbc.driver.Credentials;
import io.evenkeel.jdbc.driver.Liveness;
import io.evenkeel.jdbc.handle.FailureCauses;
import io.evenkeel.jdbc.handle.Fault;
import io.evenkeel.jdbc.handle.FaultClassifier;
import io.evenkeel.spi.EndpointSignals;
import io.evenkeel.status.FailureCause;
import io.evenkeel.time.Ticker;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine: seats over all Pods, each of which holds its connection.
 *
 * <p>In the common case an acquire is one compare-and-set on the word of a seat that only this thread used lately, and a
 * release is another: no permit, no counter, no lock, no clock.
 *
 * <p>Invariants:
 *
 * <ol>
 *   <li>I1: no caller waits while a routable Pod has a free seat. Where seats only lack their connections, {@link Supply} has
 *       them established while callers stay in the queue, so they get what comes first.
 *   <li>I2: first come, first served: while a caller waits, all join the queue, and seats go to its head.
 *   <li>I3: no wake-up is lost: see {@link WaitQueue}; seats change hands in {@link SeatExchange} only.
 *   <li>I4: a seat is in one state, by compare-and-set over the table of {@link SeatWord}, and the thread that moved it owns
 *       its connection. A connection is closed only by its owner; the one exception is the deadline of {@link #close}.
 *   <li>I5: one deadline spans an acquire. Time limits how many Pods are tried, not their number.
 *   <li>I6: a seat is FREE only after its connection's set-up has ended.
 * </ol>
 *
 * <p>Locks: a Pod's, the queue's, the one under which a routing is published, and the supply's for planning. Only the last is
 * held while another is taken, and only a Pod's.
 */
public final class SeatPool implements ConnectionPool {
    private static final Logger LOG = LoggerFactory.getLogger(SeatPool.class);

    /** How long a connection whose socket can't be looked at may be idle and is handed out without a test, as in HikariCP. */
    private static final long UNTESTED_TICKS = 500 / CoarseClock.TICK_MILLIS;

    private static final long UPKEEP_MILLIS = 500;
    private static final int SCAN_TICKS = 32;
    private static final long POLL_MILLIS = 2;
    private static final Duration THREADS_END = Duration.ofMillis(300);

    private final String name;
    private final EndpointSignals signals;
    private final MetricsRecorder metrics;
    private final Observers observers;
    private final FaultClassifier classifier;
    private final Ticker ticker;
    private final CoarseClock clock;
    private final SeatExchange exchange;
    private final PoolThreads io;
    private final Supply supply;
    private final Upkeep upkeep;
    private final Map<EndpointKey, Pod> pods = new ConcurrentHashMap<>();
    private final AtomicBoolean closing = new AtomicBoolean();
    private final LongAdder usesOfGoneSeats = new LongAdder();
    private final LongAdder timedOut = new LongAdder();

    // Read on every acquire, written rarely.
    private volatile HikariSettings settings;
    private volatile boolean observed;

    // Confined to the housekeeper.
    private int ticks;
    private boolean lately;
    private volatile PoolThreads.@Nullable Cancellable ticking;

    /**
     * What a pool is made of.
     *
     * @param drivers makes the data source for one Pod; may throw, which fails that Pod's dials until it no longer does
     * @param credentials read for every new connection
     * @param observers of HikariCP's settings
     * @param classifier decides what a failure means
     * @param threads for the pool's own threads, or null
     */
    public record Parts(
            Function<Endpoint, DataSource> drivers,
            Supplier<Credentials> credentials,
            EndpointSignals signals,
            MetricsRecorder metrics,
            Observers observers,
            FaultClassifier classifier,
            @Nullable ThreadFactory threads,
            Ticker ticker,
            long seed) {}

    /** Opens nothing. */
    public SeatPool(HikariSettings settings, Parts parts) {
        this(settings, parts, new IoThreads(settings.name(), parts.threads()));
    }

    /** On other threads, for tests. */
    SeatPool(HikariSettings settings, Parts parts, PoolThreads io) {
        this.settings = settings;
        this.name = settings.name();
        this.signals = parts.signals();
        this.metrics = parts.metrics();
        this.observers = parts.observers();
        this.classifier = parts.classifier();
        this.ticker = parts.ticker();
        this.io = io;
        this.clock = new CoarseClock(this::startTicking);
        this.exchange = new SeatExchange(ticker, clock, parts.seed(), this::discard, this::closeIdle);
        exchange.pack(settings.isElastic());
        Dialler dialler = new Dialler(parts.drivers(), parts.credentials(), this::settings, ticker);
        this.supply = new Supply(this, dialler, io, signals, ticker);
        this.upkeep = new Upkeep(this, io, supply, ticker, parts.seed());
        this.observed = observers.isObserving(settings);
        io.repeat(upkeep::run, UPKEEP_MILLIS);
    }

    String name() {
        return name;
    }

    public HikariSettings settings() {
        return settings;
    }

    Collection<Pod> pods() {
        return pods.values();
    }

    int waiting() {
        return exchange.waiting();
    }

    boolean isClosed() {
        return exchange.isClosed();
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
        for (Pod pod : pods.values()) {
            for (Seat seat : pod.seats()) {
                if (seat.usedAt - since > 0) {
                    return true;
                }
            }
        }
        return false;
    }

    // --- acquire ---

    @Override
    public Connection acquire(long timeoutNanos) throws SQLException {
        return observed ? acquireObserved(timeoutNanos) : lend(timeoutNanos, true);
    }

    @Override
    public Connection acquireAtStart(long timeoutNanos) throws SQLException {
        return lend(timeoutNanos, false);
    }

    private PooledConnection lend(long timeoutNanos, boolean counted) throws SQLException {
        Seat seat = exchange.take();
        if (seat == null) {
            return new Attempt(timeoutNanos, counted).run();
        }
        Session session = seat.session;
        if (session != null && (seat.usedAt == clock.now() || isAlive(seat, session))) {
            return new PooledConnection(this, seat, session);
        }
        return new Attempt(timeoutNanos, counted).resume(seat);
    }

    /** Whether a look at the connection's socket is enough to hand it out; wakes the clock. */
    private boolean isAlive(Seat seat, Session session) {
        boolean recent = !clock.isDormant() && clock.now() - seat.usedAt <= UNTESTED_TICKS;
        clock.wake();
        return switch (session.peek()) {
            case ALIVE -> true;
            case UNKNOWN -> recent;
            case DATA_WAITING, DEAD -> false;
        };
    }

    /**
     * Whether the connection of a taken seat can be handed out; it is asked, if a look at its socket is not enough. If not,
     * the seat is no longer the caller's.
     */
    private boolean isUsable(Seat seat, long deadline) {
        Session session = seat.session;
        if (session == null) {
            throw new IllegalStateException(name + ": seat at " + seat.pod.key() + " is " + seat
                    + " without a connection (expected: with one)");
        }
        if (isAlive(seat, session)) {
            return true;
        }
        Liveness seen = session.peek();
        SQLException failure;
        try {
            if (seen == Liveness.DEAD) {
                throw new SQLException("the server closed the connection while it was idle", "08006");
            }
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - ticker.nanos());
            session.validate(settings, Math.max(1, Math.min(left, settings.validationMillis())), ticker.nanos());
            signals.alive(seat.pod.key());
            return true;
        } catch (SQLException e) {
            failure = e;
        } catch (RuntimeException | Error e) {
            failure = new SQLException("testing the connection failed", "08006", e);
        }
        idleOneBroke(seat.pod, seen, failure);
        releaseBroken(seat);
        return false;
    }

    /**
     * A server that closes what is idle for too long says nothing about its health by that, and what has to be connected in
     * its place soon will. Silence does.
     */
    private void idleOneBroke(Pod pod, Liveness seen, Throwable failure) {
        if (seen == Liveness.UNKNOWN || seen == Liveness.ALIVE) {
            pod.failed(failure);
        } else {
            pod.refused(failure);
        }
        suspect(pod);
    }

    private PooledConnection acquireObserved(long timeoutNanos) throws SQLException {
        long start = ticker.nanos();
        PooledConnection connection;
        try {
            connection = lend(timeoutNanos, true);
        } catch (Unavailable e) {
            observers.timedOut(ticker.nanos() - start);
            throw e;
        }
        connection.observe(observers.begin(connection, ticker.nanos() - start, settings, io));
        return connection;
    }

    /** One caller that did not get a connection at once. */
    private final class Attempt {
        private final long started = ticker.nanos();
        private final long deadline;
        private final boolean counted;
        private List<Pod> failed = List.of();
        private int failures;
        private boolean waited;

        Attempt(long timeoutNanos, boolean counted) {
            this.deadline = started + timeoutNanos;
            this.counted = counted;
        }

        /** With a seat whose connection has to be tested. */
        PooledConnection resume(Seat seat) throws SQLException {
            PooledConnection connection = handOut(seat);
            return connection != null ? connection : run();
        }

        PooledConnection run() throws SQLException {
            while (true) {
                Seat seat = isClosed() ? null : take();
                if (seat == null) {
                    throw refusal();
                }
                PooledConnection connection = handOut(seat);
                if (connection != null) {
                    return connection;
                }
            }
        }

        private @Nullable PooledConnection handOut(Seat seat) {
            Session session = seat.session;
            boolean fresh = session != null && seat.usedAt == clock.now();
            if (session != null && (fresh || isUsable(seat, deadline))) {
                record(true);
                return new PooledConnection(SeatPool.this, seat, session);
            }
            failures++;
            if (!failed.contains(seat.pod)) {
                failed = failed.isEmpty() ? new ArrayList<>() : failed;
                failed.add(seat.pod);
            }
            return null;
        }

        private @Nullable Seat take() throws SQLException {
            // One that has waited its turn already goes before those who wait.
            Seat seat = failures > 0 ? exchange.takeAgain(failed) : exchange.take();
            return seat != null || (failures > 0 && deadline - ticker.nanos() <= 0) ? seat : await();
        }

        private @Nullable Seat await() throws SQLException {
            waited = true;
            WaitQueue.Waiter waiter = exchange.join(failures > 0);
            supply.need();
            try {
                return exchange.await(waiter, deadline);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new SQLException(name + ": interrupted while waiting for a connection", e);
            }
        }

        private SQLException refusal() {
            if (isClosed()) {
                return new SQLNonTransientConnectionException(name + ": the pool is closed", "08003");
            }
            record(false);
            if (counted) {
                timedOut.increment();
            }
            Duration took = Duration.ofNanos(ticker.nanos() - started);
            String message = Refusal.describe(settings, took, pods.values(), exchange.waiting(), failures);
            Throwable reason = Refusal.latest(pods.values());
            if (reason == null && !failed.isEmpty()) {
                reason = failed.get(failed.size() - 1).lastFailure();
            }
            return new Unavailable(message, reason);
        }

        private void record(boolean acquired) {
            if (waited && counted) {
                observers.acquireWaited(metrics, ticker.nanos() - started, acquired);
            }
        }
    }

    // --- release ---

    /** The seat's connection is as it is to be for the next caller. */
    void release(Seat seat) {
        if (seat.pod.owesSuccesses()) {
            seat.pod.succeeded();
        }
        seat.usedAt = clock.stamp();
        exchange.putBack(seat);
    }

    /** As {@link #release}, of a connection that is to be asked before it is handed out again. */
    void releaseUnclear(Seat seat) {
        seat.usedAt = Seat.SUSPECT;
        exchange.putBack(seat);
    }

    /** The seat's connection is not to be used again. */
    void releaseBroken(Seat seat) {
        while (seat.isBusy()) {
            if (seat.closeTaken() || seat.retireMarked()) {
                discard(seat);
                return;
            }
        }
    }

    /** A connection to this Pod broke: it is reported, and the idle ones are looked at before they are handed out. */
    void broke(Seat seat, Throwable failure) {
        seat.pod.failed(failure);
        suspect(seat.pod);
    }

    private void suspect(Pod pod) {
        pod.suspectAll();
        upkeep.sweep(pod);
    }

    /** Closes the connection of a seat that is CLOSING or RETIRING, then has the seat be what follows. */
    void discard(Seat seat) {
        Session session = seat.session;
        Runnable close = session == null ? () -> discarded(seat, false) : () -> close(seat, session);
        if (!io.execute(close)) {
            close.run();
        }
    }

    /** A close that never returns must not keep the seat: then the connection is aborted, and counts as closed. */
    private void close(Seat seat, Session session) {
        Decision decision = new Decision();
        PoolThreads.Cancellable overdue = io.schedule(
                () -> {
                    if (decision.expire()) {
                        LOG.debug("Pool {}: closing a connection to {} has not ended", name, seat.pod.key());
                        io.execute(session::abort);
                        discarded(seat, true);
                    }
                },
                Session.CLOSE_MILLIS + Decision.GRACE_MILLIS);
        session.close();
        overdue.cancel();
        if (decision.finish()) {
            discarded(seat, true);
        }
    }

    private void discarded(Seat seat, boolean wasConnected) {
        seat.session = null;
        if (wasConnected) {
            signals.closed(seat.pod.key());
        }
        if (seat.closed()) {
            supply.need();
            return;
        }
        Consumer<RetireOutcome> retired = seat.retirement;
        seat.retirement = null;
        seat.pod.remove(seat);
        if (seat.gone()) {
            usesOfGoneSeats.add(seat.uses);
            publish();
            if (retired != null) {
                retired.accept(new RetireOutcome.Retired());
            }
        }
    }

    // --- connections that come ---

    /** A connection is set up: for the seat, or for one that core asked for. */
    void connected(Pod pod, @Nullable Seat seat, Session session) {
        Seat filled = seat;
        if (filled == null) {
            filled = Seat.with(pod, session, clock.stamp());
            pod.add(filled);
        } else {
            filled.session = session;
            filled.usedAt = clock.stamp();
        }
        filled.dialled();
        if (seat == null) {
            publish();
        }
        exchange.freed(filled);
    }

    void created(long nanos) {
        observers.created(nanos);
    }

    /**
     * Asks the connection of a CHECKING seat; afterwards the seat is FREE, or its connection is being closed.
     *
     * @return whether it answered
     */
    boolean check(Seat seat) {
        return check(seat, () -> {});
    }

    /**
     * As {@link #check(Seat)}.
     *
     * @param whenOverdue runs on the housekeeper if the driver does not come back; this call then changes nothing any more
     */
    boolean check(Seat seat, Runnable whenOverdue) {
        Decision decision = new Decision();
        long limit = settings.validationMillis() + Decision.GRACE_MILLIS;
        PoolThreads.Cancellable overdue = io.schedule(
                () -> {
                    if (decision.expire()) {
                        died(
                                seat,
                                new SQLException(
                                        "testing an idle connection did not complete within " + limit + " ms", "08006"),
                                true);
                        whenOverdue.run();
                    }
                },
                limit);
        Liveness seen = Liveness.UNKNOWN;
        try {
            Session session = seat.session;
            if (session == null) {
                throw new SQLException("no connection");
            }
            seen = session.peek();
            if (seen == Liveness.DEAD) {
                throw new SQLException("the server closed the connection while it was idle", "08006");
            }
            session.validate(settings, settings.validationMillis(), ticker.nanos());
            if (decision.finish()) {
                signals.alive(seat.pod.key());
                seat.checked();
                exchange.freed(seat);
                return true;
            }
        } catch (SQLException | RuntimeException | Error e) {
            if (decision.finish()) {
                died(seat, e, seen == Liveness.UNKNOWN || seen == Liveness.ALIVE);
            }
        } finally {
            overdue.cancel();
        }
        return false;
    }

    /** The connection of a CHECKING seat is of no use. */
    private void died(Seat seat, Throwable failure, boolean counts) {
        LOG.debug("Pool {}: an idle connection to {} is dead", name, seat.pod.key(), failure);
        if (counts) {
            seat.pod.failed(failure);
        } else {
            seat.pod.refused(failure);
        }
        if (seat.closeChecked()) {
            discard(seat);
        }
    }

    /** A CHECKING seat is FREE again; what its connection looked like when it was used last still counts. */
    void uncheck(Seat seat) {
        seat.checked();
        exchange.freed(seat);
    }

    void discardChecked(Seat seat) {
        if (seat.closeChecked()) {
            discard(seat);
        }
    }

    // --- what core asks for ---

    @Override
    public FailureCause causeOf(Throwable failure) {
        return FailureCauses.of(failure);
    }

    @Override
    public void join(Endpoint endpoint) {
        if (isClosed()) {
            return;
        }
        Pod known = pods.get(endpoint.key());
        if (known != null) {
            known.describe(endpoint);
            return;
        }
        pods.put(endpoint.key(), new Pod(endpoint, signals, ticker.nanos()));
        publish();
    }

    /** Seats were added or are gone, or another set of Pods is routable. */
    private void publish() {
        exchange.publish(pods.values());
    }

    @Override
    public void open(EndpointKey endpoint, Consumer<OpenOutcome> done) {
        Pod pod = pods.get(endpoint);
        if (pod == null || isClosed()) {
            done.accept(pod == null ? new OpenOutcome.Failed(unknown(endpoint)) : new OpenOutcome.Withdrawn());
        } else if (settings.isElastic()) {
            pod.add(Seat.empty(pod));
            publish();
            done.accept(new OpenOutcome.Opened());
            supply.need();
        } else {
            supply.open(pod, done);
        }
    }

    /** The control thread is the only one that marks and keeps, so a seat has one retirement at a time. */
    @Override
    public void retire(EndpointKey endpoint, RetireReason reason, Consumer<RetireOutcome> done) {
        Pod pod = pods.get(endpoint);
        boolean found = pod != null
                && (reason == RetireReason.AGE
                        ? retireOldest(pod, done)
                        : retireEmpty(pod, done) || retireIdle(pod, done) || mark(pod, done));
        if (!found) {
            done.accept(new RetireOutcome.Kept());
        }
    }

    private boolean retireEmpty(Pod pod, Consumer<RetireOutcome> done) {
        for (Seat seat : pod.seats()) {
            if (seat.retireEmpty()) {
                seat.retirement = done;
                discarded(seat, false);
                return true;
            }
        }
        return false;
    }

    private boolean retireIdle(Pod pod, Consumer<RetireOutcome> done) {
        Seat[] seats = pod.seats();
        // From the end: in an elastic pool those at the front are used most.
        for (int i = seats.length - 1; i >= 0; i--) {
            if (seats[i].retireFree()) {
                seats[i].retirement = done;
                discard(seats[i]);
                return true;
            }
        }
        return false;
    }

    private boolean mark(Pod pod, Consumer<RetireOutcome> done) {
        for (Seat seat : pod.seats()) {
            if (mark(seat, done)) {
                return true;
            }
        }
        return false;
    }

    private static boolean mark(Seat seat, Consumer<RetireOutcome> done) {
        if (seat.state() != SeatWord.TAKEN) {
            return false;
        }
        // Before the mark: its caller may return it in the next moment.
        seat.retirement = done;
        if (seat.mark()) {
            return true;
        }
        seat.retirement = null;
        return false;
    }

    /** The connection that was opened first: closed now if it is idle, else marked. A seat without one has no age. */
    private boolean retireOldest(Pod pod, Consumer<RetireOutcome> done) {
        for (int attempt = 0; attempt < 8; attempt++) {
            Seat oldest = oldest(pod);
            if (oldest == null) {
                return false;
            }
            if (oldest.retireFree()) {
                oldest.retirement = done;
                discard(oldest);
                return true;
            }
            if (mark(oldest, done)) {
                return true;
            }
        }
        return retireIdle(pod, done) || mark(pod, done);
    }

    private static @Nullable Seat oldest(Pod pod) {
        Seat oldest = null;
        long since = 0;
        for (Seat seat : pod.seats()) {
            int state = seat.state();
            Session session = seat.session;
            boolean may = state == SeatWord.FREE || state == SeatWord.TAKEN;
            if (may && session != null && (oldest == null || session.openedAt - since < 0)) {
                oldest = seat;
                since = session.openedAt;
            }
        }
        return oldest;
    }

    @Override
    public void keep(EndpointKey endpoint) {
        Pod pod = pods.get(endpoint);
        for (Seat seat : pod == null ? new Seat[0] : pod.seats()) {
            Consumer<RetireOutcome> done = seat.retirement;
            if (seat.keep()) {
                seat.retirement = null;
                if (done != null) {
                    done.accept(new RetireOutcome.Kept());
                }
                return;
            }
        }
    }

    @Override
    public void route(Set<EndpointKey> routable) {
        pods.forEach((key, pod) -> pod.route(routable.contains(key)));
        publish();
        supply.need();
    }

    @Override
    public void probe(EndpointKey endpoint, Consumer<OpenOutcome> done) {
        Pod pod = pods.get(endpoint);
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
        Pod pod = pods.remove(endpoint);
        if (pod == null) {
            return;
        }
        pod.leave();
        publish();
        supply.withdraw(pod);
        closeIdle(pod);
    }

    @Override
    public Load load(EndpointKey endpoint) {
        Pod pod = pods.get(endpoint);
        return pod == null ? Load.NONE : pod.load();
    }

    private IllegalStateException unknown(EndpointKey endpoint) {
        return new IllegalStateException("endpoint: " + endpoint + " of pool " + name + " (expected: joined)");
    }

    // --- the whole ---

    @Override
    public void configure(HikariSettings newer) {
        settings = newer;
        exchange.pack(newer.isElastic());
        observed = observers.isObserving(newer);
        supply.need();
    }

    @Override
    public Usage usage() {
        long acquired = usesOfGoneSeats.sum();
        for (Pod pod : pods.values()) {
            for (Seat seat : pod.seats()) {
                acquired += seat.uses + (seat.isBusy() ? 1 : 0);
            }
        }
        return new Usage(exchange.waiting(), acquired, timedOut.sum());
    }

    @Override
    public Counts counts() {
        int idle = 0;
        int active = 0;
        for (Pod pod : pods.values()) {
            idle += pod.count(SeatWord.FREE);
            active += pod.busy();
        }
        return new Counts(idle, active, exchange.waiting());
    }

    @Override
    public @Nullable Throwable lastFailure() {
        return Refusal.latest(pods.values());
    }

    @Override
    public boolean isUnreachable() {
        return !pods.isEmpty() && pods.values().stream().allMatch(Pod::isFailing);
    }

    @Override
    public void evictAll() {
        for (Pod pod : pods.values()) {
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

    /** What a failure means, {@code exceptionOverride} included. */
    Fault classify(Throwable failure) {
        return classifier.classify(failure);
    }

    @Override
    public boolean close(Duration deadline) {
        if (!closing.compareAndSet(false, true)) {
            return true;
        }
        long end = ticker.nanos() + deadline.toNanos();
        exchange.close();
        List<Pod> all = new ArrayList<>(pods.values());
        for (Pod pod : all) {
            pod.leave();
            supply.withdraw(pod);
            closeIdle(pod);
        }
        boolean returned = awaitClosed(all, end);
        if (!returned) {
            abort(all);
        }
        if (!io.close(THREADS_END)) {
            LOG.info("Pool {}: threads that still connect or close end by themselves", name);
        }
        return returned;
    }

    private void closeIdle(Pod pod) {
        for (Seat seat : pod.seats()) {
            if (seat.retireFree()) {
                discard(seat);
            } else if (seat.retireEmpty()) {
                discarded(seat, false);
            }
        }
    }

    private boolean awaitClosed(List<Pod> all, long end) {
        try {
            while (connected(all) > 0) {
                long left = end - ticker.nanos();
                if (left <= 0) {
                    return inUse(all) == 0;
                }
                TimeUnit.NANOSECONDS.sleep(Math.min(left, TimeUnit.MILLISECONDS.toNanos(POLL_MILLIS)));
                // What was being tested, or has just been returned.
                all.forEach(this::closeIdle);
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return inUse(all) == 0;
        }
    }

    /** Connections that are open or being tested; a dial that has not ended closes what comes of it by itself. */
    private static int connected(List<Pod> all) {
        return all.stream().mapToInt(pod -> pod.load().open()).sum();
    }

    private static int inUse(List<Pod> all) {
        return all.stream().mapToInt(Pod::busy).sum();
    }

    private void abort(List<Pod> all) {
        StringBuilder counts = new StringBuilder();
        for (Pod pod : all) {
            int busy = 0;
            for (Seat seat : pod.seats()) {
                Session session = seat.session;
                if (session != null && (seat.retireTaken() || seat.retireMarked())) {
                    busy++;
                    Runnable abort = () -> {
                        session.abort();
                        discarded(seat, true);
                    };
                    if (!io.execute(abort)) {
                        abort.run();
                    }
                }
            }
            if (busy > 0) {
                counts.append(counts.isEmpty() ? "" : ", ")
                        .append(pod.key())
                        .append(": ")
                        .append(busy);
            }
        }
        LOG.warn("Pool {}: closed with connections in use, which are aborted ({})", name, counts);
        long end = ticker.nanos() + THREADS_END.toNanos();
        awaitClosed(all, end);
    }

    @Override
    public String toString() {
        return name + " " + pods.values() + ", waiting: " + waiting();
    }
}
