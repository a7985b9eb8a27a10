package app;

import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.grpc.EvenkeelGrpc;
import io.evenkeel.micrometer.EvenkeelMetrics;
import io.evenkeel.status.PoolStatus;
import io.grpc.CallOptions;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Its servers are in its own process, and so is the file that says which of them are there. */
public final class App {
    private static final MethodDescriptor<String, String> ECHO = MethodDescriptor.<String, String>newBuilder()
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("cell/echo")
            .setRequestMarshaller(new Text())
            .setResponseMarshaller(new Text())
            .build();

    /** As text, so that no code has to be generated. */
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

    public static void main(String[] arguments) throws Exception {
        List<Server> servers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            servers.add(server());
        }
        Path file = Files.createTempFile("pods", ".json");
        write(file, servers.subList(0, 2));
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        EvenkeelMetrics meters = EvenkeelMetrics.create();
        meters.bindTo(registry);
        AtomicReference<Supplier<PoolStatus>> status = new AtomicReference<>();
        ManagedChannel channel = EvenkeelGrpc.balance(
                        Grpc.newChannelBuilder("file://" + file, InsecureChannelCredentials.create()),
                        settings -> settings.name("cell").metrics(new MetricsRecorder() {
                            @Override
                            public void poolStarted(String pool, Supplier<PoolStatus> started) {
                                status.set(started);
                                meters.poolStarted(pool, started);
                            }

                            @Override
                            public void poolClosed(String pool, Supplier<PoolStatus> closed) {
                                meters.poolClosed(pool, closed);
                            }
                        }))
                .build();
        call(channel);
        Cell.run(() -> status.get().get(), () -> {
            call(channel);
            if (open(status) == 2) {
                write(file, servers);
            }
        });
        check("evenkeel.pods", registry.get("evenkeel.pods").tags("pool", "cell", "state", "serving").gauge().value() == 3);
        channel.shutdown();
        check("terminated", channel.awaitTermination(20, TimeUnit.SECONDS));
        check("closed", status.get().get().closed());
        // The recorder has a thread of its own, which may still be on its way there.
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (registry.find("evenkeel.pods").gauge() != null && System.nanoTime() - limit < 0) {
            Thread.sleep(20);
        }
        check("no meter left", registry.find("evenkeel.pods").gauge() == null);
        servers.forEach(Server::shutdownNow);
        Files.delete(file);
        System.out.println("CLOSED");
    }

    private static long open(AtomicReference<Supplier<PoolStatus>> status) {
        return status.get().get().endpoints().stream().filter(pod -> pod.open() > 0).count();
    }

    private static void call(ManagedChannel channel) {
        check("echo", ClientCalls.blockingUnaryCall(channel, ECHO, CallOptions.DEFAULT.withDeadlineAfter(20, TimeUnit.SECONDS), "hello")
                .equals("hello"));
    }

    private static Server server() throws IOException {
        return NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0), InsecureServerCredentials.create())
                .addService(ServerServiceDefinition.builder("cell")
                        .addMethod(ECHO, ServerCalls.asyncUnaryCall((request, response) -> {
                            response.onNext(request);
                            response.onCompleted();
                        }))
                        .build())
                .build()
                .start();
    }

    private static void write(Path file, List<Server> servers) throws IOException {
        String endpoints = servers.stream()
                .map(server -> "{\"host\": \"127.0.0.1\", \"port\": " + server.getPort() + "}")
                .collect(Collectors.joining(", ", "{\"endpoints\": [", "]}"));
        Path written = Files.writeString(file.resolveSibling(file.getFileName() + ".new"), endpoints);
        Files.move(written, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void check(String what, boolean holds) {
        if (!holds) {
            throw new IllegalStateException(what + " (expected: to hold)");
        }
    }
}
