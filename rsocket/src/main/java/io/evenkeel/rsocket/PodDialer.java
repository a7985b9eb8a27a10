package io.evenkeel.rsocket;

import io.evenkeel.rsocket.Pod.Seat;
import io.evenkeel.rsocket.PodConnection.Ending;
import io.evenkeel.spi.EndpointSignals;
import io.evenkeel.time.Scheduler;
import io.evenkeel.time.Ticker;
import io.rsocket.RSocket;
import io.rsocket.RSocketErrorException;
import io.rsocket.exceptions.SetupException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens connections for a client's Pods, and again those that were lost. On the control thread, except {@link #close}.
 *
 * <p>Invariants:
 * <ul>
 *   <li>Every attempt is in {@link #attempts} until its outcome has been dealt with. Closing ends them all, and what is
 *       begun later is not begun: no socket outlives the client.
 *   <li>A seat without a connection that is not being retired has a timer, or an attempt under way.
 * </ul>
 */
final class PodDialer {

    private static final Logger LOG = LoggerFactory.getLogger(PodDialer.class);

    private static final long FIRST_BACKOFF = Duration.ofMillis(100).toNanos();
    /** A Pod that is back is to be used within a few seconds, and a refused connection costs neither side much. */
    private static final long MAX_BACKOFF = Duration.ofMillis(2_500).toNanos();

    private static final int MOST_DOUBLINGS = 10;

    private final RSocketPoolConfig config;
    private final Dial dialer;
    private final PodTable pods;
    private final EndpointSignals signals;
    private final Ticker ticker;
    private final Scheduler control;
    private final RandomGenerator random;
    private final Router router;
    private final PodConnection.Listener listener;
    private final Runnable changed;

    /** One that is being established. */
    private static final class Attempt {
        final PodConnection connection;
        volatile Scheduler.@Nullable Cancellable dial;

        Attempt(PodConnection connection) {
            this.connection = connection;
        }
    }

    private final Set<Attempt> attempts = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /**
     * @param router is notified when a server has granted a lease
     * @param listener of the connections that are opened
     * @param changed runs on the control thread after each outcome
     */
    PodDialer(
            RSocketPoolConfig config,
            Dial dialer,
            PodTable pods,
            EndpointSignals signals,
            Ticker ticker,
            Scheduler control,
            RandomGenerator random,
            Router router,
            PodConnection.Listener listener,
            Runnable changed) {
        this.config = config;
        this.dialer = dialer;
        this.pods = pods;
        this.signals = signals;
        this.ticker = ticker;
        this.control = control;
        this.random = random;
        this.router = router;
        this.listener = listener;
        this.changed = changed;
    }

    /** Connects; one of both runs on the control thread. */
    void dial(Pod pod, Consumer<PodConnection> whenOpen, Consumer<Throwable> whenFailed) {
        WireWatch wire = new WireWatch(ticker, control, router::leased, () -> signals.alive(pod.key()));
        PodConnection connection = new PodConnection(pod.key(), pod::weight, wire, listener);
        Attempt attempt = new Attempt(connection);
        long begun = ticker.nanos();
        attempts.add(attempt);
        pod.dialling.incrementAndGet();
        attempt.dial = dialer.dial(
                pod.endpoint(),
                connection,
                (rsocket, failure) -> control.execute(() -> {
                    attempts.remove(attempt);
                    pod.dialling.decrementAndGet();
                    if (rsocket != null && opened(pod, connection, guarded(rsocket, connection), begun)) {
                        whenOpen.accept(connection);
                    } else {
                        connection.abandoned();
                        whenFailed.accept(failure != null ? failure : new ClosedChannelException());
                    }
                    changed.run();
                }));
        if (closed) {
            end(attempt);
        }
    }

    private RSocket guarded(RSocket established, PodConnection connection) {
        return new GuardedRSocket(
                established, connection.requester(established), router.foreign(), connection.endpoint());
    }

    private boolean opened(Pod pod, PodConnection connection, RSocket rsocket, long begun) {
        if (closed || !pods.isKnown(pod)) {
            rsocket.dispose();
            return false;
        }
        long now = ticker.nanos();
        if (!pod.used) {
            pod.used = true;
            pod.inUseSince = now;
        }
        if (!connection.opened(rsocket, now, pod.inUseSince, config.slowStart().toNanos())) {
            return false;
        }
        Duration took = Duration.ofNanos(now - begun);
        signals.opened(pod.key(), took);
        // The server has answered; for a Pod that was ejected this is the evidence.
        signals.alive(pod.key());
        LOG.debug("Pool {}: connected to {} in {} ms", config.name(), pod.key(), took.toMillis());
        return true;
    }

    /** A connection could not be opened, or was lost. */
    void failed(Pod pod, Throwable failure) {
        LOG.debug("Pool {}: no connection to {}", config.name(), pod.key(), failure);
        if (saysSomethingOfThePod(failure)) {
            signals.failed(pod.key(), failure);
        } else {
            signals.refused(pod.key(), failure);
        }
        pod.suspect = true;
        for (Seat seat : pod.seats) {
            PodConnection connection = seat.connection;
            if (connection != null) {
                connection.reportSuccesses(signals.successesWanted(pod.key()));
            }
        }
    }

    /** Not a refused set-up, which any Pod would refuse, nor what the application's own part of connecting threw. */
    private static boolean saysSomethingOfThePod(Throwable failure) {
        return failure instanceof IOException
                || failure instanceof TimeoutException
                || (failure instanceof RSocketErrorException && !(failure instanceof SetupException));
    }

    /** The connection takes an empty seat. */
    void seated(Pod pod, Seat seat, PodConnection connection) {
        seat.cancelRedial();
        seat.connection = connection;
        if (pod.suspect) {
            pod.suspect = false;
            connection.reportSuccesses(signals.successesWanted(pod.key()));
        }
    }

    /** Has an empty seat connect again, after a pause. */
    void redialIfEmpty(Pod pod, Seat seat) {
        if (seat.connection == null && !seat.going && seat.redial == null && pods.isKnown(pod) && !closed) {
            seat.redial = control.schedule(backOff(pod), () -> redial(pod, seat));
        }
    }

    /** Between half and the whole of 100 ms, doubled by each failure in a row up to 2.5 s. */
    private Duration backOff(Pod pod) {
        int doublings = Math.min(Math.max(0, pod.failures - 1), MOST_DOUBLINGS);
        long whole = Math.min(MAX_BACKOFF, FIRST_BACKOFF << doublings);
        return Duration.ofNanos((long) (whole * (0.5 + random.nextDouble() / 2)));
    }

    private void redial(Pod pod, Seat seat) {
        seat.redial = null;
        if (seat.connection != null || seat.going || !pods.isKnown(pod) || closed) {
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

    /** Ends all attempts, and begins none any more. From any thread; the control thread may have ended. */
    void close() {
        closed = true;
        attempts.forEach(PodDialer::end);
    }

    private static void end(Attempt attempt) {
        Scheduler.Cancellable dial = attempt.dial;
        if (dial != null) {
            dial.cancel();
        }
        attempt.connection.abandoned();
    }

    boolean isClosed() {
        return closed;
    }
}
