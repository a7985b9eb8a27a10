package io.evenkeel.grpc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.Guard;
import io.evenkeel.time.Scheduler;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A server stream that goes on at another Pod when its connection leaves: one call to the application, one after
 * another underneath.
 *
 * <pre>
 *   call 1: messages … | leaving: cancel | onClose ──► resumer.resume(request, last) ──► call 2: messages … | onClose
 *   ──► application
 * </pre>
 *
 * <p>The next call begins in the {@code onClose} of the one before, which gRPC delivers after everything else of that
 * call, on the application's executor. So two calls never overlap, the last message is known, and the application's
 * function runs where its listener does. Invariant: of the current call as many messages are requested as the
 * application requested and hasn't received.
 *
 * <p>The lock is held for a few instructions, and nothing is called under it.
 */
final class ResumedCall<ReqT, RespT> extends ClientCall<ReqT, RespT> {

    private final MethodDescriptor<ReqT, RespT> method;
    private final CallOptions options;
    private final Channel channel;
    private final StreamResumer<ReqT, RespT> resumer;
    private final Guard guard;
    private final ReentrantLock lock = new ReentrantLock();

    @GuardedBy("lock")
    private @Nullable Leg current;

    @GuardedBy("lock")
    private long asked;

    @GuardedBy("lock")
    private long received;

    @GuardedBy("lock")
    private boolean cancelled;

    private volatile @Nullable ReqT request;
    private volatile boolean compressed = true;
    // Touched in the listener's callbacks only, which come one after another.
    private @Nullable RespT last;
    private boolean headersShown;

    ResumedCall(
            MethodDescriptor<ReqT, RespT> method,
            CallOptions options,
            Channel channel,
            StreamResumer<ReqT, RespT> resumer) {
        this.method = method;
        this.options = options;
        this.channel = channel;
        this.resumer = resumer;
        this.guard = new Guard("Stream " + method.getFullMethodName());
    }

    @Override
    public void start(Listener<RespT> listener, Metadata headers) {
        begin(listener, headers);
    }

    private Leg begin(Listener<RespT> listener, Metadata headers) {
        Metadata own = new Metadata();
        own.merge(headers);
        Leg leg;
        lock.lock();
        try {
            leg = new Leg(listener, own, received);
            // Before it is started: its end may begin the next leg before start() returns here.
            current = leg;
        } finally {
            lock.unlock();
        }
        leg.start(headers);
        return leg;
    }

    /** The leg that takes what the application does now; null before it is started, which it makes up for then. */
    private @Nullable Leg current() {
        lock.lock();
        try {
            return current != null && current.started ? current : null;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void sendMessage(ReqT message) {
        request = message;
        Leg leg = current();
        if (leg != null) {
            leg.call().sendMessage(message);
        }
    }

    @Override
    public void halfClose() {
        Leg leg = current();
        if (leg != null) {
            leg.call().halfClose();
        }
    }

    @Override
    public void request(int messages) {
        lock.lock();
        try {
            asked += messages;
        } finally {
            lock.unlock();
        }
        Leg leg = current();
        if (leg != null) {
            leg.requestMore();
        }
    }

    @Override
    public void cancel(@Nullable String message, @Nullable Throwable cause) {
        lock.lock();
        try {
            cancelled = true;
        } finally {
            lock.unlock();
        }
        Leg leg = current();
        if (leg != null) {
            leg.call().cancel(message, cause);
        }
    }

    @Override
    public void setMessageCompression(boolean enabled) {
        compressed = enabled;
        Leg leg = current();
        if (leg != null) {
            leg.call().setMessageCompression(enabled);
        }
    }

    private boolean isCancelled() {
        lock.lock();
        try {
            return cancelled;
        } finally {
            lock.unlock();
        }
    }

    /** One call underneath. */
    private final class Leg extends Listener<RespT> implements FollowedCall {
        private final Listener<RespT> listener;
        private final Metadata headers;
        /** Written before the call is started. */
        private volatile @Nullable ClientCall<ReqT, RespT> call;

        private final long receivedBefore;

        @GuardedBy("lock")
        private long requested;

        /** Whether the call takes requests, messages and a cancel. */
        private volatile boolean started;

        private volatile @Nullable EndpointKey left;

        Leg(Listener<RespT> listener, Metadata headers, long receivedBefore) {
            this.listener = listener;
            this.headers = headers;
            this.receivedBefore = receivedBefore;
        }

        private void start(Metadata given) {
            ClientCall<ReqT, RespT> begun = channel.newCall(method, options.withOption(FollowedCall.KEY, this));
            call = begun;
            begun.start(this, given);
            begun.setMessageCompression(compressed);
            started = true;
            requestMore();
        }

        ClientCall<ReqT, RespT> call() {
            ClientCall<ReqT, RespT> started = call;
            if (started == null) {
                throw new IllegalStateException("call: null (expected: started)");
            }
            return started;
        }

        private void requestMore() {
            long more;
            lock.lock();
            try {
                more = asked - receivedBefore - requested;
                requested += Math.max(0, more);
            } finally {
                lock.unlock();
            }
            if (more > 0) {
                call().request((int) Math.min(Integer.MAX_VALUE, more));
            }
        }

        @Override
        public void leaving(EndpointKey pod, Scheduler control) {
            if (left == null) {
                left = pod;
                // Not here, on the transport's or the channel's thread, in the middle of the call's own start.
                control.execute(() -> call().cancel("the stream goes on at another Pod", null));
            }
        }

        @Override
        public void onHeaders(Metadata responseHeaders) {
            if (!headersShown) {
                headersShown = true;
                listener.onHeaders(responseHeaders);
            }
        }

        @Override
        public void onMessage(RespT message) {
            last = message;
            lock.lock();
            try {
                received++;
            } finally {
                lock.unlock();
            }
            listener.onMessage(message);
        }

        @Override
        public void onReady() {
            listener.onReady();
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            EndpointKey pod = left;
            ReqT first = request;
            if (pod == null || first == null || status.getCode() != Status.Code.CANCELLED || isCancelled()) {
                listener.onClose(status, trailers);
                return;
            }
            ReqT next = null;
            Status otherwise = Status.UNAVAILABLE.withDescription(
                    "the connection to " + pod + " left, and the stream's resumer made no request to go on with");
            try {
                next = resumer.resume(first, last);
            } catch (Throwable thrown) {
                guard.failed("the stream's resumer", pod, thrown);
                otherwise = otherwise.withCause(thrown);
            }
            if (next == null) {
                listener.onClose(otherwise, trailers);
                return;
            }
            goOn(next);
        }

        private void goOn(ReqT next) {
            Leg leg = begin(listener, headers);
            leg.call().sendMessage(next);
            leg.call().halfClose();
            if (isCancelled()) {
                // The application's cancel may have reached the call before only.
                leg.call().cancel("cancelled by the application", null);
            }
        }
    }
}
