package io.evenkeel.rsocket;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.rsocket.DuplexConnection;
import io.rsocket.RSocketErrorException;
import io.rsocket.frame.KeepAliveFrameCodec;
import java.net.SocketAddress;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxOperator;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

/** A transport's connection that shows a {@link WireWatch} its first frame and what is received. */
final class WatchedConnection implements DuplexConnection {

    private final DuplexConnection wire;
    private final WireWatch watch;
    // The first frame is sent before any other class knows the connection.
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
        return new WatchedFrames(wire.receive(), watch);
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

    private static final class WatchedFrames extends FluxOperator<ByteBuf, ByteBuf> {
        private final WireWatch watch;

        WatchedFrames(Flux<ByteBuf> frames, WireWatch watch) {
            super(frames);
            this.watch = watch;
        }

        @Override
        public void subscribe(CoreSubscriber<? super ByteBuf> actual) {
            source.subscribe(new Watcher(actual, watch));
        }
    }

    /** Shows each frame before it is handled, and each lease also afterwards. */
    private static final class Watcher implements CoreSubscriber<ByteBuf> {
        private final CoreSubscriber<? super ByteBuf> actual;
        private final WireWatch watch;

        Watcher(CoreSubscriber<? super ByteBuf> actual, WireWatch watch) {
            this.actual = actual;
            this.watch = watch;
        }

        @Override
        public void onSubscribe(Subscription s) {
            actual.onSubscribe(s);
        }

        @Override
        public void onNext(ByteBuf frame) {
            LeasePermits lease = watch.received(frame);
            actual.onNext(frame);
            if (lease != null) {
                watch.granted(lease);
            }
        }

        @Override
        public void onError(Throwable error) {
            actual.onError(error);
        }

        @Override
        public void onComplete() {
            actual.onComplete();
        }

        @Override
        public Context currentContext() {
            return actual.currentContext();
        }
    }
}
