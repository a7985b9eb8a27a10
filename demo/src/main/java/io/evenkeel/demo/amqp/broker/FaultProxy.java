package io.evenkeel.demo.amqp.broker;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The network in front of one server that can't be killed or frozen by itself: it can be absent (connects are refused),
 * cut (open connections are reset) and frozen (connects succeed and nothing passes). Safe for use by several threads.
 */
final class FaultProxy implements AutoCloseable {
    private static final int BUFFER = 16 * 1024;
    private static final int BACKLOG = 512;

    private final InetSocketAddress address;
    private final InetSocketAddress server;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition thawed = lock.newCondition();
    private volatile boolean frozen;
    private volatile @Nullable ServerSocket listener;
    private volatile @Nullable Thread acceptor;

    FaultProxy(InetSocketAddress address, InetSocketAddress server) {
        this.address = address;
        this.server = server;
    }

    boolean isListening() {
        return listener != null;
    }

    void listen() throws IOException {
        if (listener != null) {
            throw new IllegalStateException("proxy at " + address + ": listening (expected: closed)");
        }
        ServerSocket socket = new ServerSocket();
        socket.setReuseAddress(true);
        socket.bind(address, BACKLOG);
        listener = socket;
        acceptor = daemon("accept", () -> accept(socket));
    }

    /**
     * From now on connects are refused; open connections stay. A socket that is closed while a thread waits in {@code
     * accept} still takes a connection that arrives before the system has woken that thread: so this waits for the
     * thread's end, and a {@link #cut} after it misses none.
     */
    void refuse() throws IOException {
        ServerSocket socket = listener;
        Thread accepting = acceptor;
        listener = null;
        acceptor = null;
        if (socket == null || accepting == null) {
            return;
        }
        socket.close();
        try {
            accepting.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while the proxy at " + address + " stopped accepting");
        }
    }

    /** Resets every open connection. */
    void cut() {
        open.forEach(this::end);
        thaw();
    }

    void freeze() {
        frozen = true;
    }

    void thaw() {
        lock.lock();
        try {
            frozen = false;
            thawed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() throws IOException {
        refuse();
        cut();
    }

    private void accept(ServerSocket socket) {
        while (!socket.isClosed()) {
            try {
                Socket client = socket.accept();
                open.add(client);
                daemon("dial", () -> join(client));
            } catch (IOException e) {
                if (!socket.isClosed()) {
                    throw new IllegalStateException("proxy at " + address + ": can't accept (expected: it can)", e);
                }
            }
        }
    }

    private void join(Socket client) {
        Socket behind = new Socket();
        open.add(behind);
        try {
            awaitThaw();
            client.setTcpNoDelay(true);
            behind.setTcpNoDelay(true);
            behind.connect(server);
        } catch (IOException refused) {
            end(client);
            end(behind);
            return;
        }
        daemon("answers", () -> pump(behind, client));
        pump(client, behind);
    }

    private void pump(Socket from, Socket to) {
        byte[] buffer = new byte[BUFFER];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                awaitThaw();
                out.write(buffer, 0, n);
            }
            to.shutdownOutput();
            if (from.isOutputShutdown()) {
                forget(from);
                forget(to);
            }
        } catch (IOException broken) {
            end(from);
            end(to);
        }
    }

    private void awaitThaw() {
        if (!frozen) {
            return;
        }
        lock.lock();
        try {
            while (frozen) {
                thawed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    private void forget(Socket socket) throws IOException {
        open.remove(socket);
        socket.close();
    }

    /** Closes with RST, which is what a packet to a host that is gone is answered with. */
    private void end(Socket socket) {
        open.remove(socket);
        try (socket) {
            socket.setSoLinger(true, 0);
        } catch (IOException alreadyClosed) {
            // then there is nothing left to reset
        }
    }

    private Thread daemon(String role, Runnable work) {
        Thread thread = new Thread(work, "evenkeel-demo-proxy-" + address.getHostString() + "-" + role);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }
}
