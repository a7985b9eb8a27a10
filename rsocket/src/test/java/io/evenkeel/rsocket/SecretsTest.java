package io.evenkeel.rsocket;

import io.evenkeel.PlantedSecrets;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.watch.WatcherConfig;
import io.rsocket.SocketAcceptor;
import io.rsocket.core.RSocketConnector;
import io.rsocket.core.RSocketServer;
import io.rsocket.exceptions.RejectedSetupException;
import io.rsocket.transport.netty.server.CloseableChannel;
import io.rsocket.transport.netty.server.TcpServerTransport;
import io.rsocket.util.DefaultPayload;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Mono;

/** Plants tokens in the set-up and in requests: start, move, failure and close show none of them. */
@Timeout(120)
class SecretsTest {

    private static final List<String> SECRETS =
            List.of("SECRET-setup-data", "SECRET-setup-metadata", "SECRET-request", "SECRET-target");

    @Test
    void no_token_comes_out(@TempDir Path directory) throws Exception {
        PlantedSecrets.assertNoneComesOut(
                Scenario.class,
                SECRETS,
                List.of("status: ", "event: ConnectionMoved", "refused: ", "misconfigured: ", "jmx: "),
                directory,
                // RSocket's own log of every frame, which is the application's to switch on: docs/security.md.
                "-Dorg.slf4j.simpleLogger.log.io.rsocket.FrameLogger=info");
    }

    /** What an application and its operators do with servers that work, that refuse, and that are not there. */
    static final class Scenario {
        private static final PrintStream OUT = System.out;

        private Scenario() {}

        public static void main(String[] arguments) throws Exception {
            moves(Path.of(arguments[0]).resolve("servers.json"));
            SocketAcceptor rejects = (setup, sending) -> Mono.error(new RejectedSetupException("not today"));
            CloseableChannel refusing = RSocketServer.create(rejects)
                    .bind(TcpServerTransport.create("127.0.0.1", 0))
                    .block(Duration.ofSeconds(20));
            refused("static:///127.0.0.1:" + refusing.address().getPort());
            refusing.dispose();
            refused("static:///127.0.0.1:1");
            misconfigured();
            OUT.println(PlantedSecrets.ENDED);
            // Netty's threads are no daemons everywhere.
            System.exit(0);
        }

        private static EvenkeelRSocketClientBuilder builder(String target) {
            return EvenkeelRSocketClient.builder()
                    .name("secrets")
                    .target(target)
                    .moveWindow(Duration.ZERO)
                    .closeTimeout(Duration.ofSeconds(2))
                    .watch(WatcherConfig.builder().settle(Duration.ZERO).build())
                    .connector(RSocketConnector.create()
                            .setupPayload(DefaultPayload.create("SECRET-setup-data", "SECRET-setup-metadata")));
        }

        private static void write(Path file, TestServer... servers) throws IOException {
            StringBuilder text = new StringBuilder("{\"endpoints\":[");
            for (TestServer server : servers) {
                text.append(text.charAt(text.length() - 1) == '[' ? "" : ",")
                        .append("{\"host\":\"127.0.0.1\",\"port\":")
                        .append(server.port())
                        .append('}');
            }
            Path next = Files.writeString(file.resolveSibling("next"), text.append("]}"));
            Files.move(next, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        }

        private static void moves(Path file) throws Exception {
            CountDownLatch moved = new CountDownLatch(1);
            try (TestServer first = TestServer.start("a");
                    TestServer second = TestServer.start("b")) {
                write(file, first);
                try (EvenkeelRSocketClient client = builder("file://" + file)
                        .listener(event -> {
                            OUT.println("event: " + event);
                            if (event instanceof EvenkeelEvent.ConnectionMoved) {
                                moved.countDown();
                            }
                        })
                        .build()) {
                    ask(client);
                    write(file, second);
                    if (!moved.await(60, TimeUnit.SECONDS)) {
                        throw new AssertionError("not moved: " + client.status());
                    }
                    ask(client);
                    OUT.println("client: " + client + " " + client.connections());
                    OUT.println("status: " + client.status());
                    PlantedSecrets.printMBeans(OUT, "secrets");
                }
            }
        }

        private static void ask(EvenkeelRSocketClient client) {
            client.rsocket()
                    .requestResponse(DefaultPayload.create("SECRET-request"))
                    .block(Duration.ofSeconds(30));
        }

        private static void refused(String target) {
            try (EvenkeelRSocketClient client = builder(target)
                    .acquireTimeout(Duration.ofSeconds(2))
                    .listener(event -> OUT.println("event: " + event))
                    .build()) {
                try {
                    ask(client);
                } catch (RuntimeException e) {
                    OUT.println("refused: ");
                    e.printStackTrace(OUT);
                    OUT.println("status: " + client.status());
                }
            }
        }

        private static void misconfigured() {
            for (String target : List.of("static:///ann:SECRET-target@127.0.0.1:1", "tcp://ann:SECRET-target@pg:1")) {
                try {
                    builder(target).build().close();
                } catch (RuntimeException e) {
                    OUT.println("misconfigured: ");
                    e.printStackTrace(OUT);
                }
            }
        }
    }
}
