package io.evenkeel.demo.rsocket;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/**
 * Addresses for Pods: one each, with the same port, as in a cluster. Where 127.0.0.1 is the only loopback address (macOS) the
 * ports differ instead. Confined to one thread.
 */
final class LoopbackAddresses {
    private static final String NETWORK = "127.0.4.";
    private static final int PODS = 64;
    private static final int ATTEMPTS = 50;

    private final boolean several;
    private final int port;
    private int taken;

    private LoopbackAddresses(boolean several, int port) {
        this.several = several;
        this.port = port;
    }

    static LoopbackAddresses find() throws IOException {
        if (!canBind(NETWORK + 1, 0)) {
            return new LoopbackAddresses(false, 0);
        }
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            int port = freePort(NETWORK + 1);
            if (freeEverywhere(port)) {
                return new LoopbackAddresses(true, port);
            }
        }
        throw new IOException("port: none found (expected: one that is free on " + NETWORK + "1 to " + PODS + ")");
    }

    /** None is given out twice. */
    InetSocketAddress next() throws IOException {
        taken++;
        if (!several) {
            return InetSocketAddress.createUnresolved("127.0.0.1", freePort("127.0.0.1"));
        }
        if (taken > PODS) {
            throw new IOException("Pods: " + taken + " (expected: at most " + PODS + ")");
        }
        return InetSocketAddress.createUnresolved(NETWORK + taken, port);
    }

    private static boolean freeEverywhere(int port) {
        for (int n = 1; n <= PODS; n++) {
            if (!canBind(NETWORK + n, port)) {
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
        } catch (IOException inUse) {
            return false;
        }
    }
}
