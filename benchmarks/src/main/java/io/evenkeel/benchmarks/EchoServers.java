package io.evenkeel.benchmarks;

import io.rsocket.SocketAcceptor;
import io.rsocket.core.RSocketServer;
import io.rsocket.frame.decoder.PayloadDecoder;
import io.rsocket.transport.netty.server.CloseableChannel;
import io.rsocket.transport.netty.server.TcpServerTransport;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import reactor.core.publisher.Mono;

/**
 * RSocket servers that give back what they are sent, in a process of their own: what a client allocates is then counted
 * alone. They end when their standard input does, so that they never outlive the benchmark.
 */
final class EchoServers implements AutoCloseable {
    private final Process process;
    private final List<InetSocketAddress> addresses;

    private EchoServers(Process process, List<InetSocketAddress> addresses) {
        this.process = process;
        this.addresses = List.copyOf(addresses);
    }

    static EchoServers start(int count) throws IOException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        EchoServers.class.getName(),
                        Integer.toString(count))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
        List<InetSocketAddress> addresses = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String port = output.readLine();
            if (port == null) {
                process.destroy();
                throw new IOException("servers: " + i + " started (expected: " + count + ")");
            }
            addresses.add(new InetSocketAddress("127.0.0.1", Integer.parseInt(port)));
        }
        return new EchoServers(process, addresses);
    }

    List<InetSocketAddress> addresses() {
        return addresses;
    }

    @Override
    public void close() throws IOException {
        // the end of its input ends it
        process.getOutputStream().close();
    }

    /** The process: prints the servers' ports, one a line. */
    public static void main(String[] arguments) throws IOException {
        List<CloseableChannel> servers = Stream.generate(EchoServers::server)
                .limit(Integer.parseInt(arguments[0]))
                .toList();
        servers.forEach(server -> System.out.println(server.address().getPort()));
        while (System.in.read() >= 0) {
            // until the benchmark closes it, or is gone
        }
        System.exit(0);
    }

    private static CloseableChannel server() {
        return RSocketServer.create(SocketAcceptor.forRequestResponse(Mono::just))
                .payloadDecoder(PayloadDecoder.ZERO_COPY)
                .bindNow(TcpServerTransport.create("127.0.0.1", 0));
    }
}
