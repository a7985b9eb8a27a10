package io.evenkeel.grpc;

import io.evenkeel.endpoint.Endpoint;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerTransportFilter;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

/** A real gRPC server on loopback that stands for a Pod: it answers with its own name. */
final class PodServer implements AutoCloseable {

    static final MethodDescriptor<String, String> ECHO = method("echo", MethodType.UNARY);
    static final MethodDescriptor<String, String> WATCH = method("watch", MethodType.SERVER_STREAMING);

    final String name;
    final Server server;
    final int port;
    final AtomicInteger calls = new AtomicInteger();
    final AtomicInteger connections = new AtomicInteger();
    final Set<StreamObserver<String>> streams = ConcurrentHashMap.newKeySet();
    /** What a unary call ends with, if not OK. */
    volatile Status answer = Status.OK;

    private PodServer(String name, int wanted, UnaryOperator<NettyServerBuilder> settings) throws IOException {
        this.name = name;
        this.server = settings.apply(NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", wanted)))
                .addTransportFilter(new ServerTransportFilter() {
                    @Override
                    public io.grpc.Attributes transportReady(io.grpc.Attributes attributes) {
                        connections.incrementAndGet();
                        return attributes;
                    }
                })
                .addService(ServerServiceDefinition.builder("bed")
                        .addMethod(ECHO, ServerCalls.asyncUnaryCall(this::echo))
                        .addMethod(WATCH, ServerCalls.asyncServerStreamingCall(this::watch))
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

    Endpoint endpoint() {
        return Endpoint.of(name, "127.0.0.1", port);
    }

    /** As a process that is killed: open calls are lost, and nothing listens any more. */
    @Override
    public void close() {
        server.shutdownNow();
        try {
            server.awaitTermination(5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
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
