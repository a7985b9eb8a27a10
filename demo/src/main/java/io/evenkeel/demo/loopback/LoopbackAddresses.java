package io.evenkeel.demo.loopback;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Addresses for servers that stand for Pods: on Linux, where all of 127.0.0.0/8 is there, each has one of its own with
 * the port of the others, as in a cluster. macOS has only 127.0.0.1 unless aliases are added; there the ports
 * differ. Thread-safe.
 */
public final class LoopbackAddresses {
    private static final String ONLY = "127.0.0.1";
    private static final int ATTEMPTS = 50;

    private final String network;
    private final int most;
    private final int port;
    private final Deque<InetSocketAddress> returned = new ArrayDeque<>();
    private int taken;

    private LoopbackAddresses(String network, int most, int port) {
        this.network = network;
        this.most = most;
        this.port = port;
    }

    /**
     * Addresses whose port is free on each of them.
     *
     * @param network what they begin with, such as {@code 127.0.1.}
     * @param most how many will be asked for, 1 to 254
     * @param preferred the port if it is free, or 0 for any
     * @throws IOException if no port is free on all
     */
    public static LoopbackAddresses find(String network, int most, int preferred) throws IOException {
        if (!canBind(network + 1, 0)) {
            return new LoopbackAddresses(ONLY, most, 0);
        }
        int port = preferred == 0 ? freePort(network + 1) : preferred;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            if (isFreeEverywhere(network, most, port)) {
                return new LoopbackAddresses(network, most, port);
            }
            port = freePort(network + 1);
        }
        throw new IOException(
                "port: none found (expected: one that is free on " + network + "1 to " + network + most + ")");
    }

    /** One that no server has: one that was never given out, else the one that was returned first. */
    public synchronized InetSocketAddress next() throws IOException {
        InetSocketAddress free = taken == most ? returned.pollFirst() : null;
        if (free != null) {
            return free;
        }
        if (taken == most) {
            throw new IOException("addresses: " + (most + 1) + " (expected: at most " + most + ")");
        }
        taken++;
        return port == 0 ? new InetSocketAddress(ONLY, freePort(ONLY)) : new InetSocketAddress(network + taken, port);
    }

    /** The server that had it has ended. */
    public synchronized void giveBack(InetSocketAddress address) {
        returned.addLast(address);
    }

    private static boolean isFreeEverywhere(String network, int most, int port) {
        for (int n = 1; n <= most; n++) {
            if (!canBind(network + n, port)) {
                return false;
            }
        }
        return true;
    }

    /** A port that was free at this address a moment ago. */
    public static int freePort(String host) throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName(host))) {
            return socket.getLocalPort();
        }
    }

    /** Whether a server could listen there now. */
    public static boolean canBind(String host, int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getByName(host))) {
            return socket.isBound();
        } catch (IOException inUse) {
            return false;
        }
    }
}
