package io.evenkeel.grpc;

import io.evenkeel.endpoint.Endpoint;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerTransportFilter;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

/** A real gRPC server on loopback that stands for a Pod: it answers with its own name. */
final class PodServer implements AutoCloseable {

    static final MethodDescriptor<String, String> ECHO = method("echo", MethodType.UNARY);
    static final MethodDescriptor<String, String> WATCH = method("watch", MethodType.SERVER_STREAMING);
    /** Asked with {@code count@millis}: so many elements, so many milliseconds apart, and then the end. */
    static final MethodDescriptor<String, String> TICK = method("tick", MethodType.SERVER_STREAMING);

    final String name;
    final Server server;
    final int port;
    final AtomicInteger calls = new AtomicInteger();
    /** Accepted so far, and those among them that are open. */
    final AtomicInteger connections = new AtomicInteger();

    final AtomicInteger openConnections = new AtomicInteger();
    final Set<StreamObserver<String>> streams = ConcurrentHashMap.newKeySet();
    /** What a unary call ends with, if not OK. */
    volatile Status answer = Status.OK;

    /** Of its own, so that it can be stopped alone. */
    private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());

    private final ScheduledThreadPoolExecutor timer =
            new ScheduledThreadPoolExecutor(1, new ThreadPoolExecutor.DiscardPolicy());
    private volatile CountDownLatch thaw = new CountDownLatch(0);

    private PodServer(String name, int wanted, UnaryOperator<NettyServerBuilder> settings) throws IOException {
        this.name = name;
        this.server = settings.apply(NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", wanted))
                        .bossEventLoopGroup(loop)
                        .workerEventLoopGroup(loop)
                        .channelType(NioServerSocketChannel.class))
                .addTransportFilter(new ServerTransportFilter() {
                    @Override
                    public io.grpc.Attributes transportReady(io.grpc.Attributes attributes) {
                        connections.incrementAndGet();
                        openConnections.incrementAndGet();
                        return attributes;
                    }

                    @Override
                    public void transportTerminated(io.grpc.Attributes attributes) {
                        openConnections.decrementAndGet();
                    }
                })
                .addService(ServerServiceDefinition.builder("bed")
                        .addMethod(ECHO, ServerCalls.asyncUnaryCall(this::echo))
                        .addMethod(WATCH, ServerCalls.asyncServerStreamingCall(this::watch))
                        .addMethod(TICK, ServerCalls.asyncServerStreamingCall(this::tick))
                        .build())
                .build()
                .start();
        // A server that has ended has none any more.
        this.port = server.getPort();
    }

    static PodServer start(String name) throws IOException {
        return new PodServer(name, 0, builder -> builder);
    }

    static PodServer start(String name, int port, UnaryOperator<NettyServerBuilder> settings) throws IOException {
        return new PodServer(name, port, settings);
    }

    private void echo(String request, StreamObserver<String> response) {
        calls.incrementAndGet();
        Status status = answer;
        if (status.isOk()) {
            response.onNext(name);
            response.onCompleted();
        } else {
            response.onError(status.asRuntimeException());
        }
    }

    private void watch(String request, StreamObserver<String> response) {
        streams.add(response);
        response.onNext(name);
    }

    private void tick(String request, StreamObserver<String> response) {
        int at = request.indexOf('@');
        ServerCallStreamObserver<String> answers = (ServerCallStreamObserver<String>) response;
        // Else the next element would throw.
        answers.setOnCancelHandler(() -> {});
        next(Integer.parseInt(request.substring(0, at)), Long.parseLong(request.substring(at + 1)), answers);
    }

    private void next(int left, long millis, ServerCallStreamObserver<String> answers) {
        if (left == 0) {
            answers.onCompleted();
        } else if (!answers.isCancelled()) {
            answers.onNext(name);
            timer.schedule(() -> next(left - 1, millis, answers), millis, TimeUnit.MILLISECONDS);
        }
    }

    /** As a process that is stopped: the kernel goes on accepting connections and bytes, and nothing is answered. */
    void freeze() {
        CountDownLatch until = new CountDownLatch(1);
        thaw = until;
        loop.execute(() -> {
            try {
                until.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    void thaw() {
        thaw.countDown();
    }

    /** As a well-written process on SIGTERM: it says goodbye, and serves the calls that it has to their end. */
    void stop() {
        server.shutdown();
    }

    Endpoint endpoint() {
        return Endpoint.of(name, "127.0.0.1", port);
    }

    /** As a process that is killed: open calls are lost, and nothing listens any more. */
    @Override
    public void close() {
        thaw();
        server.shutdownNow();
        try {
            server.awaitTermination(5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        timer.shutdownNow();
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    private static MethodDescriptor<String, String> method(String name, MethodType type) {
        return MethodDescriptor.<String, String>newBuilder(new Text(), new Text())
                .setType(type)
                .setFullMethodName(MethodDescriptor.generateFullMethodName("bed", name))
                .build();
    }

    private static final class Text implements MethodDescriptor.Marshaller<String> {
        @Override
        public InputStream stream(String value) {
            return new ByteArrayInputStream(value.getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public String parse(InputStream stream) {
            try {
                return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
