package io.evenkeel.source.dns;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** A real DNS server on 127.0.0.1, UDP and TCP on one port, that knows what a test tells it. */
final class TinyDnsServer implements AutoCloseable {

    private final DatagramSocket udp;
    private final ServerSocket tcp;
    private final Thread udpThread;
    private final Thread tcpThread;
    private final Map<String, Reply> replies = new ConcurrentHashMap<>();
    /** Every question that arrived, such as {@code "udp pg.test. A"}. */
    final List<String> questions = new CopyOnWriteArrayList<>();

    volatile boolean forgeFirst;
    volatile boolean refuseEdns;
    volatile java.util.function.UnaryOperator<byte[]> mutate = wire -> wire;
    private final Set<String> dropped = ConcurrentHashMap.newKeySet();

    private record Reply(int rcode, List<Record> answers, List<Record> additional, boolean silent) {}

    TinyDnsServer() throws IOException {
        InetAddress loopback = InetAddress.getByName("127.0.0.1");
        ServerSocket stream = null;
        DatagramSocket datagrams = null;
        // The port that TCP got may be taken for UDP: then another.
        for (int attempt = 0; datagrams == null; attempt++) {
            stream = new ServerSocket(0, 50, loopback);
            try {
                datagrams = new DatagramSocket(new InetSocketAddress(loopback, stream.getLocalPort()));
            } catch (IOException taken) {
                stream.close();
                if (attempt == 20) {
                    throw taken;
                }
            }
        }
        tcp = stream;
        udp = datagrams;
        udpThread = start("udp", this::serveUdp);
        tcpThread = start("tcp", this::serveTcp);
    }

    private static Thread start(String role, Serving serving) {
        Thread thread = new Thread(
                () -> {
                    try {
                        serving.serve();
                    } catch (IOException closed) {
                        // The sockets are closed when the test ends.
                    }
                },
                "tiny-dns-" + role);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private interface Serving {
        void serve() throws IOException;
    }

    int port() {
        return tcp.getLocalPort();
    }

    InetSocketAddress address() {
        return new InetSocketAddress("127.0.0.1", port());
    }

    /** Records in zone-file form without the class: {@code "pg.test. 5 A 10.0.0.1"}; they are what the question gets. */
    void answer(String name, int type, String... records) {
        reply(name, type, new Reply(Rcode.NOERROR, parse(records), List.of(), false));
    }

    void answerWithMore(String name, int type, List<String> records, List<String> additional) {
        reply(
                name,
                type,
                new Reply(
                        Rcode.NOERROR,
                        parse(records.toArray(String[]::new)),
                        parse(additional.toArray(String[]::new)),
                        false));
    }

    void refuse(String name, int type, int rcode, String... records) {
        reply(name, type, new Reply(rcode, parse(records), List.of(), false));
    }

    void stayingSilent(String name, int type) {
        reply(name, type, new Reply(0, List.of(), List.of(), true));
    }

    /** Loses the first question of this kind, such as {@code "pg.test. A"}. */
    void dropFirst(String question) {
        dropped.add(question);
    }

    /**
     * From now on nothing answers over TCP. A socket that is closed while a thread waits in {@code accept} still takes a
     * connection that arrives before the system has woken that thread: so this waits for the thread's end.
     */
    void closeTcp() throws Exception {
        tcp.close();
        tcpThread.join();
    }

    private void reply(String name, int type, Reply reply) {
        replies.put(name + " " + Type.string(type), reply);
    }

    private static List<Record> parse(String... lines) {
        List<Record> records = new ArrayList<>();
        for (String line : lines) {
            String[] parts = line.split(" ", 4);
            try {
                records.add(Record.fromString(
                        Name.fromString(parts[0]),
                        Type.value(parts[2]),
                        DClass.IN,
                        Long.parseLong(parts[1]),
                        parts[3],
                        Name.root));
            } catch (IOException e) {
                throw new IllegalArgumentException(line, e);
            }
        }
        return records;
    }

    private void serveUdp() throws IOException {
        byte[] buffer = new byte[65535];
        while (true) {
            DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
            udp.receive(packet);
            Message query = new Message(ByteBuffer.wrap(buffer, 0, packet.getLength()));
            Message answer = answerTo(query, "udp");
            if (answer == null) {
                continue;
            }
            if (forgeFirst) {
                Message forged = answer.clone();
                forged.getHeader().setID(query.getHeader().getID() ^ 1);
                send(forged.toWire(), packet);
                send(new byte[] {1, 2, 3}, packet);
            }
            int most = query.getOPT() == null ? 512 : query.getOPT().getPayloadSize();
            send(mutate.apply(answer.toWire(most)), packet);
        }
    }

    private void send(byte[] wire, DatagramPacket to) throws IOException {
        udp.send(new DatagramPacket(wire, wire.length, to.getSocketAddress()));
    }

    private void serveTcp() throws IOException {
        while (true) {
            try (Socket socket = tcp.accept()) {
                DataInputStream in = new DataInputStream(socket.getInputStream());
                byte[] content = new byte[in.readUnsignedShort()];
                in.readFully(content);
                Message answer = answerTo(new Message(content), "tcp");
                if (answer != null) {
                    byte[] wire = answer.toWire();
                    DataOutputStream out = new DataOutputStream(socket.getOutputStream());
                    out.writeShort(wire.length);
                    out.write(wire);
                }
            }
        }
    }

    private Message answerTo(Message query, String how) {
        Record asked = query.getQuestion();
        String key = asked.getName() + " " + Type.string(asked.getType());
        questions.add(how + " " + key);
        Reply reply = replies.getOrDefault(key, new Reply(Rcode.NXDOMAIN, List.of(), List.of(), false));
        if (reply.silent || dropped.remove(key)) {
            return null;
        }
        Message answer = new Message(query.getHeader().getID());
        answer.getHeader().setFlag(Flags.QR);
        answer.addRecord(asked, Section.QUESTION);
        if (refuseEdns && query.getOPT() != null) {
            answer.getHeader().setRcode(Rcode.FORMERR);
            return answer;
        }
        answer.getHeader().setRcode(reply.rcode);
        reply.answers.forEach(record -> answer.addRecord(record, Section.ANSWER));
        reply.additional.forEach(record -> answer.addRecord(record, Section.ADDITIONAL));
        return answer;
    }

    @Override
    public void close() throws Exception {
        udp.close();
        udpThread.join();
        closeTcp();
    }
}
