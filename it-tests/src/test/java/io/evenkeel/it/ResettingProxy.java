package io.evenkeel.it;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Stands before a server and can reset every connection to it at once, as a node does that has lost its Pod. */
final class ResettingProxy implements AutoCloseable {
    private final InetSocketAddress server;
    private final ServerSocket listening;
    private final Thread acceptor;
    private final List<Socket> clients = new CopyOnWriteArrayList<>();
    private final List<Socket> servers = new CopyOnWriteArrayList<>();
    private final List<Thread> copying = new CopyOnWriteArrayList<>();

    ResettingProxy(String address, InetSocketAddress server) throws IOException {
        this.server = server;
        this.listening = new ServerSocket(0, 50, InetAddress.getByName(address));
        this.acceptor = start(this::acceptAll);
    }

    String host() {
        return listening.getInetAddress().getHostAddress();
    }

    int port() {
        return listening.getLocalPort();
    }

    private static Thread start(Runnable task) {
        Thread thread = new Thread(task, "resetting-proxy");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private void acceptAll() {
        while (!listening.isClosed()) {
            try {
                Socket client = listening.accept();
                Socket upstream = new Socket();
                upstream.connect(server);
                client.setTcpNoDelay(true);
                upstream.setTcpNoDelay(true);
                clients.add(client);
                servers.add(upstream);
                copying.add(start(() -> copy(client, upstream)));
                copying.add(start(() -> copy(upstream, client)));
            } catch (IOException e) {
                return;
            }
        }
    }

    private static void copy(Socket from, Socket to) {
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] buffer = new byte[8192];
            for (int count; (count = in.read(buffer)) >= 0; ) {
                out.write(buffer, 0, count);
            }
        } catch (IOException closed) {
            // as the test wants it
        }
    }

    /**
     * Resets every connection, and accepts none any more.
     *
     * @return when that was, of {@link System#nanoTime}
     */
    long reset() throws IOException {
        listening.close();
        // Until the thread that accepts has been woken, a connection may still get through: it is to be reset, too.
        await(acceptor);
        for (Socket client : clients) {
            reset(client);
        }
        for (Socket upstream : servers) {
            upstream.close();
        }
        // The system resets a connection when nobody uses its socket any more: on a busy machine a thread that
        // reads from it is woken milliseconds after the socket was closed.
        for (Thread copier : copying) {
            await(copier);
        }
        return System.nanoTime();
    }

    private static void await(Thread thread) throws InterruptedIOException {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while the proxy stopped");
        }
    }

    private static void reset(Socket client) throws IOException {
        try {
            client.setSoLinger(true, 0);
        } catch (SocketException closed) {
            return; // by its other end, a moment ago
        }
        client.close();
    }

    @Override
    public void close() throws IOException {
        reset();
    }
}
