package io.evenkeel.kubernetes.fake;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The network between a client and the server: it carries bytes both ways, and fails as networks do. It knows nothing of TLS
 * or HTTP, so that every fault is the same for each of them. Thread-safe.
 */
public final class FaultyWire implements AutoCloseable {

    private static final Pace AT_ONCE = new Pace(8192, Duration.ZERO);

    private final InetSocketAddress server;
    private final ServerSocket listener;
    private final Set<Link> links = ConcurrentHashMap.newKeySet();
    private final AtomicInteger accepted = new AtomicInteger();
    private final AtomicInteger broken = new AtomicInteger();
    private volatile Newcomers newcomers = Newcomers.SERVED;
    private volatile Pace pace = AT_ONCE;

    /** What becomes of new connections. */
    private enum Newcomers {
        SERVED,
        RESET,
        IGNORED
    }

    /** So many bytes at once, with so long a pause after them. */
    private record Pace(int bytes, Duration pause) {}

    private FaultyWire(InetSocketAddress server, ServerSocket listener) {
        this.server = server;
        this.listener = listener;
    }

    /** A wire to this server, on any free port of 127.0.0.1. */
    static FaultyWire to(InetSocketAddress server) throws IOException {
        FaultyWire wire = new FaultyWire(server, new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1")));
        start("fake-wire-accept", wire::accept);
        return wire;
    }

    int port() {
        return listener.getLocalPort();
    }

    /** Connections that are open now, frozen ones too. */
    public int connections() {
        return links.size();
    }

    /** Connections that were ever made, also those that were turned away. */
    public int accepted() {
        return accepted.get();
    }

    /** Connections that were broken so far. */
    int broken() {
        return broken.get();
    }

    /** How many bytes of clients, and for them, were lost in connections that carry nothing and are still there. */
    public long swallowed() {
        return links.stream().mapToLong(Link::swallowed).sum();
    }

    /** Breaks every connection there is; new ones are served. */
    public void resetEstablished() {
        links.forEach(Link::reset);
    }

    /** Breaks every connection there is and every new one: the server is away. */
    public void away() {
        newcomers = Newcomers.RESET;
        resetEstablished();
    }

    /** Connections that exist stay open and carry nothing any more, for ever; new ones are served. */
    public void freezeEstablished() {
        links.forEach(Link::freeze);
    }

    /** Freezes every connection there is, and accepts new ones into the same silence. */
    public void silent() {
        newcomers = Newcomers.IGNORED;
        freezeEstablished();
    }

    /** Whether connections that are made now carry nothing. */
    public boolean isSilent() {
        return newcomers == Newcomers.IGNORED;
    }

    /** Serves new connections again; those that are broken or frozen stay as they are. */
    public void back() {
        newcomers = Newcomers.SERVED;
    }

    /** From now on at most so many bytes at once towards the client, with a pause after each. */
    public void drip(int bytes, Duration pause) {
        pace = new Pace(bytes, pause);
    }

    private void accept() throws IOException {
        while (!listener.isClosed()) {
            Socket client = listener.accept();
            accepted.incrementAndGet();
            switch (newcomers) {
                case RESET -> abort(client);
                case IGNORED -> links.add(new Link(client, null));
                case SERVED -> serve(client);
            }
        }
    }

    private void serve(Socket client) throws IOException {
        Socket upstream = new Socket();
        try {
            upstream.connect(server);
        } catch (IOException refused) {
            abort(client);
            return;
        }
        Link link = new Link(client, upstream);
        links.add(link);
        start("fake-wire-up", () -> link.carry(client, upstream, false));
        start("fake-wire-down", () -> link.carry(upstream, client, true));
    }

    private static void abort(Socket socket) {
        try (socket) {
            // Closed with something unsent and no patience for it, a socket sends RST.
            socket.setSoLinger(true, 0);
        } catch (IOException gone) {
            // then it needs no reset
        }
    }

    /** Ends it, and every connection. */
    @Override
    public void close() throws IOException {
        listener.close();
        resetEstablished();
    }

    private static void start(String name, Work work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (IOException closed) {
                        // one of the two ends has gone, or the wire was closed
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                name);
        thread.setDaemon(true);
        thread.start();
    }

    private interface Work {
        void run() throws IOException, InterruptedException;
    }

    /** One connection. */
    private final class Link {
        private final List<Socket> ends;
        private final CountDownLatch lost = new CountDownLatch(1);
        private final AtomicLong discarded = new AtomicLong();
        private final AtomicLong unread = new AtomicLong();
        private volatile boolean frozen;

        Link(Socket client, @Nullable Socket upstream) {
            ends = upstream == null ? List.of(client) : List.of(client, upstream);
            frozen = upstream == null;
        }

        /** Never less than before, also when the client has gone. */
        long swallowed() {
            if (!frozen) {
                return 0;
            }
            try {
                long waiting = ends.get(0).getInputStream().available();
                unread.accumulateAndGet(waiting, Math::max);
            } catch (IOException gone) {
                // what it had sent before was counted if anyone looked
            }
            return discarded.get() + unread.get();
        }

        void freeze() {
            frozen = true;
        }

        void reset() {
            links.remove(this);
            lost.countDown();
            broken.incrementAndGet();
            ends.forEach(FaultyWire::abort);
        }

        void carry(Socket from, Socket to, boolean paced) throws IOException, InterruptedException {
            byte[] buffer = new byte[8192];
            try {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                    int written = 0;
                    while (written < read && !frozen) {
                        // As it is now: it may be slowed down, or sped up, in the middle of what came at once.
                        Pace now = paced ? pace : AT_ONCE;
                        int piece = Math.min(read - written, now.bytes());
                        out.write(buffer, written, piece);
                        written += piece;
                        TimeUnit.NANOSECONDS.sleep(now.pause().toNanos());
                    }
                    if (frozen) {
                        discarded.addAndGet(read - written);
                        // what came is lost, and nobody reads what comes
                        lost.await();
                        return;
                    }
                }
            } finally {
                end();
            }
        }

        /** One side has closed, so the other hears of it; a frozen one hears nothing. */
        private void end() throws IOException {
            if (!frozen) {
                links.remove(this);
                for (Socket end : ends) {
                    end.close();
                }
            }
        }
    }
}
