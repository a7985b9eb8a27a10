package io.evenkeel.grpc;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.time.Scheduler;
import io.grpc.ClientCall;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A stream that is ended a while after its connection began to leave. */
final class EndingCall<ReqT, RespT> extends SimpleForwardingClientCall<ReqT, RespT> {

    private static final Metadata.Key<String> PUSHBACK =
            Metadata.Key.of("grpc-retry-pushback-ms", Metadata.ASCII_STRING_MARSHALLER);

    private final Cut cut;

    EndingCall(ClientCall<ReqT, RespT> call, Cut cut) {
        super(call);
        this.cut = cut;
        cut.call = call;
    }

    /** When and how it ends. */
    static final class Cut implements FollowedCall {
        private final Duration grace;
        private final Duration pushback;
        private final AtomicBoolean armed = new AtomicBoolean();
        /** Written before the call is started, which is before it can leave. */
        private volatile @Nullable ClientCall<?, ?> call;

        private volatile @Nullable EndpointKey cutAt;

        Cut(Duration grace, Duration pushback) {
            this.grace = grace;
            this.pushback = pushback;
        }

        @Override
        public void leaving(EndpointKey pod, Scheduler control) {
            if (armed.compareAndSet(false, true)) {
                control.schedule(grace, () -> end(pod));
            }
        }

        private void end(EndpointKey pod) {
            cutAt = pod;
            ClientCall<?, ?> started = call;
            if (started != null) {
                started.cancel(describe(pod), null);
            }
        }

        private String describe(EndpointKey pod) {
            return "the connection to " + pod + " has been leaving for " + grace.toMillis()
                    + " ms (LongStreams.deadline): call again";
        }
    }

    @Override
    public void start(Listener<RespT> listener, Metadata headers) {
        super.start(
                new SimpleForwardingClientCallListener<RespT>(listener) {
                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        EndpointKey pod = cut.cutAt;
                        // A stream that ended by itself at that moment has ended by itself.
                        if (pod == null || status.getCode() != Status.Code.CANCELLED) {
                            super.onClose(status, trailers);
                            return;
                        }
                        Metadata withPushback = new Metadata();
                        withPushback.merge(trailers);
                        withPushback.put(PUSHBACK, Long.toString(cut.pushback.toMillis()));
                        super.onClose(Status.UNAVAILABLE.withDescription(cut.describe(pod)), withPushback);
                    }
                },
                headers);
    }
}
