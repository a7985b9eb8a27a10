package io.evenkeel.grpc;

import io.evenkeel.endpoint.Endpoint;
import io.grpc.CallOptions;
import io.grpc.ChannelLogger;
import io.grpc.ClientStreamTracer;
import io.grpc.ConnectivityState;
import io.grpc.ConnectivityStateInfo;
import io.grpc.LoadBalancer.PickResult;
import io.grpc.Metadata;
import io.grpc.Status;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A policy on a channel that isn't there, whose Pods, connections and picks the test names. */
final class PolicyBed extends FakeChannel {

    private static final long SEED = 7;

    PolicyBed() {
        this(null);
    }

    PolicyBed(@Nullable PolicyConfig config) {
        super(config, SEED);
    }

    void fail(Status status) {
        context.execute(() -> policy.handleNameResolutionError(status));
    }

    void advance(Duration by) {
        time.advance(by);
    }

    /** Pods of which every dial succeeds at once. */
    void serve(Endpoint... pods) {
        resolve(pods);
        for (int i = 0; i < 60; i++) {
            all(ConnectivityState.READY);
            advance(Duration.ofSeconds(1));
        }
    }

    /** Brings every subchannel that has not been shut down to this state. */
    void all(ConnectivityState next) {
        ConnectivityStateInfo info = next == ConnectivityState.TRANSIENT_FAILURE
                ? ConnectivityStateInfo.forTransientFailure(Status.UNAVAILABLE.withDescription("refused"))
                : ConnectivityStateInfo.forNonError(next);
        open().forEach(subchannel -> subchannel.becomes(info));
    }

    FakeSubchannel to(Endpoint pod) {
        return subchannels.stream()
                .filter(subchannel -> subchannel.host().equals(pod.host()))
                .findFirst()
                .orElseThrow();
    }

    static ClientStreamTracer begin(PickResult picked) {
        return picked.getStreamTracerFactory()
                .newClientStreamTracer(
                        ClientStreamTracer.StreamInfo.newBuilder()
                                .setCallOptions(CallOptions.DEFAULT)
                                .build(),
                        new Metadata());
    }

    @Override
    public String getChannelTarget() {
        return "static:///orders:50051";
    }

    @Override
    public ChannelLogger getChannelLogger() {
        throw new UnsupportedOperationException("getChannelLogger (expected: slf4j is used)");
    }
}
