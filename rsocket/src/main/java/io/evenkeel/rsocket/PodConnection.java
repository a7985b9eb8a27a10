package io.evenkeel.rsocket;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.pick.Pickable;
import io.evenkeel.pick.RequestStatistics;
import io.evenkeel.plan.SlowStart;
import io.rsocket.RSocket;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection to one Pod: who may use it, how much is in flight, how quick it is.
 *
 * <p>The verbs of requests ({@link #enter}, {@link #exit}, …) are for any thread and never block. Those of its life are
 * called by its {@link Pod} on the control thread, except {@link #lost}, which the connection's own event loop calls.
 */
final class PodConnection implements Pickable {

    private static final Logger LOG = LoggerFactory.getLogger(PodConnection.class);

    /** Told what happens to the connection, on whichever thread it happens. */
    interface Listener {
        /** It is closed and won't come back. Called exactly once for a connection that was opened. */
        void closed(PodConnection connection, Ending ending, @Nullable Throwable cause);

        /** A request was answered while the Pod's health wants to know. */
        void succeeded(PodConnection connection);
    }

    /** A stream that wants to know when its connection begins to drain. */
    interface Follower {
        void draining(PodConnection connection);
    }

    /** How a connection ended. */
    enum Ending {
        /** Nothing was in flight any more. */
        DRAINED,
        /** Its time to drain was over. */
        CUT,
        /** The client is being closed, or the connection was never used. */
        DISPOSED,
        /** The other side or the network ended it. */
        LOST
    }

    private final EndpointKey endpoint;
    private final DoubleSupplier weight;
    private final Listener listener;
    private final StateAndCount word = new StateAndCount();
    private final RequestStatistics statistics = new RequestStatistics();
    private final AtomicInteger streams = new AtomicInteger();

    /** One-way requests and answers since the server last confirmed that it had all. */
    private final AtomicInteger unconfirmed = new AtomicInteger();

    private final AtomicBoolean confirming = new AtomicBoolean();

    private final Set<Follower> followers = ConcurrentHashMap.newKeySet(0);
    private final WireWatch wire;

    /** Written on the thread that connects, before the outcome is posted to the control thread. */
    private volatile @Nullable RSocket requester;

    // Written once before the connection is opened, which publishes it.
    private @Nullable RSocket rsocket;
    private boolean leased;
    private long openedAt;
    private long rampingSince;
    private long slowStartNanos;

    private volatile @Nullable Ending ending;
    private final AtomicBoolean doomed = new AtomicBoolean();
    /** How many more answers health wants to hear of. Not exact, and needn't be. */
    private volatile int successesWanted;

    PodConnection(EndpointKey endpoint, DoubleSupplier weight, WireWatch wire, Listener listener) {
        this.endpoint = Objects.requireNonNull(endpoint, "endpoint");
        this.weight = weight;
        this.wire = wire;
        this.listener = listener;
    }

    EndpointKey endpoint() {
        return endpoint;
    }

    WireWatch wire() {
        return wire;
    }

    ConnectionState state() {
        return word.state();
    }

    int inFlight() {
        return word.inFlight();
    }

    /** Streams and channels among what is in flight. */
    int streams() {
        return streams.get();
    }

    long openedAt() {
        return openedAt;
    }

    @Override
    public RequestStatistics statistics() {
        return statistics;
    }

    /** A short request is placed by what is answered soon, a stream by everything. */
    @Override
    public int inFlight(boolean openEnded) {
        long at = word.get();
        return openEnded ? StateAndCount.inFlight(at) : (int) StateAndCount.awaited(at);
    }

    /** The Pod's weight, less while that starts slowly. */
    @Override
    public double weight(long now) {
        long age = now - rampingSince;
        double full = weight.getAsDouble();
        return age < slowStartNanos
                ? full * SlowStart.factor(Duration.ofNanos(age), Duration.ofNanos(slowStartNanos))
                : full;
    }

    RSocket rsocket() {
        return Objects.requireNonNull(rsocket, "rsocket (expected: opened)");
    }

    // Requests.

    /** Whether a request would be taken now, as far as the connection and its lease are concerned. */
    @Override
    public boolean isAvailable() {
        return isOpen() && (!leased || wire.hasPermit(rsocket));
    }

    /** Whether it is open, with a lease or without. */
    boolean isOpen() {
        RSocket established = rsocket;
        if (!word.isOpen()) {
            return false;
        }
        if (established == null || !established.isDisposed()) {
            return true;
        }
        doomed();
        return false;
    }

    /**
     * A broken RSocket fails its requests first and says that it is closed afterwards; never, if a subscriber of one of
     * them does not return. So it counts as lost a moment after the first look that finds it broken.
     */
    private void doomed() {
        if (doomed.compareAndSet(false, true)) {
            wire.soon(() -> lost(null));
        }
    }

    /** Whether the RSocket has ended, of which it tells those in flight before it tells us. */
    boolean isGone() {
        RSocket established = rsocket;
        return word.state() == ConnectionState.CLOSED || established == null || established.isDisposed();
    }

    /**
     * Takes a request, and a permit of the server if it needs one; if it returns true, {@link #exit} follows exactly
     * once.
     */
    boolean enter(Interaction interaction) {
        long before = word.enter(interaction.kind());
        if (!StateAndCount.isOpen(before) || (leased && interaction.isLeased() && !wire.takePermit())) {
            exit(interaction);
            return false;
        }
        return true;
    }

    /** The request is over. */
    void exit(Interaction interaction) {
        if (interaction.isOneWay()) {
            unconfirmed.getAndIncrement();
        }
        exit(interaction.kind());
    }

    /** Takes something that the server began; {@link #exitAnyway} follows. */
    void enterAnyway() {
        word.enter(StateAndCount.OPEN_ENDED);
    }

    /** What the server began is over; the answer is on its way. */
    void exitAnyway() {
        unconfirmed.getAndIncrement();
        exit(StateAndCount.OPEN_ENDED);
    }

    private void exit(long kind) {
        if (word.exit(kind)) {
            end();
        }
    }

    /**
     * It drains and nothing is in flight: closes, once what needs no answer has arrived as well. What asks the server
     * whether it has counts as in flight until the answer comes, so that nothing else closes it; what was sent
     * meanwhile is asked about anew.
     */
    private void end() {
        if (unconfirmed.get() == 0) {
            if (word.finish()) {
                dispose(Ending.DRAINED);
            }
            return;
        }
        if (!confirming.compareAndSet(false, true)) {
            // Another thread saw the same moment; what it counts in now is counted out with another look.
            return;
        }
        word.enter(StateAndCount.OPEN_ENDED);
        int sent = unconfirmed.get();
        wire.confirm(confirmed -> {
            unconfirmed.addAndGet(-sent);
            confirming.set(false);
            if (!confirmed) {
                LOG.info("{} has not confirmed {} one-way requests, which may be lost", endpoint, sent);
            }
            exit(StateAndCount.OPEN_ENDED);
        });
    }

    /** What was sent and needs no answer, as far as the server has not shown that it arrived. */
    int unconfirmed() {
        return unconfirmed.get();
    }

    void streamBegan() {
        streams.getAndIncrement();
    }

    void streamEnded() {
        streams.getAndDecrement();
    }

    /**
     * Has it told when the connection begins to drain, or at once if it does already; on the control thread or this
     * one.
     */
    void follow(Follower follower) {
        followers.add(follower);
        if (!word.isOpen()) {
            follower.draining(this);
        }
    }

    void unfollow(Follower follower) {
        followers.remove(follower);
    }

    void answered(long elapsed, long now) {
        statistics.answered(elapsed, now);
        reportSuccess();
    }

    /** It was answered, and its time is not known. */
    void answered() {
        statistics.alive();
        reportSuccess();
    }

    private void reportSuccess() {
        int wanted = successesWanted;
        if (wanted > 0) {
            successesWanted = wanted - 1;
            listener.succeeded(this);
        }
    }

    void reportSuccesses(int count) {
        successesWanted = count;
    }

    // Its life.

    /** rsocket-java's own requester, before any interceptor of the application's is around it. */
    void made(RSocket own) {
        requester = own;
    }

    /** The same, or what is established if the connector has made none for this connection. */
    RSocket requester(RSocket established) {
        RSocket own = requester;
        return own == null ? established : own;
    }

    /**
     * It is established.
     *
     * @param since since when its Pod has been in use
     * @param slowStart over how many nanoseconds from then it grows to its full share
     * @return false if it was abandoned meanwhile; then the RSocket is disposed
     */
    boolean opened(RSocket established, long now, long since, long slowStart) {
        rsocket = established;
        leased = wire.isLeased();
        openedAt = now;
        rampingSince = since;
        slowStartNanos = slowStart;
        if (!word.open()) {
            wire.end(established);
            return false;
        }
        established.onClose().subscribe(null, this::lost, () -> lost(null));
        return true;
    }

    /** It could not be established, or is not wanted any more before it was. */
    void abandoned() {
        word.close();
        wire.end(null);
    }

    /** Takes no more requests, and closes when nothing is in flight; at once if nothing is. */
    boolean drain() {
        if (!word.drain()) {
            return false;
        }
        if (word.inFlight() == 0) {
            end();
        }
        if (word.state() == ConnectionState.DRAINING) {
            followers.forEach(follower -> follower.draining(this));
        }
        return true;
    }

    /** Takes requests again, unless it is too late. */
    boolean keep() {
        return word.keep();
    }

    /** Closes it with anything in flight. */
    void close(Ending how) {
        if (ending == null) {
            ending = how;
        }
        if (word.close() != ConnectionState.CLOSED) {
            dispose(how);
        }
    }

    private void dispose(Ending how) {
        ending = how;
        wire.end(rsocket);
        listener.closed(this, how, null);
    }

    private void lost(@Nullable Throwable cause) {
        if (word.close() != ConnectionState.CLOSED) {
            ending = Ending.LOST;
            wire.end(rsocket);
            listener.closed(this, Ending.LOST, cause);
        }
    }

    /** How it ended, or null while it has not. */
    @Nullable
    Ending ending() {
        return ending;
    }

    @Override
    public String toString() {
        return endpoint + " (" + word + ")";
    }
}
