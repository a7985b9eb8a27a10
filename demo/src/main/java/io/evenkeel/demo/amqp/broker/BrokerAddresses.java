package io.evenkeel.demo.amqp.broker;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the brokers of a cluster listen: on Linux each on a loopback address of its own with the port of the others, as Pods
 * do. macOS has only 127.0.0.1 unless someone adds aliases; there the ports differ.
 */
public final class BrokerAddresses {
    /** The port of AMQP 0-9-1. */
    public static final int PORT = 5672;

    private static final String NETWORK = "127.0.3.";
    private static final int ATTEMPTS = 50;

    private BrokerAddresses() {}

    /**
     * Addresses for so many brokers: 127.0.3.1, 127.0.3.2, … with port 5672, or with another one that is free on all of
     * them; where only one loopback address exists, 127.0.0.1 with different ports.
     */
    public static List<InetSocketAddress> find(int count) throws IOException {
        if (!canBind(NETWORK + 1, 0)) {
            return onOneAddress(count);
        }
        int port = PORT;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            List<InetSocketAddress> addresses = withPort(count, port);
            if (addresses.stream().allMatch(address -> canBind(address.getHostString(), address.getPort()))) {
                return addresses;
            }
            port = freePort(NETWORK + 1);
        }
        throw new IOException(
                "port: none found (expected: one that is free on " + NETWORK + "1 to " + NETWORK + count + ")");
    }

    /** Another port at the same address: the one asked for where each broker has an address of its own, else a free one. */
    public static InetSocketAddress beside(InetSocketAddress address, int port) throws IOException {
        String host = address.getHostString();
        return new InetSocketAddress(host, host.startsWith(NETWORK) && canBind(host, port) ? port : freePort(host));
    }

    static int freePort(String host) throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName(host))) {
            return socket.getLocalPort();
        }
    }

    private static List<InetSocketAddress> withPort(int count, int port) {
        List<InetSocketAddress> addresses = new ArrayList<>();
        for (int n = 1; n <= count; n++) {
            addresses.add(new InetSocketAddress(NETWORK + n, port));
        }
        return addresses;
    }

    private static List<InetSocketAddress> onOneAddress(int count) throws IOException {
        List<InetSocketAddress> addresses = new ArrayList<>();
        for (int n = 1; n <= count; n++) {
            addresses.add(new InetSocketAddress("127.0.0.1", freePort("127.0.0.1")));
        }
        return addresses;
    }

    private static boolean canBind(String host, int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getByName(host))) {
            return socket.isBound();
        } catch (IOException taken) {
            return false;
        }
    }
}
