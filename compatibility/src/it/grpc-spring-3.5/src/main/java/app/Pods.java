package app;

import io.grpc.InsecureServerCredentials;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
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
import java.util.stream.Collectors;

/** The Pods of the service, real servers over TCP, and the file that lists them. Each answers with its name. */
final class Pods implements AutoCloseable {
    static final MethodDescriptor<String, String> WHO = MethodDescriptor.<String, String>newBuilder()
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("orders/who")
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

    private final List<Server> servers = new ArrayList<>();
    private final Path list;

    Pods(Path directory) throws IOException {
        list = directory.resolve("orders.json");
        add();
        add();
    }

    String target() {
        return "file://" + list;
    }

    void add() throws IOException {
        String name = "pod-" + servers.size();
        servers.add(NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0), InsecureServerCredentials.create())
                .addService(ServerServiceDefinition.builder("orders")
                        .addMethod(WHO, ServerCalls.asyncUnaryCall((request, response) -> {
                            response.onNext(name);
                            response.onCompleted();
                        }))
                        .build())
                .build()
                .start());
        Path next = list.resolveSibling("orders.new");
        Files.writeString(next, servers.stream()
                .map(server -> "{\"host\": \"127.0.0.1\", \"port\": " + server.getPort() + "}")
                .collect(Collectors.joining(", ", "{\"endpoints\": [", "]}")));
        Files.move(next, list, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    @Override
    public void close() {
        servers.forEach(Server::shutdownNow);
    }
}
