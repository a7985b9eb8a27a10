package io.evenkeel.grpc;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.grpc.Pod.Seat;
import io.evenkeel.spi.EndpointConnections;
import io.evenkeel.spi.EndpointSignals;
import io.evenkeel.time.Backoff;
import io.evenkeel.time.Scheduler;
import io.evenkeel.time.Ticker;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections of one channel, as the rebalancer sees them.
 *
 * <p>Invariants:
 * <ul>
 *   <li>Everything here is written in the channel's synchronization context. Only {@link #load} is for any thread.
 *   <li>The channel's picker has exactly the open connections of the Pods in service; it is replaced after every
 *       change.
 *   <li>A connection is in one place: on a seat, or lingering. One that lingers has no seat any more, and only waits
 *       for its calls.
 *   <li>A Pod that leaves gets no call from the moment it is out of service, and its subchannels are shut down by
 *       {@code drainDeadline} from then. Nothing else here shuts down a connection in use.
 *   <li>A connection that was dialled is on a seat, lingering, or closed: regardless of what the reason for the dial
 *       has become meanwhile.
 *   <li>{@code outOfService} has every connection that is neither dialling nor open and has calls in flight: each is
 *       added after its state has changed, and taken out when its last call ends or it is open again.
 *   <li>A dial ends within {@code connectTimeout}, in one of the two ways: gRPC has no bound for a server that accepts
 *       and never answers, and what waits for a dial would wait with it.
 * </ul>
 */
final class PodConnections implements EndpointConnections, Dialer.Outcome {

    /** Receives what the picker depends on, after every change. */
    interface Publisher {
        /**
         * @param open connections in service
         * @param dialling whether any Pod has not failed since it was connected or joined
         * @param failing whether any Pod has
         */
        void publish(List<PodConnection> open, boolean dialling, boolean failing);
    }

    private static final Logger LOG = LoggerFactory.getLogger(PodConnections.class);
    private static final Backoff REDIAL = Backoff.reconnect(Duration.ofMillis(100));
    /** A connection that lived for so long was well, even if it was never used: the next back-off begins anew. */
    private static final Duration SETTLED = Duration.ofSeconds(5);

    private static final Duration NOTHING_TO_MOVE = Duration.ofSeconds(5);

    private final String pool;
    private final Duration connectTimeout;
    private final Duration drainDeadline;
    private final Duration slowStart;
    private final Dialer dialer;
    private final EndpointSignals signals;
    private final Ticker ticker;
    private final Scheduler control;
    private final RandomGenerator random;
    private final Publisher publisher;
    private final Map<EndpointKey, Pod> pods = new ConcurrentHashMap<>();
    /** Pods that have left, and have connections that linger. */
    private final Set<Pod> left = new LinkedHashSet<>();
    /** Connections out of service on which calls go on; also such that are closed, and of Pods that have left. */
    private final Set<PodConnection> outOfService = ConcurrentHashMap.newKeySet();

    /** Calls begun so far; counted by any thread. */
    private final LongAdder sent = new LongAdder();

    /** What to do with each connection that is being dialled. */
    private final Map<PodConnection, Dial> dials = new HashMap<>();

    private boolean closed;

    /** @param timeout fails it, and is cancelled when it ends */
    private record Dial(
            Pod pod,
            long begun,
            Consumer<PodConnection> whenOpen,
            Consumer<Throwable> whenFailed,
            Scheduler.Cancellable timeout) {}

