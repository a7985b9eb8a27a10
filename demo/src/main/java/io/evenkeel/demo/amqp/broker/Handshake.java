package io.evenkeel.demo.amqp.broker;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Whether a server speaks AMQP 0-9-1 at an address. */
public final class Handshake {
    private static final byte[] PROTOCOL = {'A', 'M', 'Q', 'P', 0, 0, 9, 1};
    private static final int TIMEOUT_MILLIS = 2_000;
    private static final byte METHOD_FRAME = 1;

    private Handshake() {}

    /** Whether the answer to a protocol header is a method, which is connection.start. */
    public static boolean succeeds(String host, int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(host, port), TIMEOUT_MILLIS);
            socket.setSoTimeout(TIMEOUT_MILLIS);
            socket.getOutputStream().write(PROTOCOL);
            return socket.getInputStream().read() == METHOD_FRAME;
        } catch (IOException nobody) {
            return false;
        }
    }

    /** Waits until it succeeds. */
    public static void await(Broker broker, Duration atMost) throws IOException {
        long deadline = System.nanoTime() + atMost.toNanos();
        while (!succeeds(broker.host(), broker.port())) {
            if (System.nanoTime() - deadline > 0) {
                throw new IOException(broker + ": no answer within " + atMost.toSeconds() + " s");
            }
            try {
                TimeUnit.MILLISECONDS.sleep(100);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while waiting for " + broker, e);
            }
        }
    }
}
