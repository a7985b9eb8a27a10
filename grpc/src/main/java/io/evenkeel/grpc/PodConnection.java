package io.evenkeel.grpc;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.pick.Pickable;
import io.evenkeel.pick.RequestStatistics;
import io.evenkeel.plan.SlowStart;
import io.evenkeel.time.Scheduler;
import io.evenkeel.time.Ticker;
import io.grpc.ClientStreamTracer;
import io.grpc.LoadBalancer.PickResult;
import io.grpc.LoadBalancer.Subchannel;
import io.grpc.Metadata;
import io.grpc.Status;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One connection to one Pod: a subchannel that dials once and is never used again after it was lost, so that when it is
 * dialled again is ours to say.
 *
 * <pre>
 *   DIALLING --ready--&gt; OPEN --drain--&gt; DRAINING --last call ended, deadline--&gt; CLOSED
 *       |                |  ^--keep--------'  |
 *       `--failed--------+--------lost--------+---------------------------&gt; CLOSED
 * </pre>
 *
 * <p>The state changes in the synchronization context; calls come and go on any thread. Invariant: {@code calls} counts
 * every stream that was created on the connection and hasn't been closed, so a connection that drains with none may be
 * closed.
 */
final class PodConnection implements Pickable {

    enum State {
        DIALLING,
        OPEN,
        DRAINING,
        CLOSED;

        private boolean mayBecome(State next) {
            return switch (this) {
                case DIALLING -> next == OPEN || next == CLOSED;
                case OPEN -> next == DRAINING || next == CLOSED;
                case DRAINING -> next == OPEN || next == CLOSED;
                case CLOSED -> false;
            };
        }
    }

    /** Receives what calls do that the pool has to act on. From any thread. */
    interface Listener {
        /** A call has begun. */
        void began();

        /** The last call of a connection that takes no more has ended. */
        void drained(PodConnection connection);

        /** A call has ended on a connection that had no room for another. */
        void roomAgain();

        /** For what a call that follows its connection does later. */
        Scheduler control();
    }

    private final Endpoint endpoint;
    private final Subchannel subchannel;
    private final int mostCalls;
    private final CallFailures failures;
    private final Ticker ticker;
    private final Listener listener;
    private final RequestStatistics statistics = new RequestStatistics();
    private final AtomicReference<State> state = new AtomicReference<>(State.DIALLING);
    /** All streams in flight, and those among them that may go on for any time. */
    private final AtomicInteger calls = new AtomicInteger();

    private final AtomicInteger openEnded = new AtomicInteger();
    private final Set<FollowedCall> followers = ConcurrentHashMap.newKeySet(1);
    private final PickResult unary;
    private final PickResult streaming;

    private volatile boolean answered;

    // Written before the connection is opened, which publishes them.
    private long openedAt;
    private long rampingSince;
    private long slowStartNanos;

    PodConnection(
            Endpoint endpoint,
            Subchannel subchannel,
            int mostCalls,
            CallFailures failures,
            Ticker ticker,
            Listener listener) {
        this.endpoint = endpoint;
        this.subchannel = subchannel;
        this.mostCalls = mostCalls;
        this.failures = failures;
        this.ticker = ticker;
        this.listener = listener;
        this.unary = PickResult.withSubchannel(subchannel, new Tracers(false));
        this.streaming = PickResult.withSubchannel(subchannel, new Tracers(true));
    }

    EndpointKey endpoint() {
        return endpoint.key();
    }

    State state() {
        return state.get();
    }

    boolean isOpen() {
        return state.get() == State.OPEN;
    }

    int calls() {
        return calls.get();
    }

    int streams() {
        return openEnded.get();
    }

    long openedAt() {
        return openedAt;
    }

    /** Whether any call on it was answered. */
    boolean hasAnswered() {
        return answered;
    }

    /** @param since when the Pod's first connection was opened, from which on it grows to its share */
    void opened(long now, long since, Duration slowStart) {
        openedAt = now;
        rampingSince = since;
        slowStartNanos = slowStart.toNanos();
        become(State.OPEN);
    }

    /** Takes it out of service; its calls go on. True if none is left. */
    boolean drain() {
        if (isOpen()) {
            become(State.DRAINING);
        }
        for (FollowedCall call : followers) {
            call.leaving(endpoint.key(), listener.control());
        }
        return calls.get() == 0;
    }

    /** Takes it back into service; false if it is closed. */
    boolean keep() {
        if (state.get() != State.DRAINING) {
            return false;
        }
        become(State.OPEN);
        return true;
    }

    /** Shuts the subchannel down. What is in flight on it goes on until it ends. False if it was closed before. */
    boolean close() {
        if (state.get() == State.CLOSED) {
            return false;
        }
        become(State.CLOSED);
        subchannel.shutdown();
        return true;
    }

    private void become(State next) {
        State now = state.get();
        if (!now.mayBecome(next) || !state.compareAndSet(now, next)) {
            throw new IllegalStateException(
                    "connection to " + endpoint.key() + ": " + now + " to " + next + " (expected: a legal step)");
        }
    }

    PickResult pick(boolean asStream) {
        return asStream ? streaming : unary;
    }

    @Override
    public RequestStatistics statistics() {
        return statistics;
    }

    @Override
    public boolean isAvailable() {
        return isOpen() && calls.get() < mostCalls;
    }

    @Override
    public int inFlight(boolean asStream) {
        // Two readings: a stream that begins in between must not make it negative.
        return asStream ? calls.get() : Math.max(0, calls.get() - openEnded.get());
    }

    @Override
    public double weight(long now) {
        long age = now - rampingSince;
        return age < slowStartNanos
                ? endpoint.weight() * SlowStart.factor(Duration.ofNanos(age), Duration.ofNanos(slowStartNanos))
                : endpoint.weight();
    }

    private void began(boolean asStream, long now) {
        listener.began();
        calls.incrementAndGet();
        if (asStream) {
            openEnded.incrementAndGet();
        } else {
            statistics.began(now);
        }
    }

    private void ended(boolean asStream) {
        if (asStream) {
            openEnded.decrementAndGet();
        }
        int left = calls.decrementAndGet();
        if (left == mostCalls - 1) {
            listener.roomAgain();
        }
        if (left == 0 && state.get() != State.OPEN) {
            listener.drained(this);
        }
    }

    /** gRPC asks it for a tracer for each stream that it creates on the subchannel. */
    private final class Tracers extends ClientStreamTracer.Factory {
        private final boolean asStream;

        Tracers(boolean asStream) {
            this.asStream = asStream;
        }

        @Override
        public ClientStreamTracer newClientStreamTracer(ClientStreamTracer.StreamInfo info, Metadata headers) {
            FollowedCall follower = info.getCallOptions().getOption(FollowedCall.KEY);
            return new Tracer(asStream, ticker.nanos(), follower);
        }
    }

    /** One stream. Its methods are called in turn; {@code streamClosed} once, last, and for every tracer. */
    private final class Tracer extends ClientStreamTracer {
        private final boolean asStream;
        private final long begun;
        private final @Nullable FollowedCall follower;

        Tracer(boolean asStream, long begun, @Nullable FollowedCall follower) {
            this.asStream = asStream;
            this.begun = begun;
            this.follower = follower;
            began(asStream, begun);
            if (follower != null) {
                followers.add(follower);
                if (state.get() != State.OPEN) {
                    // It began to drain between the pick and here.
                    follower.leaving(endpoint.key(), listener.control());
                }
            }
        }

        @Override
        public void inboundMessage(int sequence) {
            if (!answered) {
                answered = true;
            }
            if (asStream) {
                statistics.alive();
            }
        }

        @Override
        public void streamClosed(Status status) {
            if (follower != null) {
                followers.remove(follower);
            }
            long now = ticker.nanos();
            if (failures.count(endpoint.key(), status)) {
                statistics.failed(now);
            } else if (asStream) {
                statistics.alive();
            } else if (status.getCode() == Status.Code.CANCELLED) {
                statistics.abandoned(now - begun, now);
            } else {
                statistics.answered(now - begun, now);
            }
            ended(asStream);
        }
    }
}