    PodConnections(
            String pool,
            Duration connectTimeout,
            Duration drainDeadline,
            Duration slowStart,
            Dialer dialer,
            EndpointSignals signals,
            Ticker ticker,
            Scheduler control,
            RandomGenerator random,
            Publisher publisher) {
        this.pool = pool;
        this.connectTimeout = connectTimeout;
        this.drainDeadline = drainDeadline;
        this.slowStart = slowStart;
        this.dialer = dialer;
        this.signals = signals;
        this.ticker = ticker;
        this.control = control;
        this.random = random;
        this.publisher = publisher;
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
                    pod.seats.add(seated(connection));
                    done.accept(new OpenOutcome.Opened());
                },
                failure -> done.accept(new OpenOutcome.Failed(failure)));
    }

    private static Seat seated(PodConnection connection) {
        Seat seat = new Seat();
        seat.connection = connection;
        return seat;
    }

    private static IllegalStateException unknown(EndpointKey endpoint) {
        return new IllegalStateException("endpoint: " + endpoint + " (expected: one that has joined)");
    }

    @Override
    public void retire(EndpointKey endpoint, RetireReason reason, Consumer<RetireOutcome> done) {
        Pod pod = pods.get(endpoint);
        Seat seat = pod == null ? null : pod.toLeave(reason == RetireReason.AGE);
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
        drain(pod, connection);
        publish();
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
                outOfService.remove(connection);
                seat.going = false;
                seat.retiring = null;
                publish();
                retiring.accept(new RetireOutcome.Kept());
                return;
            }
        }
    }

    @Override
    public void move(
            EndpointKey from, EndpointKey to, RetireReason reason, Duration deadline, Consumer<MoveOutcome> done) {
        Pod source = pods.get(from);
        Pod destination = pods.get(to);
        Seat seat = source == null ? null : source.toLeave(reason == RetireReason.AGE);
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
                    destination.seats.add(seated(connection));
                    replaced(source, seat, destination, reason, done);
                },
                failure -> {
                    seat.going = false;
                    redialIfEmpty(source, seat);
                    done.accept(new MoveOutcome.Failed(failure));
                });
    }

    /**
     * The replacement is open. Where the Pod leaves, the move ends with the old connection, so that what the rebalancer
     * reports of the drain is true. Else it ends now and the old connection lingers: moves go one by one, and a long
     * stream must not hold up the others.
     */
    private void replaced(Pod source, Seat seat, Pod destination, RetireReason reason, Consumer<MoveOutcome> done) {
        PodConnection old = seat.connection;
        seat.cancelRedial();
        if (reason == RetireReason.DRAIN && old != null) {
            destination.arriving++;
            destination.routed = true;
            seat.moved = () -> {
                destination.arriving--;
                done.accept(new MoveOutcome.Moved());
            };
            drain(source, old);
            publish();
            return;
        }
        source.seats.remove(seat);
        if (old != null) {
            source.lingering.add(old);
            drain(source, old);
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

    /** By a connection of its own, which takes an empty seat if there is one, and else is closed. */
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
                    takeEmptySeat(pod, pod.empty(), connection);
                    done.accept(new OpenOutcome.Opened());
                },
                failure -> done.accept(new OpenOutcome.Failed(failure)));
    }

    private void takeEmptySeat(Pod pod, @Nullable Seat seat, PodConnection connection) {
        if (seat != null && pod.seats.contains(seat) && !seat.going && seat.connection == null) {
            seat.cancelRedial();
            seat.connection = connection;
        } else {
            end(connection);
        }
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
                leaving(pod);
                drain(pod, connection);
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

    /** From any thread: a call was sent. */
    void began() {
        sent.increment();
    }

    /** How many calls wait for a connection only gRPC knows, which queues them. */
    @Override
    public Usage usage() {
        int sticking = outOfService.stream().mapToInt(PodConnection::streams).sum();
        return new Usage(0, sent.sum(), 0, sticking);
    }

    // Dialling.

    private void dial(Pod pod, Consumer<PodConnection> whenOpen, Consumer<Throwable> whenFailed) {
        PodConnection connection;
        try {
            connection = dialer.dial(pod.endpoint(), this);
        } catch (RuntimeException | Error refused) {
            // The channel has ended, or its transport refuses this kind of address.
            failedAt(pod, refused);
            whenFailed.accept(refused);
            return;
        }
        pod.dials.incrementAndGet();
        Scheduler.Cancellable timeout = control.schedule(connectTimeout, () -> timedOut(connection));
        dials.put(connection, new Dial(pod, ticker.nanos(), whenOpen, whenFailed, timeout));
    }

    private void timedOut(PodConnection connection) {
        if (dials.containsKey(connection)) {
            connection.close();
            TimeoutException none = new TimeoutException("Pool " + pool + ": no connection to " + connection.endpoint()
                    + " within " + connectTimeout + " (connectTimeout)");
            failed(
                    connection,
                    Status.UNAVAILABLE.withDescription(none.getMessage()).withCause(none));
        }
    }

    /** The dial of that connection has ended; null if there was none. */
    private @Nullable Dial dialled(PodConnection connection) {
        Dial dial = dials.remove(connection);
        if (dial != null) {
            dial.timeout().cancel();
            dial.pod().dials.decrementAndGet();
        }
        return dial;
    }

    @Override
    public void opened(PodConnection connection) {
        Dial dial = dialled(connection);
        if (dial == null) {
            connection.close();
            return;
        }
        Pod pod = dial.pod();
        if (closed || pods.get(pod.key()) != pod) {
            connection.close();
            dial.whenFailed().accept(new IllegalStateException(pod.key() + " has left"));
            return;
        }
        long now = ticker.nanos();
        if (!pod.used) {
            pod.used = true;
            pod.usedSince = now;
        }
        pod.failing = false;
        connection.opened(now, pod.usedSince, slowStart);
        Duration took = Duration.ofNanos(now - dial.begun());
        LOG.debug("Pool {}: connected to {} in {} ms", pool, pod.key(), took.toMillis());
        signals.opened(pod.key(), took);
        signals.alive(pod.key());
        dial.whenOpen().accept(connection);
        publish();
    }

    @Override
    public void failed(PodConnection connection, Status why) {
        Dial dial = dialled(connection);
        if (dial != null) {
            Throwable cause = why.asRuntimeException();
            failedAt(dial.pod(), cause);
            dial.whenFailed().accept(cause);
            // After what was just reported has reached the pool's status, which calls are failed with.
            control.execute(this::publish);
        }
    }

    private void failedAt(Pod pod, Throwable cause) {
        LOG.debug("Pool {}: no connection to {}", pool, pod.key(), cause);
        pod.failing = true;
        pod.failures++;
        signals.failed(pod.key(), cause);
    }

    private void redialIfEmpty(Pod pod, Seat seat) {
        boolean wanted = seat.connection == null && !seat.going && !seat.dialling && seat.redial == null;
        if (wanted && pods.get(pod.key()) == pod && !closed) {
            Duration wait = pod.failures == 0 ? Duration.ZERO : REDIAL.after(pod.failures, random);
            seat.redial = control.schedule(wait, () -> redial(pod, seat));
        }
    }

    private void redial(Pod pod, Seat seat) {
        seat.redial = null;
        if (seat.connection != null || seat.going || pods.get(pod.key()) != pod || closed) {
            return;
        }
        seat.dialling = true;
        dial(
                pod,
                connection -> {
                    seat.dialling = false;
                    takeEmptySeat(pod, seat, connection);
                },
                failure -> {
                    seat.dialling = false;
                    redialIfEmpty(pod, seat);
                });
    }

    // Draining and losing.

    private void drain(Pod pod, PodConnection connection) {
        boolean idle = connection.drain();
        outOfService(connection);
        if (idle) {
            control.execute(() -> ended(connection));
        } else {
            shutDownInTime(pod, connection);
        }
    }

    /**
     * It takes no call any more. One that ends meanwhile has seen the state that it was given before, and reports its
     * end, or is seen here.
     */
    private void outOfService(PodConnection connection) {
        outOfService.add(connection);
        if (connection.calls() == 0) {
            outOfService.remove(connection);
        }
    }

    /** From any thread: its last call has ended. */
    void drained(PodConnection connection) {
        control.execute(() -> ended(connection));
    }

    private void ended(PodConnection connection) {
        if (connection.calls() == 0 && !connection.isOpen()) {
            outOfService.remove(connection);
        }
        if (connection.state() == PodConnection.State.DRAINING && connection.calls() == 0) {
            end(connection);
            gone(connection);
        }
    }

    private void end(PodConnection connection) {
        if (connection.close()) {
            signals.closed(connection.endpoint());
        }
    }

    @Override
    public void lost(PodConnection connection, Status why) {
        // A server that says goodbye answers what it has.
        outOfService(connection);
        signals.closed(connection.endpoint());
        Pod pod = pods.get(connection.endpoint());
        if (pod != null && pod.seatOf(connection) != null) {
            LOG.debug("Pool {}: the connection to {} was lost: {}", pool, pod.key(), why);
            // A server may end connections by age as often as it likes; one that ends them before it answered
            // doesn't work.
            if (connection.hasAnswered() || ticker.nanos() - connection.openedAt() >= SETTLED.toNanos()) {
                pod.failures = 0;
            } else if (!pod.leaving) {
                pod.failures++;
                signals.failed(pod.key(), why.asRuntimeException());
            }
        }
        gone(connection);
    }

    /** It is closed: what waited for that goes on. */
    private void gone(PodConnection connection) {
        Pod pod = holder(connection);
        if (pod == null) {
            return;
        }
        pod.lingering.remove(connection);
        if (pod.lingering.isEmpty()) {
            left.remove(pod);
        }
        Seat seat = pod.seatOf(connection);
        if (seat != null) {
            seat.connection = null;
            vacated(pod, seat);
        }
        publish();
    }

    private void vacated(Pod pod, Seat seat) {
        Consumer<RetireOutcome> retiring = seat.retiring;
        Runnable moved = seat.moved;
        if (retiring != null) {
            free(pod, seat);
            retiring.accept(new RetireOutcome.Retired());
        } else if (moved != null) {
            free(pod, seat);
            moved.run();
        } else {
            redialIfEmpty(pod, seat);
        }
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

    private static void free(Pod pod, Seat seat) {
        seat.cancelRedial();
        pod.seats.remove(seat);
    }

    private void leaving(Pod pod) {
        if (pod.leaving) {
            return;
        }
        pod.leaving = true;
        if (pod.routed) {
            // It is taken out of service in this very round.
            pod.unroutedAt = ticker.nanos();
        }
        for (PodConnection connection : pod.lingering) {
            shutDownInTime(pod, connection);
        }
    }

    /** Shuts a leaving Pod's connection down at the deadline, if it is still there and still to go then. */
    private void shutDownInTime(Pod pod, PodConnection connection) {
        if (!pod.leaving || connection.state() == PodConnection.State.CLOSED) {
            return;
        }
        long end = pod.unroutedAt + drainDeadline.toNanos();
        control.schedule(Duration.ofNanos(Math.max(0, end - ticker.nanos())), () -> {
            // Not if it came back meanwhile and now leaves anew.
            boolean due = pod.leaving && ticker.nanos() - pod.unroutedAt >= drainDeadline.toNanos();
            if (due && connection.state() == PodConnection.State.DRAINING) {
                LOG.info(
                        "Pool {}: {} has {} calls in flight at the drain deadline; they go on until they end, and the"
                                + " connection takes no other",
                        pool,
                        pod.key(),
                        connection.calls());
                end(connection);
                gone(connection);
            }
        });
    }

    /** Replaces the picker by one of what is open now. */
    void publish() {
        List<PodConnection> open = new ArrayList<>();
        boolean dialling = false;
        boolean failing = false;
        for (Pod pod : pods.values()) {
            for (Seat seat : pod.seats) {
                PodConnection connection = seat.connection;
                if (pod.routed && connection != null && connection.isOpen()) {
                    open.add(connection);
                }
            }
            failing |= pod.failing;
            dialling |= !pod.failing && !pod.leaving;
        }
        publisher.publish(open, dialling, failing);
    }

    /** Opens nothing any more, and shuts all subchannels down. After the rebalancer has ended. */
    void close() {
        closed = true;
        List<PodConnection> all = new ArrayList<>(dials.keySet());
        dials.values().forEach(dial -> dial.timeout().cancel());
        dials.clear();
        for (Pod pod : pods.values()) {
            all.addAll(pod.lingering);
            for (Seat seat : pod.seats) {
                seat.cancelRedial();
                PodConnection connection = seat.connection;
                if (connection != null) {
                    all.add(connection);
                }
            }
        }
        for (Pod pod : left) {
            all.addAll(pod.lingering);
        }
        for (PodConnection connection : all) {
            boolean wasOpen = connection.state() != PodConnection.State.DIALLING;
            if (connection.close() && wasOpen) {
                signals.closed(connection.endpoint());
            }
        }
    }
}
