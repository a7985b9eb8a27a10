package io.evenkeel.benchmarks;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.rsocket.DuplexConnection;
import io.rsocket.RSocketErrorException;
import io.rsocket.frame.FrameHeaderCodec;
import io.rsocket.frame.FrameType;
import io.rsocket.frame.KeepAliveFrameCodec;
import io.rsocket.frame.PayloadFrameCodec;
import io.rsocket.frame.RequestResponseFrameCodec;
import io.rsocket.transport.ClientTransport;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * Connections to a server that costs next to nothing and is not there: a request is answered by its own data when
 * {@link #deliver} is called. All requests have to be made by the thread that calls it.
 */
final class EchoWire implements ClientTransport {
    private static final ByteBufAllocator ALLOCATOR = UnpooledByteBufAllocator.DEFAULT;

    private final Deque<Answer> answers = new ArrayDeque<>();

    private record Answer(Connection connection, ByteBuf frame) {}

    @Override
    public Mono<DuplexConnection> connect() {
        return Mono.fromSupplier(Connection::new);
    }

    /** Hands every answer that is due to its connection. */
    void deliver() {
        for (Answer answer = answers.pollFirst(); answer != null; answer = answers.pollFirst()) {
            answer.connection().receive(answer.frame());
        }
    }

    private final class Connection implements DuplexConnection {
        private volatile boolean owesKeepAlive;
        private final Sinks.Empty<Void> closed = Sinks.empty();
        private volatile @Nullable CoreSubscriber<? super ByteBuf> receiver;

        @Override
        public void sendFrame(int streamId, ByteBuf frame) {
            FrameType type = FrameHeaderCodec.frameType(frame);
            if (type == FrameType.KEEPALIVE && KeepAliveFrameCodec.respondFlag(frame)) {
                // on the thread that connects, which is not the one that asks
                answerKeepAlive();
            } else if (type == FrameType.REQUEST_RESPONSE) {
                ByteBuf data = RequestResponseFrameCodec.data(frame).retain();
                answers.addLast(
                        new Answer(this, PayloadFrameCodec.encode(ALLOCATOR, streamId, false, true, true, null, data)));
            }
            frame.release();
        }

        private void answerKeepAlive() {
            if (receiver == null) {
                owesKeepAlive = true;
            } else {
                receive(KeepAliveFrameCodec.encode(ALLOCATOR, false, 0, Unpooled.EMPTY_BUFFER));
            }
        }

        void receive(ByteBuf frame) {
            Objects.requireNonNull(receiver, "receiver").onNext(frame);
            // the transport owns what it read, as reactor-netty does
            frame.release();
        }

        @Override
        public void sendErrorAndClose(RSocketErrorException error) {
            dispose();
        }

        @Override
        public Flux<ByteBuf> receive() {
            return new Flux<>() {
                @Override
                public void subscribe(CoreSubscriber<? super ByteBuf> subscriber) {
                    receiver = subscriber;
                    subscriber.onSubscribe(new Subscription() {
                        @Override
                        public void request(long n) {
                            // answers come one per request that was sent
                        }

                        @Override
                        public void cancel() {
                            dispose();
                        }
                    });
                    if (owesKeepAlive) {
                        answerKeepAlive();
                    }
                }
            };
        }

        @Override
        public ByteBufAllocator alloc() {
            return ALLOCATOR;
        }

        @Override
        public SocketAddress remoteAddress() {
            return InetSocketAddress.createUnresolved("echo", 0);
        }

        @Override
        public void dispose() {
            closed.tryEmitEmpty();
        }

        @Override
        public Mono<Void> onClose() {
            return closed.asMono();
        }
    }
}
