package io.evenkeel.jdbc.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketOption;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ChannelSocketTest {
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

    private ServerSocket server;
    private ChannelSocket socket;
    private Socket peer;

    @BeforeEach
    void connect() throws IOException {
        server = new ServerSocket(0, 1, LOOPBACK);
        socket = new ChannelSocket();
        socket.connect(server.getLocalSocketAddress(), 5_000);
        peer = server.accept();
    }

    @AfterEach
    void close() throws IOException {
        socket.close();
        peer.close();
        server.close();
    }

    @Test
    void every_method_of_a_socket_is_its_own() {
        List<String> inherited = new ArrayList<>();
        for (Method method : Socket.class.getMethods()) {
            boolean overridden = method.getDeclaringClass() == Object.class
                    || Modifier.isStatic(method.getModifiers())
                    || isDeclared(ChannelSocket.class, method);
            if (!overridden) {
                inherited.add(method.toString());
            }
        }
        assertThat(inherited)
                .as("methods that would use a socket that is not connected")
                .isEmpty();
    }

    private static boolean isDeclared(Class<?> type, Method method) {
        return Arrays.stream(type.getDeclaredMethods())
                .anyMatch(own -> own.getName().equals(method.getName())
                        && Arrays.equals(own.getParameterTypes(), method.getParameterTypes()));
    }

    // --- the peek ---

    @Test
    void peek_nothingToRead_isAlive() {
        assertThat(socket.peek()).isEqualTo(Liveness.ALIVE);
        assertThat(socket.peek()).isEqualTo(Liveness.ALIVE);
    }

    @Test
    void peek_bytesWaiting_keepsThemForTheReader() throws Exception {
        peer.getOutputStream().write(new byte[] {1, 2, 3});
        assertThat(awaitPeek()).isEqualTo(Liveness.DATA_WAITING);
        assertThat(socket.peek()).isEqualTo(Liveness.DATA_WAITING);
        assertThat(socket.getInputStream().readNBytes(3)).containsExactly(1, 2, 3);
        assertThat(socket.peek()).isEqualTo(Liveness.ALIVE);
    }

    @Test
    void peek_serverClosed_isDead() throws Exception {
        peer.close();
        assertThat(awaitPeek()).isEqualTo(Liveness.DEAD);
        assertThat(socket.peek()).isEqualTo(Liveness.DEAD);
        assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }

    @Test
    void peek_serverSentAndClosed_isDataBeforeTheEnd() throws Exception {
        peer.getOutputStream().write(9);
        peer.close();
        assertThat(awaitPeek()).isEqualTo(Liveness.DATA_WAITING);
        assertThat(socket.getInputStream().read()).isEqualTo(9);
        assertThat(awaitPeek()).isEqualTo(Liveness.DEAD);
    }

    @Test
    void peek_reset_isDeadAndTheReaderFails() throws Exception {
        peer.setSoLinger(true, 0);
        peer.close();
        assertThat(awaitPeek()).isEqualTo(Liveness.DEAD);
        assertThat(socket.peek()).isEqualTo(Liveness.DEAD);
        assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketException.class);
    }

    @Test
    void peek_closedHere_isDead() throws Exception {
        socket.close();
        assertThat(socket.peek()).isEqualTo(Liveness.DEAD);
    }

    @Test
    void peek_whileAThreadReads_isUnknownAndLeavesItAlone() throws Exception {
        FutureTask<Integer> reading = start(() -> socket.getInputStream().read());
        while (socket.peek() != Liveness.UNKNOWN) {
            Thread.onSpinWait();
        }
        peer.getOutputStream().write(7);
        assertThat(reading.get()).isEqualTo(7);
    }

    @Test
    void peek_allocatesNothing() {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        int rounds = 20_000;
        peekTimes(rounds);
        long before = threads.getCurrentThreadAllocatedBytes();
        peekTimes(rounds);
        long bytes = threads.getCurrentThreadAllocatedBytes() - before;
        assertThat(bytes).as("bytes for %d peeks", rounds).isLessThan(rounds);
    }

    private void peekTimes(int rounds) {
        for (int i = 0; i < rounds; i++) {
            if (socket.peek() != Liveness.ALIVE) {
                throw new AssertionError("round " + i);
            }
        }
    }

    /** Until what the peer did has arrived. */
    private Liveness awaitPeek() {
        Liveness seen = socket.peek();
        while (seen == Liveness.ALIVE) {
            Thread.onSpinWait();
            seen = socket.peek();
        }
        return seen;
    }

    // --- as a socket ---

    /** Whatever is looked at and whenever, the reader gets what was sent. */
    @Test
    void peeks_and_available_never_change_the_stream() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        byte[] sent = new byte[2_000_000];
        random.nextBytes(sent);
        FutureTask<Void> writing = start(() -> {
            peer.getOutputStream().write(sent);
            peer.shutdownOutput();
            return null;
        });
        byte[] read = new byte[sent.length];
        int length = 0;
        InputStream in = socket.getInputStream();
        while (length < read.length) {
            switch (random.nextInt(4)) {
                case 0 -> socket.peek();
                case 1 -> assertThat(in.available()).as("seed %d", seed).isBetween(0, sent.length - length);
                default -> {
                    int count = in.read(read, length, 1 + random.nextInt(Math.min(100_000, read.length - length)));
                    assertThat(count).as("seed %d, at %d", seed, length).isPositive();
                    length += count;
                }
            }
        }
        writing.get();
        assertThat(read).as("seed %d", seed).isEqualTo(sent);
        assertThat(in.read()).isEqualTo(-1);
    }

    @Test
    void a_large_write_waits_for_a_slow_reader() throws Exception {
        byte[] sent = new byte[16 << 20];
        new Random(1).nextBytes(sent);
        FutureTask<Void> writing = start(() -> {
            socket.getOutputStream().write(sent);
            socket.shutdownOutput();
            return null;
        });
        awaitBlocked(writing);
        assertThat(peer.getInputStream().readAllBytes()).isEqualTo(sent);
        writing.get();
    }

    /** More than both sides' buffers hold, so the write can't end before the reader begins. */
    private static void awaitBlocked(FutureTask<?> task) {
        for (int i = 0; i < 1_000; i++) {
            Thread.yield();
        }
        assertThat(task.isDone()).isFalse();
    }

    @Test
    void read_timeOut_leavesTheSocketUsable() throws Exception {
        socket.setSoTimeout(20);
        assertThat(socket.getSoTimeout()).isEqualTo(20);
        InputStream in = socket.getInputStream();
        assertThatThrownBy(in::read).isInstanceOf(SocketTimeoutException.class);
        assertThat(socket.peek()).isEqualTo(Liveness.ALIVE);
        socket.setSoTimeout(0);
        peer.getOutputStream().write(5);
        assertThat(in.read()).isEqualTo(5);
    }

    @Test
    void connect_timeOut_closesTheSocket() throws Exception {
        // A queue of one that is full: the kernel leaves further attempts without an answer.
        try (ServerSocket full = new ServerSocket(0, 1, LOOPBACK)) {
            List<Socket> fillers = new ArrayList<>();
            try {
                assertThatThrownBy(() -> {
                            for (int i = 0; i < 64; i++) {
                                Socket filler = new ChannelSocket();
                                fillers.add(filler);
                                filler.connect(full.getLocalSocketAddress(), 100);
                            }
                        })
                        .isInstanceOf(SocketTimeoutException.class)
                        .hasMessageContaining("100 ms");
                assertThat(fillers.get(fillers.size() - 1).isClosed()).isTrue();
            } finally {
                for (Socket filler : fillers) {
                    filler.close();
                }
            }
        }
    }

    @Test
    void connect_refused_closesTheSocket() throws Exception {
        server.close();
        try (ChannelSocket refused = new ChannelSocket()) {
            assertThatThrownBy(() -> refused.connect(server.getLocalSocketAddress(), 5_000))
                    .isInstanceOf(SocketException.class)
                    .hasMessageContaining("refused");
            assertThat(refused.isClosed()).isTrue();
        }
        try (ChannelSocket nowhere = new ChannelSocket()) {
            assertThatThrownBy(() -> nowhere.connect(InetSocketAddress.createUnresolved("pg.invalid", 1), 0))
                    .isInstanceOf(java.net.UnknownHostException.class);
        }
    }

    @Test
    void half_closed_either_way_the_other_way_works() throws Exception {
        socket.shutdownOutput();
        assertThat(peer.getInputStream().read()).isEqualTo(-1);
        peer.getOutputStream().write(3);
        assertThat(socket.getInputStream().read()).isEqualTo(3);
        assertThat(socket.isOutputShutdown()).isTrue();
        assertThatThrownBy(() -> socket.getOutputStream()).isInstanceOf(SocketException.class);
    }

    @Test
    void shutdownInput_endsAReadThatWaits() throws Exception {
        FutureTask<Integer> reading = start(() -> socket.getInputStream().read());
        awaitReading();
        socket.shutdownInput();
        assertThat(reading.get()).isEqualTo(-1);
        socket.getOutputStream().write(4);
        assertThat(peer.getInputStream().read()).isEqualTo(4);
    }

    private void awaitReading() {
        while (socket.peek() != Liveness.UNKNOWN) {
            Thread.onSpinWait();
        }
    }

    @Test
    void close_fromAnotherThread_endsAReadThatWaits() throws Exception {
        FutureTask<Integer> reading = start(() -> socket.getInputStream().read());
        awaitReading();
        socket.close();
        assertThatThrownBy(reading::get)
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(SocketException.class)
                .hasMessageContaining("Socket closed");
        assertThat(peer.getInputStream().read()).as("the peer sees the end").isEqualTo(-1);
    }

    @Test
    void close_fromAnotherThread_endsAWriteThatWaits() throws Exception {
        FutureTask<Void> writing = start(() -> {
            socket.getOutputStream().write(new byte[64 << 20]);
            return null;
        });
        awaitBlocked(writing);
        socket.close();
        assertThatThrownBy(writing::get).hasCauseInstanceOf(SocketException.class);
    }

    @Test
    void a_closed_socket_fails_as_a_socket_does() throws Exception {
        InputStream in = socket.getInputStream();
        OutputStream out = socket.getOutputStream();
        in.close();
        assertThat(socket.isClosed()).isTrue();
        assertThatThrownBy(in::read).isInstanceOf(SocketException.class);
        assertThatThrownBy(in::available).isInstanceOf(SocketException.class);
        assertThatThrownBy(() -> out.write(1)).isInstanceOf(SocketException.class);
        assertThatThrownBy(socket::getInputStream).isInstanceOf(SocketException.class);
        assertThatThrownBy(() -> socket.setTcpNoDelay(true)).isInstanceOf(SocketException.class);
        assertThatThrownBy(() -> socket.setSoTimeout(1)).isInstanceOf(SocketException.class);
        socket.close();
    }

    @Test
    void a_write_after_a_reset_fails() throws Exception {
        peer.setSoLinger(true, 0);
        peer.close();
        assertThat(awaitPeek()).isEqualTo(Liveness.DEAD);
        assertThatThrownBy(() -> socket.getOutputStream().write(1)).isInstanceOf(SocketException.class);
    }

    @Test
    void options_reach_the_socket() throws Exception {
        socket.setTcpNoDelay(true);
        socket.setSoLinger(true, 3);
        socket.setTrafficClass(0x10);
        socket.setOOBInline(true);
        socket.setReceiveBufferSize(64 * 1024);
        assertThat(socket.getTcpNoDelay()).isTrue();
        assertThat(socket.getSoLinger()).isEqualTo(3);
        assertThat(socket.getOOBInline()).isTrue();
        assertThat(socket.getReceiveBufferSize()).isPositive();
        assertThat(socket.getPort()).isEqualTo(server.getLocalPort());
        assertThat(socket.getInetAddress()).isEqualTo(LOOPBACK);
        assertThat(socket.getLocalPort()).isEqualTo(peer.getPort());
        assertThat(socket.getChannel()).isNull();
    }

    @Test
    void keepalive_is_on_with_short_times_where_the_platform_has_them() throws Exception {
        assertThat(socket.getKeepAlive()).isTrue();
        for (SocketOption<?> option : socket.supportedOptions()) {
            if (option.name().equals("TCP_KEEPIDLE")) {
                assertThat(socket.getOption(option)).hasToString("30");
            }
        }
    }

    @Test
    void urgent_data_arrives() throws Exception {
        peer.setOOBInline(true);
        socket.sendUrgentData(42);
        assertThat(peer.getInputStream().read()).isEqualTo(42);
    }

    // --- interrupts ---

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void an_interrupt_neither_closes_the_socket_nor_is_lost(boolean virtual) throws Exception {
        FutureTask<String> task = new FutureTask<>(() -> {
            int read = socket.getInputStream().read();
            return read + " interrupted=" + Thread.currentThread().isInterrupted();
        });
        Thread thread = thread(virtual, task);
        awaitReading();
        thread.interrupt();
        awaitReading();
        peer.getOutputStream().write(8);
        assertThat(task.get()).isEqualTo("8 interrupted=true");
        assertThat(socket.peek()).isEqualTo(Liveness.ALIVE);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void a_thread_that_is_interrupted_already_reads_writes_and_connects(boolean virtual) throws Exception {
        FutureTask<String> task = new FutureTask<>(() -> {
            Thread.currentThread().interrupt();
            socket.getOutputStream().write(new byte[4 << 20]);
            int read = socket.getInputStream().read();
            try (ChannelSocket another = new ChannelSocket()) {
                another.connect(server.getLocalSocketAddress(), 5_000);
                return read + " " + another.isConnected() + " interrupted="
                        + Thread.currentThread().isInterrupted();
            }
        });
        thread(virtual, task);
        peer.getInputStream().skipNBytes(4 << 20);
        peer.getOutputStream().write(6);
        assertThat(task.get()).isEqualTo("6 true interrupted=true");
        assertThat(socket.peek()).isEqualTo(Liveness.ALIVE);
    }

    /** Far more than there are carriers: a read that waits must not hold one. */
    @Test
    void virtual_threads_that_wait_leave_the_others_running() throws Exception {
        List<ChannelSocket> waiting = new ArrayList<>();
        try (ServerSocket many = new ServerSocket(0, 200, LOOPBACK)) {
            List<FutureTask<Integer>> reads = new ArrayList<>();
            List<Socket> peers = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                ChannelSocket one = new ChannelSocket();
                waiting.add(one);
                one.connect(many.getLocalSocketAddress(), 5_000);
                peers.add(many.accept());
                FutureTask<Integer> read =
                        new FutureTask<>(() -> one.getInputStream().read());
                reads.add(read);
                thread(true, read);
            }
            CompletableFuture<String> other = new CompletableFuture<>();
            thread(true, new FutureTask<>(() -> other.complete("ran")));
            assertThat(other.get()).isEqualTo("ran");
            for (Socket each : peers) {
                each.getOutputStream().write(1);
                each.close();
            }
            for (FutureTask<Integer> read : reads) {
                assertThat(read.get()).isEqualTo(1);
            }
        } finally {
            for (ChannelSocket one : waiting) {
                one.close();
            }
        }
    }

    private static Thread thread(boolean virtual, Runnable task) throws Exception {
        if (!virtual) {
            Thread thread = new Thread(task, "channel-socket-test");
            thread.setDaemon(true);
            thread.start();
            return thread;
        }
        Method start;
        try {
            start = Thread.class.getMethod("startVirtualThread", Runnable.class);
        } catch (NoSuchMethodException e) {
            System.out.println("ChannelSocketTest: skipped virtual threads, since this JDK has none");
            Assumptions.abort("this JDK has no virtual threads");
            throw e;
        }
        return (Thread) start.invoke(null, task);
    }

    private static <T> FutureTask<T> start(Callable<T> task) {
        FutureTask<T> future = new FutureTask<>(task);
        Thread thread = new Thread(future, "channel-socket-test");
        thread.setDaemon(true);
        thread.start();
        return future;
    }
}
