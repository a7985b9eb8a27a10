package io.evenkeel.jdbc.pool;

import io.evenkeel.jdbc.handle.FaultClassifier;
import io.evenkeel.spi.EndpointConnections.OpenOutcome;
import io.evenkeel.spi.EndpointSignals;
import io.evenkeel.time.Ticker;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Establishes connections: those that core asks for, those that replace lost ones, and those that callers wait for.
 *
 * <p>Dials run in parallel over Pods, one at a time at each. In a pool of fixed size every seat is to have its
 * connection; in an elastic one there are dials for as many callers as wait, and for the idle ones that are to be
 * kept ready. A dial that has not ended after {@value #SLOW_MILLIS} ms counts for no caller any more, so that the
 * next Pod is dialled. Callers stay in the queue meanwhile: they get what comes first, a new connection or one that
 * is returned.
 *
 * <p>A dial that outlasts all its time-outs has failed, and the next one may begin; what comes of it late is closed.
 */
final class Supply {
    private static final Logger LOG = LoggerFactory.getLogger(Supply.class);
    static final long SLOW_MILLIS = 900;

    private final PodRegistry registry;
    private final SeatExchange exchange;
    private final CoarseClock clock;
    private final Dialler dialler;
    private final ConnectionTest test;
    private final PoolThreads io;
    private final EndpointSignals signals;
    private final FaultClassifier classifier;
    private final Observers observers;
    private final Ticker ticker;
    private final ReentrantLock planning = new ReentrantLock();

    Supply(
            PodRegistry registry,
            SeatExchange exchange,
            CoarseClock clock,
            Dialler dialler,
            ConnectionTest test,
            PoolThreads io,
            PoolParts parts) {
        this.registry = registry;
        this.exchange = exchange;
        this.clock = clock;
        this.dialler = dialler;
        this.test = test;
        this.io = io;
        this.signals = parts.signals();
        this.classifier = parts.classifier();
        this.observers = parts.observers();
        this.ticker = parts.ticker();
    }

    /** One dial that may begin: for a seat that has none, or for what core asked for. */
    private record Job(
            Pod pod,
            @Nullable Seat seat,
            @Nullable Consumer<OpenOutcome> open,
            Decision decision,
            AtomicReference<@Nullable Connection> connection) {
        Job(Pod pod, @Nullable Seat seat, @Nullable Consumer<OpenOutcome> open) {
            this(pod, seat, open, new Decision(), new AtomicReference<>());
        }
    }

    /**
     * Begins the dials that there is need for now. Returns at once; may be called from any thread, as often as one
     * likes.
     */
    void need() {
        if (registry.isClosed() || !lacksConnections()) {
            return;
        }
        List<Job> jobs = new ArrayList<>();
        planning.lock();
        try {
            plan(jobs);
        } finally {
            planning.unlock();
        }
        jobs.forEach(this::start);
    }

    /** Whether any seat is EMPTY: callers that wait ask for a plan each time, and mostly there is nothing to plan. */
    private boolean lacksConnections() {
        for (Pod pod : registry.pods()) {
            if (pod.count(SeatWord.EMPTY) > 0) {
                return true;
            }
        }
        return false;
    }

    /** Core asked for a connection at this Pod. */
    void open(Pod pod, Consumer<OpenOutcome> done) {
        if (pod.isStuck()) {
            done.accept(new OpenOutcome.Failed(stuck(pod)));
            return;
        }
        pod.queue(done);
        next(pod);
    }

    private void next(Pod pod) {
        Consumer<OpenOutcome> open = pod.beginOpen();
        if (open != null) {
            start(new Job(pod, null, open));
        }
    }

    private void plan(List<Job> jobs) {
        long now = ticker.nanos();
        List<Pod> able = new ArrayList<>();
        for (Pod pod : registry.pods()) {
            if (pod.isRoutable() && pod.mayDial(now)) {
                able.add(pod);
            }
        }
        int wanted = registry.settings().isElastic() ? wanted() : Integer.MAX_VALUE;
        while (wanted > 0 && !able.isEmpty()) {
            Pod best = best(able);
            able.remove(best);
            Seat seat = best.beginDial();
            if (seat != null) {
                jobs.add(new Job(best, seat, null));
                wanted--;
            }
        }
    }

    /** How many connections more are wanted than there are free or to be expected. */
    private int wanted() {
        int free = 0;
        int expected = 0;
        for (Pod pod : registry.pods()) {
            if (pod.isRoutable()) {
                free += pod.count(SeatWord.FREE);
                // A Pod that keeps failing must not count for the callers who could be served by another.
                expected += pod.isDialling() && !pod.isSlow() && !pod.isFailing() ? 1 : 0;
            }
        }
        return registry.waiting() + registry.settings().minimumIdle() - free - expected;
    }

    /** That with the smallest part of its seats connected; those that failed last come last. */
    private static Pod best(List<Pod> able) {
        Pod best = able.get(0);
        double least = Double.MAX_VALUE;
        for (Pod pod : able) {
            int seats = pod.seats().length;
            double rank = seats == 0 ? 4 : 1 - (double) pod.count(SeatWord.EMPTY) / seats + (pod.isFailing() ? 2 : 0);
            if (rank < least) {
                least = rank;
                best = pod;
            }
        }
        return best;
    }

    private void start(Job job) {
        if (!io.execute(() -> run(job))) {
            end(job, new OpenOutcome.Withdrawn());
        }
    }

    private void run(Job job) {
        PoolThreads.Cancellable slow = io.schedule(
                () -> {
                    if (job.pod.slowDown()) {
                        need();
                    }
                },
                SLOW_MILLIS);
        PoolThreads.Cancellable overdue = io.schedule(() -> overdue(job), overdueMillis());
        long start = ticker.nanos();
        OpenOutcome outcome = new OpenOutcome.Withdrawn();
        try {
            outcome = dial(job);
        } finally {
            slow.cancel();
            overdue.cancel();
            if (job.decision.finish()) {
                end(job, outcome);
                created(outcome, start);
            } else {
                job.pod.overdueEnded();
                next(job.pod);
                need();
            }
        }
    }

    /** Last of all: a recorder that does not return has this thread, and nothing else. */
    private void created(OpenOutcome outcome, long start) {
        if (outcome instanceof OpenOutcome.Opened) {
            observers.created(ticker.nanos() - start);
        }
    }

    private long overdueMillis() {
        HikariSettings now = registry.settings();
        return now.connectionTimeout() + now.validationTimeout() + Decision.GRACE_MILLIS;
    }

    /** On the housekeeper: the driver, the connection function or the credentials provider has not returned. */
    private void overdue(Job job) {
        if (job.decision.expire()) {
            Connection connection = job.connection.get();
            if (connection != null) {
                // It counts at the server, and its seat will have another.
                io.execute(() -> Session.abort(connection));
            }
            OpenOutcome outcome = failed(job.pod, stuck(job.pod), true);
            job.pod.dialOverdue();
            end(job, outcome);
        }
    }

    private SQLException stuck(Pod pod) {
        return new SQLTransientConnectionException(
                "connecting to " + pod.key() + " did not complete within " + overdueMillis()
                        + " ms, and goes on (set the driver's connect and socket time-outs)",
                "08001");
    }

    private OpenOutcome dial(Job job) {
        Pod pod = job.pod;
        long start = ticker.nanos();
        Session session;
        DataSource dataSource;
        try {
            dataSource = pod.dataSource(dialler);
        } catch (Throwable e) {
            return failed(job, e, false);
        }
        try {
            session = dialler.dial(dataSource, job.connection::set);
        } catch (Throwable e) {
            return failed(job, e, classifier.classify(e).countsAtConnect());
        }
        if (!job.decision.finish()) {
            session.close();
            return new OpenOutcome.Withdrawn();
        }
        long now = ticker.nanos();
        pod.reached(now);
        if (registry.isClosed() || pod.hasLeft()) {
            session.close();
            return new OpenOutcome.Withdrawn();
        }
        connected(pod, job.seat, session);
        signals.opened(pod.key(), Duration.ofNanos(now - start));
        signals.alive(pod.key());
        return new OpenOutcome.Opened();
    }

    /** A connection is set up: for the seat, or for one that core asked for. */
    private void connected(Pod pod, @Nullable Seat seat, Session session) {
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
            registry.publish();
        }
        exchange.freed(filled);
    }

    private OpenOutcome failed(Job job, Throwable cause, boolean counts) {
        return job.decision.finish() ? failed(job.pod, cause, counts) : new OpenOutcome.Withdrawn();
    }

    private OpenOutcome failed(Pod pod, Throwable cause, boolean counts) {
        if (registry.isClosed() || pod.hasLeft()) {
            return new OpenOutcome.Withdrawn();
        }
        LOG.debug("Pool {}: no connection to {}", registry.name(), pod.key(), cause);
        io.schedule(this::need, pod.backOff(ticker.nanos()));
        if (counts) {
            pod.failed(cause);
            return new OpenOutcome.Failed(cause);
        }
        pod.refused(cause);
        return new OpenOutcome.Refused(cause);
    }

    private void end(Job job, OpenOutcome outcome) {
        Pod pod = job.pod;
        if (job.seat != null && !(outcome instanceof OpenOutcome.Opened)) {
            job.seat.dialFailed();
        }
        pod.dialEnded();
        try {
            if (job.open != null) {
                job.open.accept(outcome);
            }
        } finally {
            if (registry.isClosed() || pod.hasLeft()) {
                withdraw(pod);
            } else {
                next(pod);
                need();
            }
        }
    }

    /** Ends what waits for a dial at a Pod that has left. */
    void withdraw(Pod pod) {
        for (Consumer<OpenOutcome> open = pod.pollOpen(); open != null; open = pod.pollOpen()) {
            open.accept(new OpenOutcome.Withdrawn());
        }
    }

    /**
     * Tests a Pod that is left out, on an I/O thread: by an idle connection where there is one, else by dialling for
     * a seat that has none, so that the budget holds; else by a connection of its own, closed at once, which for that
     * moment is one more.
     */
    OpenOutcome probe(Pod pod) {
        for (Seat seat : pod.seats()) {
            if (seat.startChecking()) {
                return test.check(seat) ? new OpenOutcome.Opened() : failedProbe(pod);
            }
        }
        Seat empty = pod.beginDial();
        if (empty != null) {
            // The timer's, if that decided.
            AtomicReference<OpenOutcome> outcome = new AtomicReference<>(new OpenOutcome.Withdrawn());
            run(new Job(pod, empty, outcome::set));
            return outcome.get();
        }
        if (pod.isStuck()) {
            return new OpenOutcome.Failed(stuck(pod));
        }
        if (pod.isDialling()) {
            return new OpenOutcome.Refused(new SQLException("connecting to " + pod.key() + " is still under way"));
        }
        return probeOnce(pod);
    }

    private static OpenOutcome failedProbe(Pod pod) {
        Throwable cause = pod.lastFailure();
        return new OpenOutcome.Failed(
                cause != null
                        ? cause
                        : new SQLException("an idle connection to " + pod.key() + " is not valid", "08006"));
    }

    private OpenOutcome probeOnce(Pod pod) {
        try {
            dialler.dial(pod.dataSource(dialler)).close();
            return new OpenOutcome.Opened();
        } catch (Throwable e) {
            return classifier.classify(e).countsAtConnect() ? new OpenOutcome.Failed(e) : new OpenOutcome.Refused(e);
        }
    }
}
