package io.evenkeel.grpc;

import io.evenkeel.pick.Rotation;
import io.evenkeel.time.Ticker;
import io.grpc.LoadBalancer.PickResult;
import io.grpc.LoadBalancer.PickSubchannelArgs;
import io.grpc.LoadBalancer.SubchannelPicker;
import io.grpc.MethodDescriptor.MethodType;
import java.util.concurrent.atomic.AtomicBoolean;

/** Picks among the connections in service; immutable but for the rotation, which outlives it. */
final class PodPicker extends SubchannelPicker {

    private final PodConnection[] open;
    private final Rotation rotation;
    private final Ticker ticker;
    private final AtomicBoolean full;

    /**
     * @param open at least one
     * @param full set when a call finds every connection full, so that it is picked for again when there is room
     */
    PodPicker(PodConnection[] open, Rotation rotation, Ticker ticker, AtomicBoolean full) {
        this.open = open;
        this.rotation = rotation;
        this.ticker = ticker;
        this.full = full;
    }

    @Override
    public PickResult pickSubchannel(PickSubchannelArgs args) {
        boolean asStream = args.getMethodDescriptor().getType() != MethodType.UNARY;
        PodConnection picked = rotation.pick(open, asStream, ticker.nanos());
        if (picked == null) {
            full.set(true);
            // Room that came between the two lines above was reported before anything waited for it.
            picked = rotation.pick(open, asStream, ticker.nanos());
        }
        return picked == null ? PickResult.withNoResult() : picked.pick(asStream);
    }

    @Override
    public String toString() {
        return "PodPicker[" + open.length + " connections]";
    }
}
