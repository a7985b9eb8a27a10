package io.evenkeel.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.impl.AMQImpl;
import com.rabbitmq.client.impl.Frame;
import com.rabbitmq.client.impl.LongStringHelper;
import com.rabbitmq.client.impl.Method;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A broker that can open and close connections and nothing else, over a real socket; or refuses every user. */
final class HandshakeBroker implements AutoCloseable {

    private static final int HEADER = 8;

    private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
    private final Queue<Socket> sockets = new ConcurrentLinkedQueue<>();
    private final boolean refuses;

    HandshakeBroker(boolean refuses) throws IOException {
        this.refuses = refuses;
        daemon(this::accept);
    }

    private static void daemon(Runnable work) {
        Thread thread = new Thread(work, "handshake-broker");
        thread.setDaemon(true);
        thread.start();
    }

    int port() {
        return server.getLocalPort();
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = server.accept();
                sockets.add(socket);
                daemon(() -> serve(socket));
            }
        } catch (IOException closed) {
            // By the test.
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            in.readNBytes(HEADER);
            send(
                    out,
                    new AMQImpl.Connection.Start(
                            0,
                            9,
                            Map.of(),
                            LongStringHelper.asLongString("PLAIN"),
                            LongStringHelper.asLongString("en_US")));
            boolean open = true;
            while (open) {
                Frame frame = Frame.readFrom(in, () -> Integer.MAX_VALUE);
                if (frame.getType() == AMQP.FRAME_METHOD) {
                    open = answer(
                            out,
                            AMQImpl.readMethodFrom(new DataInputStream(new ByteArrayInputStream(frame.getPayload()))));
                }
            }
        } catch (IOException gone) {
            // The client's own affair.
        }
    }

    /** @return whether the connection goes on */
    private boolean answer(DataOutputStream out, com.rabbitmq.client.Method method) throws IOException {
        if (method instanceof AMQP.Connection.StartOk) {
            send(
                    out,
                    refuses
                            ? new AMQImpl.Connection.Close(403, "ACCESS_REFUSED - login was refused", 10, 11)
                            : new AMQImpl.Connection.Tune(10, 0, 0));
        } else if (method instanceof AMQP.Connection.Open) {
            send(out, new AMQImpl.Connection.OpenOk(""));
        } else if (method instanceof AMQP.Connection.Close) {
            send(out, new AMQImpl.Connection.CloseOk());
            return false;
        }
        return true;
    }

    private static void send(DataOutputStream out, Method method) throws IOException {
        method.toFrame(0).writeTo(out);
        out.flush();
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
