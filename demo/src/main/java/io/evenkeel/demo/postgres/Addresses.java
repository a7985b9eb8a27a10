package io.evenkeel.demo.postgres;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/**
 * Loopback addresses for Pods. On Linux all of 127.0.0.0/8 is there, and every Pod gets an address of its own with the
 * port of the others, as in a cluster. macOS has only 127.0.0.1 unless someone adds aliases; there the ports differ.
 */
final class Addresses {
    private static final int PODS = 32;
    private static final int ATTEMPTS = 50;

    private final boolean several;
    private final int port;
    private int taken;

    private Addresses(boolean several, int port) {
        this.several = several;
        this.port = port;
    }

    static Addresses find() throws IOException {
        if (!canBind("127.0.1.1", 0)) {
            return new Addresses(false, 0);
        }
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            int port = freePort("127.0.1.1");
            if (freeEverywhere(port)) {
                return new Addresses(true, port);
            }
        }
        throw new PostgresUnavailableException(
                "port: none found (expected: one that is free on 127.0.1.1 to 127.0.1." + PODS + ")");
    }

    /** The address of the next Pod; none is given out twice. */
    synchronized InetSocketAddress next() throws IOException {
        taken++;
        if (!several) {
            return new InetSocketAddress("127.0.0.1", freePort("127.0.0.1"));
        }
        if (taken > PODS) {
            throw new IOException("Pods: " + taken + " (expected: at most " + PODS + ")");
        }
        return new InetSocketAddress("127.0.1." + taken, port);
    }

    private static boolean freeEverywhere(int port) {
        for (int n = 1; n <= PODS; n++) {
            if (!canBind("127.0.1." + n, port)) {
                return false;
            }
        }
        return true;
    }

    private static int freePort(String host) throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName(host))) {
            return socket.getLocalPort();
        }
    }

    private static boolean canBind(String host, int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getByName(host))) {
            return socket.isBound();
        } catch (IOException taken) {
            return false;
        }
    }
}
