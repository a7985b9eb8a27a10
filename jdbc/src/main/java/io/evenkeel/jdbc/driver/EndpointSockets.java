package io.evenkeel.jdbc.driver;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import org.jspecify.annotations.Nullable;

/** Connects sockets for the methods of a socket factory that hand out connected ones; no known driver calls them. */
final class EndpointSockets {
    private EndpointSockets() {}

    static Socket connected(EndpointAddress address, @Nullable InetSocketAddress local) throws IOException {
        Socket socket = new EndpointSocket(address);
        try {
            if (local != null) {
                socket.bind(local);
            }
            socket.connect(InetSocketAddress.createUnresolved(address.host(), 0), 0);
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }
}
