package io.evenkeel.rsocket;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.rsocket.Pod.Seat;
import io.evenkeel.rsocket.PodConnection.Ending;
import io.evenkeel.spi.EndpointConnections;
import io.evenkeel.spi.EndpointSignals;
import io.evenkeel.status.FailureCause;
import io.evenkeel.time.Scheduler;
import io.evenkeel.time.Ticker;
import io.rsocket.RSocket;
import io.rsocket.exceptions.InvalidSetupException;
import io.rsocket.exceptions.RejectedSetupException;
import io.rsocket.exceptions.UnsupportedSetupException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections of one client, as the rebalancer sees them.
 *
 * <p>Invariants:
 * <ul>
 *   <li>Everything here is written on the control thread; what happens elsewhere (a dial's outcome, a lost connection) is
 *       posted to it. Only {@link #load} and {@link #connections} are for any thread.
 *   <li>The router has exactly the open connections of the Pods that are routed; it is told after every change.
 *   <li>A connection is in one place: on a seat, or lingering. One that lingers has no seat any more: the seat went elsewhere
 *       with its replacement, and it only waits for what is in flight.
 *   <li>A Pod that leaves gets no new work from the moment it is off the routes, and its connections are ended by
 *       {@code drainDeadline} from then. Nothing else here ends a connection that is in use.
 * </ul>
 */
final class RSocketConnections implements EndpointConnections, PodConnection.Listener {

    private static final Logger LOG = LoggerFactory.getLogger(RSocketConnections.class);
    /** As many answers as the failure rate looks back on. */
    private static final int SUCCESSES_WANTED = 50;

    private static final long FIRST_BACKOFF = Duration.ofMillis(100).toNanos();
    private static final long MAX_BACKOFF = Duration.ofSeconds(10).toNanos();
    /** A connection that lived for so long was all right: the next back-off begins anew. */
    private static final long SETTLED = Duration.ofSeconds(5).toNanos();

    private static final Duration NOTHING_TO_MOVE = Duration.ofSeconds(5);

    private final RSocketPoolConfig config;
    private final Dial dialer;
    private final Router router;
    private final EndpointSignals signals;
    private final MetricsRecorder metrics;
    private final Ticker ticker;
    private final Scheduler control;
    private final RandomGenerator random;
    private final Map<EndpointKey, Pod> pods = new ConcurrentHashMap<>();
    /** Pods that were left and have connections that linger. */
    private final Set<Pod> left = ConcurrentHashMap.newKeySet();

    private volatile boolean closed;

    RSocketConnections(
            RSocketPoolConfig config,
            Dial dialer,
            Router router,
            EndpointSignals signals,
            MetricsRecorder metrics,
            Ticker ticker,
            Scheduler control,
            RandomGenerator random) {
        this.config = config;
        this.dialer = dialer;
        this.router = router;
        this.signals = signals;
        this.metrics = metrics;
        this.ticker = ticker;
        this.control = control;
        this.random = random;
    }

    // The rebalancer's verbs.

    @Override
    public void join(Endpoint endpoint) {
        Pod known = pods.get(endpoint.key());
        if (known == null) {
            pods.put(endpoint.key(), new Pod(endpoint));
        } else {
            known.describe(endpoint);
        }
    }

    /** The server's own refusals of a set-up; it has no more kinds of them. */
    @Override
    public FailureCause causeOf(Throwable failure) {
        return failure instanceof RejectedSetupException
                        || failure instanceof InvalidSetupException
                        || failure instanceof UnsupportedSetupException
                ? FailureCause.REJECTED
                : FailureCause.of(failure);
    }

    @Override
    public void open(EndpointKey endpoint, Consumer<OpenOutcome> done) {
        Pod pod = pods.get(endpoint);
        if (pod == null) {
            done.accept(new OpenOutcome.Failed(unknown(endpoint)));
            return;
        }
        dial(
                pod,
                connection -> {
                    addSeat(pod, connection);
                    done.accept(new OpenOutcome.Opened());
                },
                failure -> {
                    failed(pod, failure);
                    done.accept(new OpenOutcome.Failed(failure));
                });
    }

    private static void addSeat(Pod pod, PodConnection connection) {
        Seat seat = new Seat();
        seated(pod, seat, connection);
        pod.seats.add(seat);
    }

    @Override
    public void retire(EndpointKey endpoint, RetireReason reason, Consumer<RetireOutcome> done) {
        Pod pod = pods.get(endpoint);
        Seat seat = pod == null ? null : pod.toGiveUp(reason == RetireReason.AGE);
        if (pod == null || seat == null) {
            done.accept(new RetireOutcome.Kept());
            return;
        }
        if (reason == RetireReason.DRAIN) {
            leaving(pod);
        }
        seat.going = true;
        PodConnection connection = seat.connection;
        if (connection == null) {
            free(pod, seat);
            done.accept(new RetireOutcome.Retired());
            return;
        }
        seat.retiring = done;
        connection.drain();
        publish();
        cutInTime(pod, connection);
    }

    @Override
    public void keep(EndpointKey endpoint) {
        Pod pod = pods.get(endpoint);
        if (pod == null) {
            return;
        }
        pod.leaving = false;
        for (Seat seat : pod.seats) {
            PodConnection connection = seat.connection;
            Consumer<RetireOutcome> retiring = seat.retiring;
            if (retiring != null && connection != null && connection.keep()) {
                seat.going = false;
                seat.retiring = null;
                retiring.accept(new RetireOutcome.Kept());
                publish();
                return;
            }
        }
    }

    @Override
    public void move(
            EndpointKey from, EndpointKey to, RetireReason reason, Duration deadline, Consumer<MoveOutcome> done) {
        Pod source = pods.get(from);
        Pod destination = pods.get(to);
        Seat seat = source == null ? null : source.toGiveUp(reason == RetireReason.AGE);
        if (source == null || destination == null || seat == null) {
            done.accept(new MoveOutcome.Postponed("nothing at " + from + " can be moved now", NOTHING_TO_MOVE));
            return;
        }
        seat.going = true;
        if (reason == RetireReason.DRAIN) {
            leaving(source);
        }
        dial(
                destination,
                connection -> {
                    addSeat(destination, connection);
                    leaveSeat(source, seat, destination, reason, done);
                },
                failure -> {
                    seat.going = false;
                    redialIfEmpty(source, seat);
                    failed(destination, failure);
                    done.accept(new MoveOutcome.Failed(failure));
                });
    }

    /**
     * The replacement is there. Where the Pod leaves, the move is over only when the old connection is closed, so that what
     * the rebalancer says of the drain is true. Else it is over now, and the old connection lingers for as long as it takes:
     * moves go one by one, and a long stream must not hold up the others.
     */
    private void leaveSeat(Pod source, Seat seat, Pod destination, RetireReason reason, Consumer<MoveOutcome> done) {
        PodConnection old = seat.connection;
        seat.cancelRedial();
        if (reason == RetireReason.DRAIN && old != null) {
            destination.arriving++;
            destination.routed = true;
            seat.moved = () -> {
                destination.arriving--;
                done.accept(new MoveOutcome.Moved());
            };
            old.drain();
            publish();
            cutInTime(source, old);
            return;
        }
        source.seats.remove(seat);
        if (old != null) {
            source.lingering.add(old);
            old.drain();
        }
        publish();
        done.accept(new MoveOutcome.Moved());
    }

    @Override
    public void route(Set<EndpointKey> routable) {
        long now = ticker.nanos();
        for (Pod pod : pods.values()) {
            boolean routed = routable.contains(pod.key()) || pod.arriving > 0;
            if (pod.routed && !routed) {
                pod.unroutedAt = now;
            }
            pod.routed = routed;
        }
        publish();
    }

    /** By a connection of its own, which takes an empty seat if there is one and is closed else. */
    @Override
    public void probe(EndpointKey endpoint, Consumer<OpenOutcome> done) {
        Pod pod = pods.get(endpoint);
        if (pod == null) {
            done.accept(new OpenOutcome.Failed(unknown(endpoint)));
            return;
        }
        dial(
                pod,
                connection -> {
                    Seat empty = pod.empty();
                    if (empty == null) {
                        connection.close(Ending.DISPOSED);
                    } else {
                        seated(pod, empty, connection);
                    }
                    done.accept(new OpenOutcome.Opened());
                },
                failure -> done.accept(new OpenOutcome.Failed(failure)));
    }

    @Override
    public void leave(EndpointKey endpoint) {
        Pod pod = pods.remove(endpoint);
        if (pod == null) {
            return;
        }
        for (Seat seat : pod.seats) {
            seat.cancelRedial();
            PodConnection connection = seat.connection;
            if (connection != null) {
                pod.lingering.add(connection);
                connection.drain();
                cutInTime(pod, connection);
            }
        }
        pod.seats.clear();
        if (!pod.lingering.isEmpty()) {
            left.add(pod);
        }
        publish();
    }

    @Override
    public Load load(EndpointKey endpoint) {
        Pod pod = pods.get(endpoint);
        return pod == null ? Load.NONE : pod.load();
    }

    // Connecting.

    /** Connects; what comes of it is told on the control thread. */
    private void dial(Pod pod, Consumer<PodConnection> whenOpen, Consumer<Throwable> whenFailed) {
        WireWatch wire = new WireWatch(ticker, control, router::leased);
        PodConnection connection = new PodConnection(pod.key(), pod.endpoint().weight(), wire, this);
        long begun = ticker.nanos();
        pod.dialling.incrementAndGet();
        dialer.dial(
                pod.endpoint(),
                connection,
                (rsocket, failure) -> control.execute(() -> {
                    pod.dialling.decrementAndGet();
                    if (rsocket != null && opened(pod, connection, rsocket, begun)) {
                        whenOpen.accept(connection);
                    } else {
                        connection.abandoned();
                        whenFailed.accept(failure != null ? failure : new ClosedChannelException());
                    }
                    publish();
                }));
    }

    private boolean opened(Pod pod, PodConnection connection, RSocket rsocket, long begun) {
        if (closed || pods.get(pod.key()) != pod) {
            rsocket.dispose();
            return false;
        }
        long now = ticker.nanos();
        if (!pod.used) {
            pod.used = true;
            pod.inUseSince = now;
        }
        Duration took = Duration.ofNanos(now - begun);
        signals.opened(pod.key(), took);
        metrics.connectionOpened(config.name(), pod.key(), took);
        LOG.debug("Pool {}: connected to {} in {} ms", config.name(), pod.key(), took.toMillis());
        connection.opened(rsocket, now, pod.inUseSince, config.slowStart().toNanos());
        return true;
    }

    private void failed(Pod pod, Throwable failure) {
        LOG.debug("Pool {}: no connection to {}", config.name(), pod.key(), failure);
        signals.failed(pod.key(), failure);
        pod.suspect = true;
        for (Seat seat : pod.seats) {
            PodConnection connection = seat.connection;
            if (connection != null) {
                connection.reportSuccesses(SUCCESSES_WANTED);
            }
        }
    }

    private static void seated(Pod pod, Seat seat, PodConnection connection) {
        seat.cancelRedial();
        seat.connection = connection;
        if (pod.suspect) {
            pod.suspect = false;
            connection.reportSuccesses(SUCCESSES_WANTED);
        }
    }

    private void redialIfEmpty(Pod pod, Seat seat) {
        if (seat.connection == null && !seat.going && seat.redial == null && pods.get(pod.key()) == pod && !closed) {
            seat.redial = control.schedule(backOff(pod), () -> redial(pod, seat));
        }
    }

    /** Between half and the whole of 100 ms, doubled by each failure in a row up to 10 s. */
    private Duration backOff(Pod pod) {
        long whole = Math.min(MAX_BACKOFF, FIRST_BACKOFF << Math.min(Math.max(0, pod.failures - 1), 10));
        return Duration.ofNanos((long) (whole * (0.5 + random.nextDouble() / 2)));
    }

    private void redial(Pod pod, Seat seat) {
        seat.redial = null;
        if (seat.connection != null || seat.going || pods.get(pod.key()) != pod || closed) {
            return;
        }
        dial(
                pod,
                connection -> {
                    if (pod.seats.contains(seat) && !seat.going && seat.connection == null) {
                        seated(pod, seat, connection);
                    } else {
                        connection.close(Ending.DISPOSED);
                    }
                },
                failure -> {
                    pod.failures++;
                    failed(pod, failure);
                    redialIfEmpty(pod, seat);
                });
    }

    // Losing.

    @Override
    public void closed(PodConnection connection, Ending ending, @Nullable Throwable cause) {
        signals.closed(connection.endpoint());
        control.execute(() -> gone(connection, ending, cause));
    }

    @Override
    public void succeeded(PodConnection connection) {
        signals.succeeded(connection.endpoint());
    }

    private void gone(PodConnection connection, Ending ending, @Nullable Throwable cause) {
        Pod pod = holder(connection);
        if (pod == null) {
            return;
        }
        LOG.debug("Pool {}: a connection to {} is closed: {}", config.name(), pod.key(), ending, cause);
        pod.lingering.remove(connection);
        Seat seat = pod.seatOf(connection);
        if (seat != null) {
            seat.connection = null;
            vacated(pod, seat, connection, ending, cause);
        }
        if (pod.lingering.isEmpty()) {
            left.remove(pod);
        }
        publish();
    }

    private @Nullable Pod holder(PodConnection connection) {
        Pod current = pods.get(connection.endpoint());
        if (current != null && (current.seatOf(connection) != null || current.lingering.contains(connection))) {
            return current;
        }
        for (Pod pod : left) {
            if (pod.lingering.contains(connection)) {
                return pod;
            }
        }
        return null;
    }

    private void vacated(Pod pod, Seat seat, PodConnection connection, Ending ending, @Nullable Throwable cause) {
        Consumer<RetireOutcome> retiring = seat.retiring;
        Runnable moved = seat.moved;
        if (retiring != null || moved != null) {
            free(pod, seat);
            if (retiring != null) {
                retiring.accept(new RetireOutcome.Retired());
            } else if (moved != null) {
                moved.run();
            }
            return;
        }
        if (ending == Ending.LOST) {
            pod.failures = ticker.nanos() - connection.openedAt() >= SETTLED ? 1 : pod.failures + 1;
            LOG.debug("Pool {}: the connection to {} was lost", config.name(), pod.key(), cause);
            if (!pod.leaving) {
                failed(pod, cause != null ? cause : new ClosedChannelException());
            }
        }
        redialIfEmpty(pod, seat);
    }

    private void free(Pod pod, Seat seat) {
        seat.cancelRedial();
        pod.seats.remove(seat);
    }

    // Draining.

    private void leaving(Pod pod) {
        if (!pod.leaving) {
            pod.leaving = true;
            if (pod.routed) {
                // It is taken off the routes in this very round.
                pod.unroutedAt = ticker.nanos();
            }
            for (PodConnection connection : pod.lingering) {
                cutInTime(pod, connection);
            }
        }
    }

    /** Ends a connection of a Pod that leaves at the deadline, if it is still there and still to go then. */
    private void cutInTime(Pod pod, PodConnection connection) {
        if (!pod.leaving || connection.state() == ConnectionState.CLOSED) {
            return;
        }
        long end = pod.unroutedAt + config.drainDeadline().toNanos();
        control.schedule(Duration.ofNanos(Math.max(0, end - ticker.nanos())), () -> {
            // Not if it came back meanwhile and now leaves anew.
            boolean due = pod.leaving
                    && ticker.nanos() - pod.unroutedAt >= config.drainDeadline().toNanos();
            if (due && connection.state() == ConnectionState.DRAINING) {
                LOG.info(
                        "Pool {}: {} has {} requests in flight at the drain deadline; they are ended",
                        config.name(),
                        pod.key(),
                        connection.inFlight());
                connection.close(Ending.CUT);
            }
        });
    }

    private void publish() {
        List<PodConnection> open = new ArrayList<>();
        if (!closed) {
            for (Pod pod : pods.values()) {
                for (Seat seat : pod.seats) {
                    PodConnection connection = seat.connection;
                    if (pod.routed && connection != null && connection.isOpen()) {
                        open.add(connection);
                    }
                }
            }
        }
        router.route(open.toArray(new PodConnection[0]));
    }

    // For everybody.

    /** All that is open or draining. */
    List<PodConnection> connections() {
        List<PodConnection> all = new ArrayList<>();
        for (Pod pod : pods.values()) {
            for (Seat seat : pod.seats) {
                PodConnection connection = seat.connection;
                if (connection != null) {
                    all.add(connection);
                }
            }
            all.addAll(pod.lingering);
        }
        for (Pod pod : left) {
            all.addAll(pod.lingering);
        }
        return all;
    }

    /** Opens nothing any more, and takes no more requests; what is in flight goes on. After the rebalancer has ended. */
    void shut() {
        closed = true;
        router.close();
        for (PodConnection connection : connections()) {
            connection.drain();
        }
    }

    /** Ends what is left. */
    void dispose() {
        closed = true;
        router.close();
        for (PodConnection connection : connections()) {
            connection.close(Ending.DISPOSED);
        }
    }

    int inFlight() {
        int sum = 0;
        for (PodConnection connection : connections()) {
            sum += connection.inFlight();
        }
        return sum;
    }

    boolean hasWires() {
        for (PodConnection connection : connections()) {
            if (connection.wire().isUp()) {
                return true;
            }
        }
        return false;
    }

    void closeWires() {
        for (PodConnection connection : connections()) {
            connection.wire().closeWire();
        }
    }

    private IllegalStateException unknown(EndpointKey endpoint) {
        return new IllegalStateException("endpoint: " + endpoint + " of pool " + config.name() + " (expected: joined)");
    }
}
