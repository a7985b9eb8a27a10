package io.evenkeel.rsocket;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.rsocket.Pod.Seat;
import io.evenkeel.rsocket.PodConnection.Ending;
import io.evenkeel.spi.EndpointConnections;
import io.evenkeel.spi.EndpointSignals;
import io.evenkeel.status.FailureCause;
import io.evenkeel.time.Scheduler;
import io.evenkeel.time.Ticker;
import io.rsocket.exceptions.InvalidSetupException;
import io.rsocket.exceptions.RejectedSetupException;
import io.rsocket.exceptions.UnsupportedSetupException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections of one client, as the rebalancer sees them.
 *
 * <p>Invariants:
 * <ul>
 *   <li>Everything here is written on the control thread; what happens elsewhere (a dial's outcome, a lost connection)
 *       is posted to it. Only {@link #load} and {@link #connections} are for any thread.
 *   <li>The router has exactly the open connections of the Pods that are routed; it receives them after every change.
 *   <li>A connection is in one place: on a seat, or lingering. One that lingers has no seat any more: the seat went
 *       elsewhere with its replacement, and it only waits for what is in flight.
 *   <li>A Pod that leaves gets no new work from the moment it is off the routes, and its connections are ended by
 *       {@code drainDeadline} from then. Nothing else here ends a connection that is in use.
 * </ul>
 */
final class RSocketConnections implements EndpointConnections, PodConnection.Listener {

    private static final Logger LOG = LoggerFactory.getLogger(RSocketConnections.class);
    /** A connection that lived for so long was all right: the next back-off begins anew. */
    private static final long SETTLED = Duration.ofSeconds(5).toNanos();

    private static final Duration NOTHING_TO_MOVE = Duration.ofSeconds(5);

    private final String pool;
    private final Router router;
    private final EndpointSignals signals;
    private final Ticker ticker;
    private final Scheduler control;
    private final PodTable pods = new PodTable();
    /** Of connections that have ended: wires that were still up then, and may be. */
    private final Set<WireWatch> lastFrames = ConcurrentHashMap.newKeySet();

    private final PodDialer dialer;
    private final DrainDeadlines deadlines;

    RSocketConnections(
            RSocketPoolConfig config,
            Dial dial,
            Router router,
            EndpointSignals signals,
            Ticker ticker,
            Scheduler control,
            RandomGenerator random) {
        this.pool = config.name();
        this.router = router;
        this.signals = signals;
        this.ticker = ticker;
        this.control = control;
        this.dialer = new PodDialer(config, dial, pods, signals, ticker, control, random, router, this, this::publish);
        this.deadlines = new DrainDeadlines(pool, config.drainDeadline(), ticker, control);
    }

    // The rebalancer's verbs.

    @Override
    public void join(Endpoint endpoint) {
        Pod known = pods.get(endpoint.key());
        if (known == null) {
            pods.add(new Pod(endpoint));
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
        dialer.dial(
                pod,
                connection -> {
                    addSeat(pod, connection);
                    done.accept(new OpenOutcome.Opened());
                },
                failure -> {
                    dialer.failed(pod, failure);
                    done.accept(new OpenOutcome.Failed(failure));
                });
    }

    private void addSeat(Pod pod, PodConnection connection) {
        Seat seat = new Seat();
        dialer.seated(pod, seat, connection);
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
            deadlines.leaving(pod);
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
        deadlines.watch(pod, connection);
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
            deadlines.leaving(source);
        }
        dialer.dial(
                destination,
                connection -> {
                    addSeat(destination, connection);
                    leaveSeat(source, seat, destination, reason, done);
                },
                failure -> {
                    seat.going = false;
                    dialer.redialIfEmpty(source, seat);
                    dialer.failed(destination, failure);
                    done.accept(new MoveOutcome.Failed(failure));
                });
    }

    /**
     * The replacement is there. Where the Pod leaves, the move is over only when the old connection is closed, so that
     * what the rebalancer says of the drain is true. Else it is over now, and the old connection lingers for as long as
     * it takes: moves go one by one, and a long stream must not hold up the others.
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
            deadlines.watch(source, old);
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
        for (Pod pod : pods.known()) {
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
        dialer.dial(
                pod,
                connection -> {
                    Seat empty = pod.empty();
                    if (empty == null) {
                        connection.close(Ending.DISPOSED);
                    } else {
                        dialer.seated(pod, empty, connection);
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
                deadlines.watch(pod, connection);
            }
        }
        pod.seats.clear();
        pods.leave(pod);
        publish();
    }

    @Override
    public Load load(EndpointKey endpoint) {
        Pod pod = pods.get(endpoint);
        return pod == null ? Load.NONE : pod.load();
    }

    /** Of requests: those that wait for a connection, those sent, and those that waited in vain. */
    @Override
    public Usage usage() {
        return router.usage();
    }

    // Losing.

    @Override
    public void closed(PodConnection connection, Ending ending, @Nullable Throwable cause) {
        signals.closed(connection.endpoint());
        lastFrames.removeIf(wire -> !wire.isUp());
        lastFrames.add(connection.wire());
        control.execute(() -> gone(connection, ending, cause));
    }

    @Override
    public void succeeded(PodConnection connection) {
        signals.succeeded(connection.endpoint());
    }

    private void gone(PodConnection connection, Ending ending, @Nullable Throwable cause) {
        Pod pod = pods.holder(connection);
        if (pod == null) {
            return;
        }
        LOG.debug("Pool {}: a connection to {} is closed: {}", pool, pod.key(), ending, cause);
        pod.lingering.remove(connection);
        Seat seat = pod.seatOf(connection);
        if (seat != null) {
            seat.connection = null;
            vacated(pod, seat, connection, ending, cause);
        }
        pods.tidy(pod);
        publish();
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
            LOG.debug("Pool {}: the connection to {} was lost", pool, pod.key(), cause);
            if (!pod.leaving) {
                dialer.failed(pod, cause != null ? cause : new ClosedChannelException());
            }
        }
        dialer.redialIfEmpty(pod, seat);
    }

    private void free(Pod pod, Seat seat) {
        seat.cancelRedial();
        pod.seats.remove(seat);
    }

    private void publish() {
        router.route(dialer.isClosed() ? new PodConnection[0] : pods.routed());
    }

    // For every thread.

    /** All that is open or draining. */
    List<PodConnection> connections() {
        return pods.connections();
    }

    /**
     * Opens nothing any more, and takes no more requests; what is in flight goes on. After the rebalancer has ended.
     */
    void shut() {
        dialer.close();
        router.close();
        for (PodConnection connection : connections()) {
            connection.drain();
        }
    }

    /** Ends what is left. */
    void dispose() {
        dialer.close();
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

    /** One-way requests that no Pod has confirmed yet. */
    int unconfirmed() {
        int sum = 0;
        for (PodConnection connection : connections()) {
            sum += connection.unconfirmed();
        }
        return sum;
    }

    boolean hasWires() {
        return wires().anyMatch(WireWatch::isUp);
    }

    void closeWires() {
        wires().forEach(WireWatch::closeWire);
    }

    /** Of all that are left, also of connections that ended shortly before the control thread did. */
    private Stream<WireWatch> wires() {
        return Stream.concat(lastFrames.stream(), connections().stream().map(PodConnection::wire));
    }

    private IllegalStateException unknown(EndpointKey endpoint) {
        return new IllegalStateException("endpoint: " + endpoint + " of pool " + pool + " (expected: joined)");
    }
}
