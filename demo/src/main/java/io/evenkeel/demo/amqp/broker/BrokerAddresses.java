package io.evenkeel.demo.amqp.broker;

import io.evenkeel.demo.loopback.LoopbackAddresses;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the brokers of a cluster listen: on Linux each on a loopback address of its own with the port of the others, as
 * Pods do. macOS has only 127.0.0.1 unless aliases are added; there the ports differ.
 */
public final class BrokerAddresses {
    /** The port of AMQP 0-9-1. */
    public static final int PORT = 5672;

    private static final String NETWORK = "127.0.3.";

    private BrokerAddresses() {}

    /**
     * Addresses for so many brokers: 127.0.3.1, 127.0.3.2, … with port 5672, or with another one that is free on all of
     * them; where only one loopback address exists, 127.0.0.1 with different ports.
     */
    public static List<InetSocketAddress> find(int count) throws IOException {
        LoopbackAddresses free = LoopbackAddresses.find(NETWORK, count, PORT);
        List<InetSocketAddress> addresses = new ArrayList<>();
        for (int n = 1; n <= count; n++) {
            addresses.add(free.next());
        }
        return addresses;
    }

    /**
     * Another port at the same address: the one asked for where each broker has an address of its own, else a free one.
     */
    public static InetSocketAddress beside(InetSocketAddress address, int port) throws IOException {
        String host = address.getHostString();
        return new InetSocketAddress(
                host,
                host.startsWith(NETWORK) && LoopbackAddresses.canBind(host, port)
                        ? port
                        : LoopbackAddresses.freePort(host));
    }
}
