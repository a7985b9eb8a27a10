package io.evenkeel.rsocket;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.CapturedLog;
import io.rsocket.RSocket;
import io.rsocket.core.RSocketConnector;
import io.rsocket.core.Resume;
import io.rsocket.util.DefaultPayload;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Mono;

/** What was completed arrives, over a link that is slower than the sender; and nothing is left of a client that ends. */
class OneWayRequestsTest {

    private static final Duration LONG = Duration.ofSeconds(30);
    private static final int COUNT = 6_000;

    @TempDir
    Path directory;

    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
    }

    private static void until(BooleanSupplier condition) {
        long end = System.nanoTime() + LONG.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - end).as("waited in vain").isNegative();
            LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
        }
    }

    private TestServer server(String name) {
        TestServer server = TestServer.start(name, settings -> settings.resume(new Resume()));
        open.add(server);
        return server;
    }

    /** Passes on what the server says at once, and what the client says, after the first frames, when it is opened. */
    private final class Gate implements AutoCloseable {
        private static final int SETUP = 200;

        private final CountDownLatch opened = new CountDownLatch(1);
        private final ServerSocket accepting;
        private final List<Socket> sockets = new ArrayList<>();

        Gate(TestServer server) throws IOException {
            accepting = new ServerSocket();
            accepting.setReceiveBufferSize(64 * 1024);
            accepting.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            start(() -> {
                Socket client = accepting.accept();
                Socket to = new Socket(InetAddress.getLoopbackAddress(), server.port());
                sockets.add(client);
                sockets.add(to);
                start(() -> to.getInputStream().transferTo(client.getOutputStream()));
                pass(client.getInputStream(), to.getOutputStream());
                to.close();
            });
            open.add(this);
        }

        private void pass(InputStream from, OutputStream to) throws IOException, InterruptedException {
            byte[] bytes = new byte[16 * 1024];
            int passed = 0;
            for (int read = from.read(bytes); read > 0; read = from.read(bytes)) {
                to.write(bytes, 0, read);
                passed += read;
                if (passed > SETUP) {
                    opened.await();
                }
            }
        }

        String address() {
            return "127.0.0.1:" + accepting.getLocalPort();
        }

        @Override
        public void close() throws IOException {
            opened.countDown();
            accepting.close();
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    private interface Work {
        void run() throws IOException, InterruptedException;
    }

    private static void start(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (IOException | InterruptedException e) {
                // The test is over.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private EvenkeelRSocketClient client(String target, Duration closeTimeout, RSocketConnector connector) {
        EvenkeelRSocketClient client = EvenkeelRSocketClient.builder()
                .target(target)
                .name("orders")
                .clientId("test")
                .jmx(false)
                .connector(connector)
                .closeTimeout(closeTimeout)
                .build();
        open.add(0, client);
        until(() -> client.connections().size() == 1);
        return client;
    }

    private static void send(EvenkeelRSocketClient client) {
        byte[] bytes = new byte[2_000];
        AtomicInteger completed = new AtomicInteger();
        List<Throwable> failures = new CopyOnWriteArrayList<>();
        for (int i = 0; i < COUNT; i++) {
            client.rsocket()
                    .fireAndForget(DefaultPayload.create(bytes))
                    .subscribe(null, failures::add, completed::incrementAndGet);
        }
        // With most of it still to be sent. Those that came before the connection was in the rotation are sent
        // by the thread that puts it there.
        until(() -> completed.get() + failures.size() == COUNT);
        assertThat(failures).isEmpty();
    }

    private Path write(String address) throws IOException {
        Path file = directory.resolve("pods.json");
        Path written = Files.writeString(
                directory.resolve("new"),
                "{\"endpoints\":[{\"id\":\"%s\",\"host\":\"%s\",\"port\":%s}]}"
                        .formatted(address, address.split(":")[0], address.split(":")[1]),
                StandardCharsets.UTF_8);
        return Files.move(written, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    private static boolean isDraining(RSocketConnectionStatus connection) {
        return connection.state() == RSocketConnectionStatus.State.DRAINING;
    }

    @Test
    void a_drain_waits_until_what_was_completed_has_arrived() throws IOException {
        TestServer server = server("a");
        Gate gate = new Gate(server);
        TestServer other = server("b");
        EvenkeelRSocketClient client =
                client("file://" + write(gate.address()), Duration.ofSeconds(2), RSocketConnector.create());
        send(client);
        write(other.address());
        until(() -> client.connections().stream().anyMatch(OneWayRequestsTest::isDraining));
        gate.opened.countDown();
        until(() -> client.connections().stream().noneMatch(OneWayRequestsTest::isDraining));
        until(() -> server.requests.get() == COUNT);
    }

    @Test
    void a_close_waits_too_whether_or_not_sessions_can_be_resumed() throws Exception {
        for (boolean resume : new boolean[] {false, true}) {
            TestServer server = server("a");
            Gate gate = new Gate(server);
            RSocketConnector connector =
                    resume ? RSocketConnector.create().resume(new Resume()) : RSocketConnector.create();
            EvenkeelRSocketClient client = client("static:///" + gate.address(), LONG, connector);
            send(client);
            Thread closing = new Thread(client::close);
            closing.start();
            until(client::isDisposed);
            gate.opened.countDown();
            closing.join();
            until(() -> server.requests.get() == COUNT);
        }
    }

    @Test
    void what_is_cut_at_the_deadline_is_reported() throws IOException {
        Gate gate = new Gate(server("a"));
        EvenkeelRSocketClient client =
                client("static:///" + gate.address(), Duration.ofMillis(300), RSocketConnector.create());
        send(client);
        try (CapturedLog log = new CapturedLog()) {
            client.close();
            assertThat(log.linesWith(COUNT + " one-way requests that no Pod has confirmed"))
                    .hasSize(1);
        }
    }

    @Test
    void an_answer_to_the_server_arrives_before_the_connection_ends() {
        TestServer server = server("a");
        RSocketConnector connector = RSocketConnector.create()
                .acceptor(io.rsocket.SocketAcceptor.forRequestResponse(
                        payload -> Mono.delay(Duration.ofMillis(200)).thenReturn(payload)));
        EvenkeelRSocketClient client = client("static:///" + server.address(), LONG, connector);
        until(() -> !server.clients.isEmpty());
        Mono<String> asked = server.clients
                .get(0)
                .requestResponse(DefaultPayload.create("x".repeat(1_000_000)))
                .map(payload -> payload.getDataUtf8().substring(0, 1))
                .cache();
        asked.subscribe();
        until(() -> client.connections().get(0).inFlight() == 1);
        client.close();
        assertThat(asked.block(LONG)).isEqualTo("x");
    }

    @Test
    void a_client_that_is_closed_while_it_connects_leaves_no_socket() throws IOException {
        for (boolean gently : new boolean[] {true, false}) {
            try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
                EvenkeelRSocketClient client = EvenkeelRSocketClient.builder()
                        .target("static:///127.0.0.1:" + silent.getLocalPort())
                        .jmx(false)
                        .connectTimeout(Duration.ofSeconds(60))
                        .build();
                try (Socket accepted = silent.accept()) {
                    accepted.setSoTimeout((int) LONG.toMillis());
                    assertThat(accepted.getInputStream().read()).as("the SETUP").isNotNegative();
                    if (gently) {
                        client.close();
                    } else {
                        client.dispose();
                    }
                    assertThat(isClosedByPeer(accepted)).isTrue();
                }
            }
        }
    }

    private static boolean isClosedByPeer(Socket socket) throws IOException {
        try {
            InputStream in = socket.getInputStream();
            byte[] bytes = new byte[1_000];
            while (true) {
                if (in.read(bytes) < 0) {
                    return true;
                }
            }
        } catch (SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            // Reset.
            return true;
        }
    }

    @Test
    void once_closed_there_is_no_source() {
        EvenkeelRSocketClient client =
                client("static:///" + server("a").address(), Duration.ZERO, RSocketConnector.create());
        assertThat(client.source().map(RSocket::isDisposed).block(LONG)).isFalse();
        client.close();
        assertThat(client.source()
                        .map(RSocket::isDisposed)
                        .onErrorReturn(ClientClosedException.class, true)
                        .block(LONG))
                .isTrue();
    }
}
