package io.evenkeel.jdbc.driver;

import io.evenkeel.endpoint.Endpoint;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

/** A server on a loopback address that speaks just enough of a protocol to see who was reached and with what. */
public abstract class FakeDatabase implements AutoCloseable {
    public final List<String> seen = new CopyOnWriteArrayList<>();
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final ServerSocket server;
    private final Thread acceptor;

    FakeDatabase(String address) throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getByName(address));
        acceptor = new Thread(this::acceptAll, "fake-database-" + server.getLocalPort());
        acceptor.setDaemon(true);
        acceptor.start();
    }

    public Endpoint endpoint() {
        return Endpoint.of(server.getInetAddress().getHostAddress(), server.getLocalPort());
    }

    private void acceptAll() {
        while (!server.isClosed()) {
            try {
                Socket socket = server.accept();
                sockets.add(socket);
                Thread thread = new Thread(() -> serveAndClose(socket), "fake-database-connection");
                thread.setDaemon(true);
                thread.start();
            } catch (IOException e) {
                return;
            }
        }
    }

    private void serveAndClose(Socket socket) {
        try (socket) {
            serve(new DataInputStream(socket.getInputStream()), new DataOutputStream(socket.getOutputStream()));
        } catch (IOException e) {
            seen.add(e instanceof EOFException ? "end" : e.toString());
        }
    }

    abstract void serve(DataInputStream in, DataOutputStream out) throws IOException;

    @Override
    public void close() throws IOException {
        server.close();
        // Until the thread that accepts has been woken, a connection may still get through.
        try {
            acceptor.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while the fake database stopped accepting");
        }
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    /** Accepts every connection; every query runs until it is cancelled. */
    public static final class Postgres extends FakeDatabase {
        private final CountDownLatch cancelled = new CountDownLatch(1);
        public final CountDownLatch querying = new CountDownLatch(1);

        public Postgres(String address) throws IOException {
            super(address);
        }

        @Override
        void serve(DataInputStream in, DataOutputStream out) throws IOException {
            byte[] body = new byte[in.readInt() - 4];
            in.readFully(body);
            int code = new DataInputStream(new java.io.ByteArrayInputStream(body)).readInt();
            switch (code) {
                case 80877103 -> {
                    seen.add("tls?");
                    out.writeByte('N');
                    serve(in, out);
                }
                case 80877104 -> {
                    out.writeByte('N');
                    serve(in, out);
                }
                case 80877102 -> {
                    seen.add("cancel");
                    cancelled.countDown();
                }
                default -> {
                    String text = new String(body, StandardCharsets.UTF_8);
                    seen.add("user " + text.replaceFirst("(?s).*user\0([^\0]*)\0.*", "$1"));
                    session(in, out);
                }
            }
        }

        private void session(DataInputStream in, DataOutputStream out) throws IOException {
            message(out, 'R', new byte[4]);
            for (String parameter : List.of(
                    "server_version\u000018.0\0",
                    "client_encoding\0UTF8\0",
                    "DateStyle\0ISO\0",
                    "integer_datetimes\0on\0",
                    "standard_conforming_strings\0on\0")) {
                message(out, 'S', parameter.getBytes(StandardCharsets.UTF_8));
            }
            message(out, 'K', new byte[] {0, 0, 0, 7, 0, 0, 0, 8});
            message(out, 'Z', new byte[] {'I'});
            while (true) {
                int type = in.readByte();
                in.readFully(new byte[in.readInt() - 4]);
                if (type == 'X') {
                    return;
                }
                if (type == 'S') {
                    querying.countDown();
                    awaitCancel();
                    message(out, 'E', "SERROR\0VERROR\0C57014\0Mcanceled\0\0".getBytes(StandardCharsets.UTF_8));
                    message(out, 'Z', new byte[] {'I'});
                }
            }
        }

        private void awaitCancel() throws IOException {
            try {
                cancelled.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }

        private static void message(DataOutputStream out, char type, byte[] body) throws IOException {
            out.writeByte(type);
            out.writeInt(body.length + 4);
            out.write(body);
        }
    }

    /** Refuses every connection as MySQL and MariaDB do, with an error packet in place of a greeting. */
    public static final class MySql extends FakeDatabase {
        public MySql(String address) throws IOException {
            super(address);
        }

        @Override
        void serve(DataInputStream in, DataOutputStream out) throws IOException {
            seen.add("connected");
            byte[] text = "#08004refused by the fake".getBytes(StandardCharsets.US_ASCII);
            out.write(new byte[] {(byte) (text.length + 3), 0, 0, 0, (byte) 0xff, 0x10, 0x04});
            out.write(text);
            out.flush();
        }
    }

    /** Accepts and then says nothing, as a frozen server does. */
    public static final class Silent extends FakeDatabase {
        public Silent(String address) throws IOException {
            super(address);
        }

        @Override
        void serve(DataInputStream in, DataOutputStream out) throws IOException {
            seen.add("connected");
            while (in.read() >= 0) {
                Thread.onSpinWait();
            }
        }
    }
}
