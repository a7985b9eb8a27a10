package io.evenkeel.amqp;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.impl.DefaultCredentialsProvider;
import io.evenkeel.PlantedSecrets;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.watch.WatcherConfig;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Plants passwords wherever a factory can hold one: start, move, failure and close show none of them. */
@Timeout(120)
class SecretsTest {

    private static final List<String> SECRETS =
            List.of("SECRET-field", "SECRET-uri", "SECRET-provider", "SECRET-property", "SECRET-target");

    @Test
    void no_password_comes_out(@TempDir Path directory) throws Exception {
        PlantedSecrets.assertNoneComesOut(
                Scenario.class,
                SECRETS,
                List.of("status: ", "event: ConnectionMoved", "refused: ", "misconfigured: ", "jmx: "),
                directory);
    }

    /** What an application and its operators do with brokers that work, that refuse, and that are not there. */
    static final class Scenario {
        private static final PrintStream OUT = System.out;

        private Scenario() {}

        public static void main(String[] arguments) throws Exception {
            Path file = Path.of(arguments[0]).resolve("brokers.json");
            moves(file);
            try (HandshakeBroker refusing = new HandshakeBroker(true)) {
                refused(refusing.port());
            }
            refused(1);
            misconfigured();
            OUT.println(PlantedSecrets.ENDED);
        }

        private static EvenkeelConnectionFactory factory(String target) {
            EvenkeelConnectionFactory factory = new EvenkeelConnectionFactory();
            factory.setName("secrets");
            factory.setTarget(target);
            factory.setUsername("ann");
            factory.setPassword("SECRET-field");
            factory.getClientProperties().put("password", "SECRET-property");
            factory.setMoveWindow(Duration.ZERO);
            factory.setConnectionTimeout(2_000);
            factory.setHandshakeTimeout(2_000);
            factory.setWatch(WatcherConfig.builder().settle(Duration.ZERO).build());
            return factory;
        }

        private static void write(Path file, HandshakeBroker broker) throws IOException {
            Path next = Files.writeString(
                    file.resolveSibling("next"),
                    "{\"endpoints\":[{\"host\":\"127.0.0.1\",\"port\":" + broker.port() + "}]}");
            Files.move(next, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        }

        private static void moves(Path file) throws Exception {
            CountDownLatch moved = new CountDownLatch(1);
            try (HandshakeBroker first = new HandshakeBroker(false);
                    HandshakeBroker second = new HandshakeBroker(false)) {
                write(file, first);
                EvenkeelConnectionFactory factory = factory("file://" + file);
                factory.setConnectionTimeout(30_000);
                factory.setListener(event -> {
                    OUT.println("event: " + event);
                    if (event instanceof EvenkeelEvent.ConnectionMoved) {
                        moved.countDown();
                    }
                });
                try (Connection connection = factory.newConnection()) {
                    write(file, second);
                    if (!moved.await(60, TimeUnit.SECONDS)) {
                        throw new AssertionError("not moved: " + factory.status());
                    }
                    OUT.println("connection: " + connection + " " + factory + " " + connection.getClientProvidedName());
                    OUT.println("status: " + factory.status());
                    PlantedSecrets.printMBeans(OUT, "secrets");
                }
            }
        }

        private static void refused(int port) throws Exception {
            EvenkeelConnectionFactory byField = factory("static:///127.0.0.1:" + port);
            EvenkeelConnectionFactory byUri = factory("static:///127.0.0.1:" + port);
            byUri.setUri("amqp://ann:SECRET-uri@127.0.0.1:" + port + "/shop");
            EvenkeelConnectionFactory byProvider = factory("static:///127.0.0.1:" + port);
            byProvider.setCredentialsProvider(new DefaultCredentialsProvider("ann", "SECRET-provider"));
            for (EvenkeelConnectionFactory factory : List.of(byField, byUri, byProvider)) {
                factory.setListener(event -> OUT.println("event: " + event));
                try {
                    factory.newConnection().close();
                } catch (IOException | TimeoutException e) {
                    OUT.println("refused: ");
                    e.printStackTrace(OUT);
                    OUT.println("status: " + factory.status());
                }
            }
        }

        private static void misconfigured() {
            for (String target : List.of("static:///ann:SECRET-target@127.0.0.1:1", "amqp://ann:SECRET-target@pg:1")) {
                try {
                    factory(target).newConnection().close();
                } catch (IOException | TimeoutException | RuntimeException e) {
                    OUT.println("misconfigured: ");
                    e.printStackTrace(OUT);
                }
            }
        }
    }
}
