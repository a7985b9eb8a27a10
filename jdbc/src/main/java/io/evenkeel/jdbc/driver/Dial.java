package io.evenkeel.jdbc.driver;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Finds the socket of a connection. A driver makes its sockets by a factory that it instantiates by name, on a thread
 * of its choice, and hands nothing but text to it; so the text names the dial, and the dial remembers the last socket
 * made for it. A driver may make several in one dial, when it tries again with or without TLS; the last is the
 * connection's.
 *
 * <p>This is the one static state here, because nothing else is reachable from both ends. It holds an entry only
 * while a driver connects. Sockets that are made later, as for a cancel request, name a dial that has ended and are
 * not kept.
 */
final class Dial implements AutoCloseable {
    private static final Map<String, Dial> UNDER_WAY = new ConcurrentHashMap<>();
    private static final AtomicLong NEXT = new AtomicLong();

    private final String name = Long.toString(NEXT.incrementAndGet(), Character.MAX_RADIX);
    private volatile @Nullable ChannelSocket last;

    private Dial() {}

    static Dial begin() {
        Dial dial = new Dial();
        UNDER_WAY.put(dial.name, dial);
        return dial;
    }

    static void made(String dial, ChannelSocket socket) {
        Dial found = UNDER_WAY.get(dial);
        if (found != null) {
            found.last = socket;
        }
    }

    static int underWay() {
        return UNDER_WAY.size();
    }

    /** What the properties of the driver carry. */
    String name() {
        return name;
    }

    /** Of the socket that the driver has connected by now. */
    LivenessProbe probe() {
        ChannelSocket socket = last;
        return socket != null && socket.isConnected() && !socket.isClosed() ? socket : LivenessProbe.NONE;
    }

    @Override
    public void close() {
        UNDER_WAY.remove(name);
    }
}
