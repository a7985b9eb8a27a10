package io.evenkeel.jdbc.hikari;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.util.Credentials;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.jdbc.handle.FailureCauses;
import io.evenkeel.jdbc.handle.FaultClassifier;
import io.evenkeel.jdbc.pool.ConnectionPool;
import io.evenkeel.jdbc.pool.HikariSettings;
import io.evenkeel.spi.EndpointSignals;
import io.evenkeel.spi.Guard;
import io.evenkeel.status.FailureCause;
import io.evenkeel.time.Ticker;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections of one data source: a {@link Lane} per Pod, and one {@link Acquirer} over all of them.
 *
 * <p>The verbs of {@link io.evenkeel.spi.EndpointConnections} are for the control thread; {@link #acquire} is for
 * every thread.
 */
public final class JdbcConnections implements ConnectionPool {
    private static final Logger LOG = LoggerFactory.getLogger(JdbcConnections.class);
    private static final Duration THREADS_END = Duration.ofSeconds(1);
    private static final Duration POOLS_END = Duration.ofMillis(500);
    private static final long POLL_MILLIS = 20;

    private record Pod(Lane lane, PhysicalDataSource dataSource, Retirements retirements) {}

    private volatile JdbcPoolConfig config;
    private final HikariConfig template;
    private final Function<Endpoint, DataSource> drivers;
    private final EndpointSignals signals;
    private final Ticker ticker;
    private final Acquirer acquirer;
    private final IoTasks io;
    private final Guard guard;
    private final Growth growth;
    private final Map<EndpointKey, Pod> pods = new ConcurrentHashMap<>();

    /** Left, but not yet without connections. */
    private final Set<Pod> leaving = ConcurrentHashMap.newKeySet();

    private final AtomicBoolean closed = new AtomicBoolean();

    /**
     * Opens nothing.
     *
     * @param template what every Pod's pool is configured by; its sizes and its own data source or URL are not used,
     *     and its credentials are read again for every new connection
     * @param drivers connects to one Pod
     */
    public JdbcConnections(
            HikariSettings settings,
            HikariConfig template,
            Function<Endpoint, DataSource> drivers,
            EndpointSignals signals,
            MetricsRecorder metrics,
            Ticker ticker,
            long seed) {
        this.config = JdbcPoolConfig.of(settings);
        this.template = template;
        this.drivers = drivers;
        this.signals = signals;
        this.ticker = ticker;
        this.acquirer = new Acquirer(config.name(), ticker, metrics, seed, this::advice);
        this.io = new IoTasks(config.name());
        this.guard = new Guard("Pool " + config.name());
        this.growth = new Growth(acquirer, io, config.connectionTimeout().toMillis());
        acquirer.onDemand(growth::demand);
    }

    private String advice() {
        return "Return connections sooner, or raise maximumPoolSize (" + config.budget() + ") or connectionTimeout ("
                + config.connectionTimeout().toMillis() + " ms).";
    }

    @Override
    public Connection acquire(long timeoutNanos) throws SQLException {
        return acquirer.acquire(timeoutNanos, true);
    }

    @Override
    public Connection acquireAtStart(long timeoutNanos) throws SQLException {
        return acquirer.acquire(timeoutNanos, false);
    }

    /** Other sizes and time limits from now on. Seats come and go by {@link #open} and {@link #retire} all the same. */
    @Override
    public void configure(HikariSettings newer) {
        config = JdbcPoolConfig.of(newer);
        pods.values().forEach(pod -> pod.lane().resize());
    }

    /** Callers who wait now. */
    int waiting() {
        return acquirer.waiting();
    }

    @Override
    public Counts counts() {
        int idle = 0;
        int active = 0;
        for (Pod pod : pods.values()) {
            idle += pod.lane().count(SeatState.FREE);
            active += pod.lane().busy();
        }
        return new Counts(idle, active, acquirer.waiting());
    }

    @Override
    public Usage usage() {
        return new Usage(acquirer.waiting(), 0, 0);
    }

    @Override
    public boolean isUnreachable() {
        return !pods.isEmpty()
                && pods.values().stream().allMatch(pod -> pod.lane().isFailing());
    }

    @Override
    public void evictAll() {
        pods.values().forEach(pod -> pod.lane().pool().softEvict());
    }

    @Override
    public @Nullable Throwable lastFailure() {
        return Refusal.latest(acquirer.known());
    }

    @Override
    public FailureCause causeOf(Throwable failure) {
        return FailureCauses.of(failure);
    }

    @Override
    public void join(Endpoint endpoint) {
        EndpointKey key = endpoint.key();
        if (closed.get() || pods.containsKey(key)) {
            return;
        }
        Lane lane = new Lane(key, acquirer, signals, seats -> this.config.minimumIdle(seats));
        PhysicalDataSource dataSource = new PhysicalDataSource(() -> drivers.apply(endpoint), lane, ticker);
        PodPool pool = new HikariPodPool(
                template,
                config.name(),
                key,
                config.budget() + config.surge(),
                dataSource,
                io.housekeeper(),
                metrics -> GuardedTracker.factory(metrics, guard, io::execute));
        Retirements retirements = new Retirements(lane, acquirer, dataSource, io);
        lane.start(pool, retirements, new IdleCheck(lane, acquirer, io, validationSeconds()));
        lane.onRoom(() -> growth.roomAt(lane));
        pods.put(key, new Pod(lane, dataSource, retirements));
        known();
    }

    private void known() {
        List<Lane> lanes = new ArrayList<>();
        pods.values().forEach(pod -> lanes.add(pod.lane()));
        acquirer.know(lanes);
    }

    @Override
    public void open(EndpointKey endpoint, Consumer<OpenOutcome> done) {
        Pod pod = pods.get(endpoint);
        if (pod == null) {
            done.accept(new OpenOutcome.Failed(unknown(endpoint)));
        } else if (config.isElastic()) {
            addSeat(pod);
            if (config.minimumIdle() > 0) {
                pod.lane().pool().nudge();
            }
            done.accept(new OpenOutcome.Opened());
        } else if (!io.execute(() -> connect(pod, done))) {
            done.accept(new OpenOutcome.Failed(ConnectionPool.closed(config.name())));
        }
    }

    private void addSeat(Pod pod) {
        pod.lane().addSeat();
        acquirer.seatsChanged();
    }

    private void connect(Pod pod, Consumer<OpenOutcome> done) {
        OpenOutcome outcome;
        try {
            PhysicalConnection connection = dialAhead(pod);
            addSeat(pod);
            pod.dataSource().offer(connection);
            outcome = new OpenOutcome.Opened();
        } catch (SQLException | RuntimeException | Error e) {
            outcome = notOpened(e);
        }
        done.accept(outcome);
    }

    private static OpenOutcome notOpened(Throwable cause) {
        return FaultClassifier.STANDARD.classify(cause).countsAtConnect()
                ? new OpenOutcome.Failed(cause)
                : new OpenOutcome.Refused(cause);
    }

    private PhysicalConnection dialAhead(Pod pod) throws SQLException {
        Credentials credentials = HikariPodPool.credentials(template).getCredentials();
        return pod.dataSource().dialAhead(credentials.getUsername(), credentials.getPassword(), validationSeconds());
    }

    private int validationSeconds() {
        return (int) Math.max(1, HikariPodPool.validationMillis(template) / 1000);
    }

    @Override
    public void retire(EndpointKey endpoint, RetireReason reason, Consumer<RetireOutcome> done) {
        Pod pod = pods.get(endpoint);
        if (pod == null) {
            done.accept(new RetireOutcome.Kept());
        } else {
            pod.retirements().retire(reason, done);
        }
    }

    @Override
    public void keep(EndpointKey endpoint) {
        Pod pod = pods.get(endpoint);
        if (pod != null) {
            pod.retirements().keep();
        }
    }

    @Override
    public void route(Set<EndpointKey> routable) {
        pods.forEach((key, pod) -> pod.lane().route(!closed.get() && routable.contains(key)));
        acquirer.seatsChanged();
    }

    @Override
    public void probe(EndpointKey endpoint, Consumer<OpenOutcome> done) {
        Pod pod = pods.get(endpoint);
        if (pod == null) {
            done.accept(new OpenOutcome.Failed(unknown(endpoint)));
        } else if (!io.execute(() -> done.accept(probe(pod)))) {
            done.accept(new OpenOutcome.Failed(ConnectionPool.closed(config.name())));
        }
    }

    /**
     * By an idle connection where there is one, so that the budget holds: if it is dead, the pool beneath replaces it,
     * which is the test. Else by a connection of its own, closed at once: for that moment it is one more.
     */
    private OpenOutcome probe(Pod pod) {
        Lane lane = pod.lane();
        Seat seat = Chooser.takeAny(lane.seats(), 0);
        try {
            if (seat != null) {
                probe(lane);
            } else if (!growth.tryGrow(lane)) {
                dialAhead(pod).close();
            }
            return new OpenOutcome.Opened();
        } catch (SQLException | RuntimeException | Error e) {
            return notOpened(e);
        } finally {
            if (seat != null) {
                acquirer.release(seat, null);
                lane.reconcile();
            }
        }
    }

    private void probe(Lane lane) throws SQLException {
        try (Connection idle = lane.pool().borrow(config.connectionTimeout().toMillis() / 2)) {
            if (!idle.isValid(validationSeconds())) {
                lane.pool().evict(idle);
                throw new SQLException("an idle connection to " + lane.key() + " is not valid", "08006");
            }
        }
    }

    @Override
    public void leave(EndpointKey endpoint) {
        Pod pod = pods.remove(endpoint);
        if (pod == null) {
            return;
        }
        leaving.add(pod);
        pod.lane().shut();
        known();
        io.execute(() -> {
            free(pod);
            endIfUnused(pod);
        });
    }

    private static void free(Pod pod) {
        pod.dataSource().drop();
        pod.lane().pool().evictAll();
    }

    /** In-use connections stay with their users; so the pool ends when the last of them is returned. */
    private void endIfUnused(Pod pod) {
        if (pod.lane().connections() > 0) {
            // What was being established when it left reaches its pool only now.
            free(pod);
            io.schedule(() -> endIfUnused(pod), POLL_MILLIS);
        } else if (leaving.remove(pod)) {
            end(pod);
        }
    }

    @Override
    public Load load(EndpointKey endpoint) {
        Pod pod = pods.get(endpoint);
        return pod == null ? Load.NONE : pod.lane().load();
    }

    /** Seats at an endpoint whose connection waits for a caller. */
    int freeSeats(EndpointKey endpoint) {
        Pod pod = pods.get(endpoint);
        return pod == null ? 0 : pod.lane().count(SeatState.FREE);
    }

    private IllegalStateException unknown(EndpointKey endpoint) {
        return new IllegalStateException("endpoint: " + endpoint + " of pool " + config.name() + " (expected: joined)");
    }

    /**
     * Ends the data source: no caller gets a connection any more, those who wait are refused at once, idle
     * connections are closed now and those in use when they are returned. What is still in use at the deadline is
     * aborted, as a {@code HikariDataSource} does when it is closed. No thread is left. Blocks; safe to call again.
     *
     * @return whether every connection was returned in time
     */
    @Override
    public boolean close(Duration deadline) {
        if (!closed.compareAndSet(false, true)) {
            return true;
        }
        long end = ticker.nanos() + deadline.toNanos();
        acquirer.close();
        List<Pod> all = new ArrayList<>(pods.values());
        all.addAll(leaving);
        all.forEach(pod -> pod.lane().shut());
        acquirer.seatsChanged();
        all.forEach(JdbcConnections::free);
        boolean returned = awaitReturn(all, end);
        if (!returned) {
            warn(all);
        }
        end(all, end);
        if (!io.close(THREADS_END)) {
            LOG.warn(
                    "Pool {}: threads still connecting or closing after {}; they end by themselves",
                    config.name(),
                    THREADS_END);
        }
        return returned;
    }

    private boolean awaitReturn(List<Pod> all, long end) {
        CountDownLatch never = new CountDownLatch(1);
        try {
            while (total(all) > 0) {
                if (ticker.nanos() - end >= 0) {
                    return false;
                }
                // What was being established when this began reaches its pool only now.
                all.forEach(JdbcConnections::free);
                never.await(
                        Math.min(POLL_MILLIS, 1 + TimeUnit.NANOSECONDS.toMillis(end - ticker.nanos())),
                        TimeUnit.MILLISECONDS);
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static int total(List<Pod> all) {
        return all.stream().mapToInt(pod -> pod.lane().connections()).sum();
    }

    private void warn(List<Pod> all) {
        StringBuilder counts = new StringBuilder();
        for (Pod pod : all) {
            if (pod.lane().connections() > 0) {
                counts.append(counts.isEmpty() ? "" : ", ")
                        .append(pod.lane().key())
                        .append(": ")
                        .append(pod.lane().connections());
            }
        }
        LOG.warn("Pool {}: closed with connections in use, which are aborted ({})", config.name(), counts);
    }

    /**
     * All at the same time: HikariCP waits for a dial that hangs, and for each abort. One that no thread can be had for
     * ends in place.
     */
    private void end(List<Pod> all, long end) {
        CountDownLatch ended = new CountDownLatch(all.size());
        for (Pod pod : all) {
            leaving.remove(pod);
            Runnable task = () -> {
                try {
                    end(pod);
                } finally {
                    ended.countDown();
                }
            };
            if (!isHandedOver(task)) {
                task.run();
            }
        }
        try {
            long patience = Math.max(0, end - ticker.nanos()) + POOLS_END.toNanos();
            if (!ended.await(patience, TimeUnit.NANOSECONDS)) {
                LOG.debug("Pool {}: {} Pods' pools end by themselves", config.name(), ended.getCount());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean isHandedOver(Runnable task) {
        try {
            return io.execute(task);
        } catch (OutOfMemoryError noThread) {
            LOG.debug("Pool {}: no thread to end a Pod's pool on", config.name(), noThread);
            return false;
        }
    }

    private static void end(Pod pod) {
        try {
            pod.lane().pool().close();
        } finally {
            pod.dataSource().abandon();
        }
    }

    @Override
    public String toString() {
        return config.name() + " " + pods.values().stream().map(Pod::lane).toList() + ", waiting: " + waiting();
    }
}
