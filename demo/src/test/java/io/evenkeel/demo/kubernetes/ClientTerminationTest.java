package io.evenkeel.demo.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.demo.Demo;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The client that {@code deploy/sample} runs, as a process of its own: on SIGTERM it ends within its grace period whatever
 * its Pods do, as there is no second signal but SIGKILL.
 */
class ClientTerminationTest {

    /** Half of terminationGracePeriodSeconds in deploy/sample/client.yaml. */
    private static final long GRACE_SECONDS = 10;

    private static final long PATIENCE_SECONDS = 60;

    /** How no Pod can be reached. */
    private enum Pods {
        /** Their port is closed. */
        REFUSE,
        /** They accept connections and never say anything. */
        SILENT,
        /** Their nodes are away: nothing answers a SYN. */
        AWAY
    }

    /** A port on which that happens. */
    private static final class Port implements AutoCloseable {
        private final ServerSocket server;
        private final List<Socket> waiting = new ArrayList<>();
        private final int number;

        Port(Pods pods) throws IOException {
            InetAddress loopback = InetAddress.getLoopbackAddress();
            server = new ServerSocket(0, 1, loopback);
            number = server.getLocalPort();
            if (pods == Pods.REFUSE) {
                server.close();
            } else if (pods == Pods.AWAY) {
                // What the backlog cannot take is dropped, not refused.
                for (int i = 0; i < 4; i++) {
                    Socket socket = new Socket();
                    waiting.add(socket);
                    try {
                        socket.connect(server.getLocalSocketAddress(), 200);
                    } catch (IOException full) {
                        break;
                    }
                }
            }
        }

        @Override
        public void close() throws IOException {
            for (Socket socket : waiting) {
                socket.close();
            }
            server.close();
        }
    }

    /** One client for each kind of Pods, all at once. */
    private record Client(Pods pods, Port port, Process process, Path output) implements AutoCloseable {

        static Client start(Pods pods, Path directory) throws IOException {
            Port port = new Port(pods);
            Path output = directory.resolve(pods.name());
            ProcessBuilder builder = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            Demo.class.getName(),
                            "--client")
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile());
            // Without any time-out of the driver's.
            builder.environment()
                    .putAll(Map.of(
                            "JDBC_URL",
                            "jdbc:postgresql://pg:5432/app?connectTimeout=0&loginTimeout=0&socketTimeout=0",
                            "JDBC_USER",
                            "app",
                            "JDBC_PASSWORD",
                            "secret",
                            "TARGET",
                            "static:///127.0.0.1:" + port.number));
            return new Client(pods, port, builder.start(), output);
        }

        String said() throws IOException {
            return pods + ": " + Files.readString(output);
        }

        /** Once it reports, its threads have asked for a connection. */
        void awaitReport() throws Exception {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            while (!said().contains("failed 0 | ")) {
                assertThat(process.isAlive()).as(said()).isTrue();
                assertThat(System.nanoTime() - deadline)
                        .as("until its first report: %s", said())
                        .isNegative();
                process.waitFor(100, TimeUnit.MILLISECONDS);
            }
        }

        void endsOnSigterm() throws Exception {
            long begin = System.nanoTime();
            process.destroy();
            boolean ended = process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS);
            System.out.printf("%s: ended %d ms after SIGTERM%n", pods, (System.nanoTime() - begin) / 1_000_000);
            assertThat(ended).as("within its grace period: %s", said()).isTrue();
            assertThat(said()).doesNotContain("\tat ", "Exception in thread", "could not be closed", "interrupted");
        }

        @Override
        public void close() throws IOException {
            process.destroyForcibly();
            port.close();
        }
    }

    @Test
    void on_sigterm_it_ends_within_seconds_and_without_a_stack_trace(@TempDir Path directory) throws Exception {
        List<Client> clients = new ArrayList<>();
        try {
            for (Pods pods : Pods.values()) {
                clients.add(Client.start(pods, directory));
            }
            for (Client client : clients) {
                client.awaitReport();
            }
            for (Client client : clients) {
                client.endsOnSigterm();
            }
        } finally {
            for (Client client : clients) {
                client.close();
            }
        }
    }
}
