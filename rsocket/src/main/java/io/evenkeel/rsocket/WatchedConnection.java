package io.evenkeel.rsocket;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.rsocket.DuplexConnection;
import io.rsocket.RSocketErrorException;
import io.rsocket.frame.KeepAliveFrameCodec;
import java.net.SocketAddress;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A transport's connection that shows a {@link WireWatch} its first frame and what is received. */
final class WatchedConnection implements DuplexConnection {

    private final DuplexConnection wire;
    private final WireWatch watch;
    // The first frame is sent before anybody else knows the connection.
    private boolean begun;

    WatchedConnection(DuplexConnection wire, WireWatch watch) {
        this.wire = wire;
        this.watch = watch;
    }

    @Override
    public void sendFrame(int streamId, ByteBuf frame) {
        if (!begun) {
            begun = true;
            boolean begins = watch.begins(frame);
            wire.sendFrame(streamId, frame);
            if (begins) {
                wire.sendFrame(0, KeepAliveFrameCodec.encode(wire.alloc(), true, 0, Unpooled.EMPTY_BUFFER));
            }
            return;
        }
        wire.sendFrame(streamId, frame);
    }

    @Override
    public Flux<ByteBuf> receive() {
        return wire.receive().doOnNext(watch::received);
    }

    @Override
    public void sendErrorAndClose(RSocketErrorException e) {
        wire.sendErrorAndClose(e);
    }

    @Override
    public ByteBufAllocator alloc() {
        return wire.alloc();
    }

    @Override
    public SocketAddress remoteAddress() {
        return wire.remoteAddress();
    }

    @Override
    public double availability() {
        return wire.availability();
    }

    @Override
    public Mono<Void> onClose() {
        return wire.onClose();
    }

    @Override
    public void dispose() {
        wire.dispose();
    }

    @Override
    public boolean isDisposed() {
        return wire.isDisposed();
    }

    @Override
    public String toString() {
        return wire.toString();
    }
}
