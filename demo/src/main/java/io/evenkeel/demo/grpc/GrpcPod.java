package io.evenkeel.demo.grpc;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * A real gRPC server over TCP. Its work is a timer, not a busy processor: many servers fit on two of them. Thread-safe,
 * but start and end it from one thread.
 */
final class GrpcPod {
    private static final Duration FAST = Duration.ofMillis(1);

    private final String name;
    private final InetSocketAddress address;
    private final ScheduledExecutorService timer;
    private final ServerSockets sockets = new ServerSockets();
    private final Server server;
    private volatile Duration serviceTime;
    private volatile boolean failing;
    private volatile EndpointCondition condition = EndpointCondition.READY;

    GrpcPod(
            String name,
            InetSocketAddress address,
            Duration serviceTime,
            EventLoopGroup loops,
            ScheduledExecutorService timer)
            throws IOException {
        this.name = name;
        this.address = address;
        this.serviceTime = serviceTime;
        this.timer = timer;
        this.server = NettyServerBuilder.forAddress(address)
                .bossEventLoopGroup(loops)
                .workerEventLoopGroup(loops)
                .channelFactory(sockets::listener)
                .directExecutor()
                .addService(ServerServiceDefinition.builder(OrdersService.NAME)
                        .addMethod(OrdersService.PLACE, ServerCalls.asyncUnaryCall(this::place))
                        .addMethod(OrdersService.WATCH, ServerCalls.asyncServerStreamingCall(this::watch))
                        .build())
                .build()
                .start();
    }

    String name() {
        return name;
    }

    InetSocketAddress address() {
        return address;
    }

    /** As the control plane reports it. */
    Endpoint endpoint() {
        return Endpoint.of(name, address.getHostString(), address.getPort()).withCondition(condition);
    }

    EndpointCondition condition() {
        return condition;
    }

    void isReported(EndpointCondition newCondition) {
        condition = newCondition;
    }

    /** Holds for calls that arrive from now on. */
    void takes(Duration newServiceTime) {
        serviceTime = newServiceTime;
    }

    /** While it fails, calls end with UNAVAILABLE after a millisecond. */
    void fails(boolean nowFailing) {
        failing = nowFailing;
    }

    /** Connections accepted so far. */
    int connections() {
        return sockets.accepted();
    }

    private void place(String request, StreamObserver<String> answer) {
        if (failing) {
            after(
                    FAST,
                    () -> answer.onError(
                            Status.UNAVAILABLE.withDescription(name + " fails").asRuntimeException()));
        } else {
            after(serviceTime, () -> {
                answer.onNext(name);
                answer.onCompleted();
            });
        }
    }

    /** Asked with {@code count@millis}: so many elements, so many milliseconds apart. */
    private void watch(String request, StreamObserver<String> answers) {
        int at = request.indexOf('@');
        Duration period = Duration.ofMillis(Long.parseLong(request.substring(at + 1)));
        next(Integer.parseInt(request.substring(0, at)), period, (ServerCallStreamObserver<String>) answers);
    }

    private void next(int left, Duration period, ServerCallStreamObserver<String> answers) {
        if (answers.isCancelled()) {
            return;
        }
        if (left == 0) {
            answers.onCompleted();
            return;
        }
        answers.onNext(name);
        after(period, () -> next(left - 1, period, answers));
    }

    private void after(Duration time, Runnable task) {
        timer.schedule(task, time.toNanos(), TimeUnit.NANOSECONDS);
    }

    /**
     * As a well-written server on SIGTERM: says goodbye on its connections, and serves the calls it has to their end.
     */
    void stop() {
        server.shutdown();
    }

    /** As on SIGKILL of a process whose peers learn it by RST. */
    void kill() {
        sockets.cut();
        server.shutdownNow();
    }
}
