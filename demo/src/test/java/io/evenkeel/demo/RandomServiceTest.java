package io.evenkeel.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RandomServiceTest {
    private final List<AutoCloseable> open = new ArrayList<>();
    private RandomService service;

    @BeforeEach
    void start() throws IOException {
        service = opened(RandomService.start(new SplittableRandom(1)));
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
    }

    @Test
    void bytes_go_both_ways_and_so_does_the_end() throws IOException {
        service.route(List.of(pod('a')));
        try (Socket client = connect()) {
            assertThat(ask(client)).isEqualTo('a');
            client.shutdownOutput();
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void open_connection_stays_when_its_pod_is_not_ready_any_more() throws IOException {
        service.route(List.of(pod('a')));
        Socket client = connect();
        assertThat(ask(client)).isEqualTo('a');
        service.route(List.of(pod('b')));
        assertThat(ask(client)).isEqualTo('a');
        assertThat(ask(connect())).isEqualTo('b');
    }

    @Test
    void every_ready_pod_gets_connections() throws IOException {
        service.route(List.of(pod('a'), pod('b'), pod('c')));
        StringBuilder answers = new StringBuilder();
        for (int i = 0; i < 60; i++) {
            answers.append((char) ask(connect()));
        }
        assertThat(answers).contains("a").contains("b").contains("c");
    }

    @Test
    void pod_that_refuses_refuses_the_client() throws IOException {
        ServerSocket gone = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"));
        service.route(List.of(new InetSocketAddress(gone.getInetAddress(), gone.getLocalPort())));
        gone.close();
        assertThatThrownBy(() -> ask(connect())).isInstanceOf(IOException.class);
    }

    @Test
    void service_without_a_ready_pod_refuses() {
        assertThatThrownBy(() -> ask(connect())).isInstanceOf(IOException.class);
    }

    private static int ask(Socket client) throws IOException {
        client.getOutputStream().write('?');
        int answer = client.getInputStream().read();
        if (answer < 0) {
            throw new IOException("end of stream (expected: an answer)");
        }
        return answer;
    }

    private Socket connect() throws IOException {
        Socket socket = opened(new Socket(service.host(), service.port()));
        socket.setSoTimeout(10_000);
        return socket;
    }

    /** Answers every byte with its own name. */
    private InetSocketAddress pod(char name) throws IOException {
        ServerSocket listener = opened(new ServerSocket(0, 100, InetAddress.getByName("127.0.0.1")));
        daemon(() -> {
            while (true) {
                Socket session = listener.accept();
                daemon(() -> answer(session, name));
            }
        });
        return new InetSocketAddress(listener.getInetAddress(), listener.getLocalPort());
    }

    private static void answer(Socket session, char name) throws IOException {
        try (session) {
            while (session.getInputStream().read() >= 0) {
                session.getOutputStream().write(name);
            }
        }
    }

    private static void daemon(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (IOException closed) {
                // the test is over
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private <T extends AutoCloseable> T opened(T closeable) {
        open.add(closeable);
        return closeable;
    }

    private interface Work {
        void run() throws IOException;
    }
}
