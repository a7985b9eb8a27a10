package io.evenkeel.demo.grpc;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The listening sockets of a server, and the connections accepted there: counted, and broken on demand. Thread-safe.
 */
final class ServerSockets {
    private final Set<Channel> connections = ConcurrentHashMap.newKeySet();
    private final AtomicInteger accepted = new AtomicInteger();

    NioServerSocketChannel listener() {
        return new NioServerSocketChannel() {
            @Override
            protected int doReadMessages(List<Object> accepting) throws Exception {
                int count = super.doReadMessages(accepting);
                accepting.forEach(connection -> add((Channel) connection));
                return count;
            }
        };
    }

    private void add(Channel connection) {
        accepted.incrementAndGet();
        connections.add(connection);
        connection.closeFuture().addListener(closed -> connections.remove(connection));
    }

    /** Since the beginning. */
    int accepted() {
        return accepted.get();
    }

    /** By RST and past the pipeline, which would say goodbye: so the end of a killed process looks to its peers. */
    void cut() {
        for (Channel connection : connections) {
            connection.config().setOption(ChannelOption.SO_LINGER, 0);
            connection.eventLoop().execute(() -> connection.unsafe().closeForcibly());
        }
    }
}
