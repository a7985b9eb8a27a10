package io.evenkeel.demo;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A Service as kube-proxy makes it: each new connection goes to a random ready Pod and stays there, also when that Pod
 * is not ready any more. A Pod that refuses refuses the client too; no other is asked. In user space, so
 * its latency is higher than that of the kernel's rules; its choice is the same. Safe for use by several threads.
 */
public final class RandomService implements AutoCloseable {
    private static final int BUFFER = 8192;

    private final ServerSocket listener;
    private final RandomGenerator random;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    /** Where each client that is connected was sent to, by its own port. */
    private final Map<Integer, InetSocketAddress> joined = new ConcurrentHashMap<>();

    private volatile List<InetSocketAddress> ready = List.of();
    private volatile boolean closed;

    private RandomService(ServerSocket listener, RandomGenerator random) {
        this.listener = listener;
        this.random = random;
    }

    /**
     * Starts to listen at a free port of 127.0.0.1, without any Pod.
     *
     * @param random decides which Pod a connection goes to; used by one thread only
     */
    public static RandomService start(RandomGenerator random) throws IOException {
        ServerSocket listener = new ServerSocket(0, 512, InetAddress.getByName("127.0.0.1"));
        RandomService service = new RandomService(listener, random);
        daemon("accept", service::accept);
        return service;
    }

    public String host() {
        return listener.getInetAddress().getHostAddress();
    }

    public int port() {
        return listener.getLocalPort();
    }

    /** Sets where new connections go; open ones stay where they are. */
    public void route(List<InetSocketAddress> readyPods) {
        ready = List.copyOf(readyPods);
    }

    /** The Pod that a client's connection goes to: null if there is no such connection. */
    public @Nullable InetSocketAddress podOf(int clientPort) {
        return joined.get(clientPort);
    }

    @Override
    public void close() {
        closed = true;
        quietly(listener::close);
        open.forEach(RandomService::reset);
    }

    private void accept() {
        while (!closed) {
            try {
                Socket client = listener.accept();
                open.add(client);
                List<InetSocketAddress> pods = ready;
                if (pods.isEmpty() || closed) {
                    end(client);
                } else {
                    InetSocketAddress pod = pods.get(random.nextInt(pods.size()));
                    daemon("dial", () -> join(client, pod));
                }
            } catch (IOException e) {
                if (!closed) {
                    throw new IllegalStateException("Service at " + listener + " can't accept connections", e);
                }
            }
        }
    }

    private void join(Socket client, InetSocketAddress pod) {
        Socket server = new Socket();
        open.add(server);
        try {
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            server.connect(pod);
        } catch (IOException refused) {
            end(server);
            end(client);
            return;
        }
        int port = client.getPort();
        joined.put(port, pod);
        daemon("answers", () -> pipe(server, client));
        pipe(client, server);
        // the client's side has ended; the port may be another connection's already
        joined.remove(port, pod);
    }

    private void pipe(Socket from, Socket to) {
        byte[] buffer = new byte[BUFFER];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                out.write(buffer, 0, n);
            }
            to.shutdownOutput();
            if (from.isOutputShutdown()) {
                quietly(from::close);
                quietly(to::close);
                open.remove(from);
                open.remove(to);
            }
        } catch (IOException broken) {
            end(from);
            end(to);
        }
    }

    private void end(Socket socket) {
        reset(socket);
        open.remove(socket);
    }

    /** Closes with RST, which is what a packet to a Pod that is gone is answered with. */
    private static void reset(Socket socket) {
        quietly(() -> {
            try {
                socket.setSoLinger(true, 0);
            } catch (SocketException alreadyClosed) {
                return;
            }
            socket.close();
        });
    }

    private static void quietly(Closing closing) {
        try {
            closing.close();
        } catch (IOException nothingMoreToDo) {
            // it is closed as far as we are concerned
        }
    }

    private static void daemon(String role, Runnable work) {
        Thread thread = new Thread(work, "evenkeel-demo-service-" + role);
        thread.setDaemon(true);
        thread.start();
    }

    private interface Closing {
        void close() throws IOException;
    }
}
