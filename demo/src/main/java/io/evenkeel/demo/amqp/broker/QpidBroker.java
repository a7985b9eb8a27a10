package io.evenkeel.demo.amqp.broker;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.qpid.server.model.Connection;
import org.apache.qpid.server.model.Port;

/** One of the ports of {@link QpidCluster}, seen through a {@link FaultProxy}. */
final class QpidBroker implements Broker {
    private static final long CLOSE_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    private final String name;
    private final InetSocketAddress address;
    private final Port<?> port;
    private final FaultProxy proxy;

    QpidBroker(String name, InetSocketAddress address, Port<?> port) {
        this.name = name;
        this.address = address;
        this.port = port;
        this.proxy = new FaultProxy(address, new InetSocketAddress(QpidCluster.INNER_HOST, port.getBoundPort()));
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String host() {
        return address.getAddress().getHostAddress();
    }

    @Override
    public int port() {
        return address.getPort();
    }

    @Override
    public boolean isRunning() {
        return proxy.isListening();
    }

    @Override
    public void start() throws IOException {
        proxy.listen();
    }

    @Override
    public void stop() throws IOException {
        proxy.refuse();
        for (Connection<?> connection : port.getConnections()) {
            connection.deleteAsync();
        }
        awaitNone();
        proxy.cut();
    }

    @Override
    public void kill() throws IOException {
        proxy.close();
        awaitNone();
    }

    @Override
    public void freeze() {
        proxy.freeze();
    }

    @Override
    public void thaw() {
        proxy.thaw();
    }

    @Override
    public int connections() {
        return port.getConnections().size();
    }

    private void awaitNone() throws IOException {
        long deadline = System.nanoTime() + CLOSE_TIMEOUT_NANOS;
        while (connections() > 0) {
            if (System.nanoTime() - deadline > 0) {
                throw new IOException("connections to " + name + ": " + connections() + " (expected: 0 after "
                        + TimeUnit.NANOSECONDS.toSeconds(CLOSE_TIMEOUT_NANOS) + " s)");
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
    }

    @Override
    public String toString() {
        return name + "@" + host() + ":" + port();
    }
}
