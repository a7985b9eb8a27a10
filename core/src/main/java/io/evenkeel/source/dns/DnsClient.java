package io.evenkeel.source.dns;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.time.Ticker;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;

/**
 * Asks DNS servers one question at a time on the calling thread, over UDP and, when an answer does not fit, over TCP.
 *
 * <p>dnsjava encodes and decodes; its own transport is not used, because it keeps a thread and a shutdown hook for the
 * rest of the process. Each question has a socket of its own, so that its source port is the system's random choice.
 * Closing closes the sockets, which ends a question that is under way.
 */
final class DnsClient implements Closeable {

    private static final Logger LOG = LoggerFactory.getLogger(DnsClient.class);
    private static final int ROUNDS = 2;

    private final Ticker ticker;
    private final Set<Closeable> sockets = ConcurrentHashMap.newKeySet();
    private final AtomicLong requests = new AtomicLong();
    private volatile boolean closed;

    DnsClient(Ticker ticker) {
        this.ticker = ticker;
    }

    /** How many questions were sent. Thread-safe. */
    long requests() {
        return requests.get();
    }

    /** Asks the first server many questions at once; those without an answer are missing in the result. */
    Map<Name, Message> askAll(Collection<Name> names, int type, DnsConfig config) throws IOException {
        requests.addAndGet(names.size());
        return new DnsBatch(ticker, config.servers().get(0), config.timeout()).ask(names, type);
    }

    /** When a look-up that begins now may ask no more. */
    long deadlineAfter(Duration time) {
        return ticker.nanos() + time.toNanos();
    }

    /**
     * Asks the servers in turn, twice around, until one answers. An answer is also "no such name".
     *
     * @param deadline on the ticker, after which none is asked any more
     * @throws IOException if none answered; the message says what each one did
     */
    Message ask(Name name, int type, DnsConfig config, long deadline) throws IOException {
        StringBuilder complaints = new StringBuilder();
        for (int round = 0; round < ROUNDS; round++) {
            for (InetSocketAddress server : config.servers()) {
                if (closed) {
                    throw new IOException("closed");
                }
                if (ticker.nanos() - deadline >= 0) {
                    complain(complaints, server, "not asked any more, the look-up takes too long");
                    continue;
                }
                try {
                    Message answer = askOne(server, name, type, config);
                    int rcode = answer.getRcode();
                    if (rcode == Rcode.NOERROR || rcode == Rcode.NXDOMAIN) {
                        return answer;
                    }
                    complain(complaints, server, Rcode.string(rcode));
                } catch (SocketTimeoutException late) {
                    complain(complaints, server, "no answer within " + config.timeout());
                } catch (IOException failed) {
                    complain(complaints, server, failed.toString());
                }
            }
        }
        throw new IOException(complaints.toString());
    }

    private static void complain(StringBuilder complaints, InetSocketAddress server, String what) {
        String complaint = EndpointKey.address(server.getHostString(), server.getPort()) + ": " + what;
        if (complaints.indexOf(complaint) < 0) {
            complaints.append(complaints.length() == 0 ? "" : ", ").append(complaint);
        }
    }

    private Message askOne(InetSocketAddress server, Name name, int type, DnsConfig config) throws IOException {
        Message query = DnsMessages.query(name, type);
        Message plain = Message.newQuery(Record.newRecord(name, type, DClass.IN));
        Message answer = exchange(server, query, config);
        boolean olderThanEdns = answer.getRcode() == Rcode.FORMERR || answer.getRcode() == Rcode.NOTIMP;
        return olderThanEdns ? exchange(server, plain, config) : answer;
    }

    private Message exchange(InetSocketAddress server, Message query, DnsConfig config) throws IOException {
        requests.incrementAndGet();
        Message answer = overUdp(server, query, config);
        if (!answer.getHeader().getFlag(Flags.TC)) {
            return answer;
        }
        requests.incrementAndGet();
        Message whole = overTcp(server, query, config);
        if (whole.getHeader().getFlag(Flags.TC)) {
            throw new IOException("an answer over TCP that is cut off");
        }
        return whole;
    }

    private Message overUdp(InetSocketAddress server, Message query, DnsConfig config) throws IOException {
        try (DatagramSocket socket = new DatagramSocket()) {
            open(socket);
            // Connected, so that the system drops what comes from elsewhere.
            socket.connect(server);
            byte[] wire = query.toWire();
            socket.send(new DatagramPacket(wire, wire.length));
            byte[] buffer = new byte[65535];
            long begin = ticker.nanos();
            while (true) {
                long left = config.timeout().toNanos() - (ticker.nanos() - begin);
                if (left <= 0) {
                    throw new SocketTimeoutException();
                }
                socket.setSoTimeout((int) Math.max(1, left / 1_000_000));
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                socket.receive(packet);
                Message answer = DnsMessages.decode(ByteBuffer.wrap(buffer, 0, packet.getLength()), query);
                if (answer != null) {
                    return answer;
                }
            }
        } finally {
            sockets.removeIf(socket -> socket instanceof DatagramSocket udp && udp.isClosed());
        }
    }

    private Message overTcp(InetSocketAddress server, Message query, DnsConfig config) throws IOException {
        int timeout = (int) config.timeout().toMillis();
        try (Socket socket = new Socket()) {
            open(socket);
            socket.connect(server, timeout);
            socket.setSoTimeout(timeout);
            byte[] wire = query.toWire();
            byte[] framed = ByteBuffer.allocate(2 + wire.length)
                    .putShort((short) wire.length)
                    .put(wire)
                    .array();
            socket.getOutputStream().write(framed);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            byte[] content = new byte[in.readUnsignedShort()];
            in.readFully(content);
            Message answer = DnsMessages.decode(ByteBuffer.wrap(content), query);
            if (answer == null) {
                throw new IOException("an answer over TCP that is not to our question");
            }
            return answer;
        } finally {
            sockets.removeIf(socket -> socket instanceof Socket tcp && tcp.isClosed());
        }
    }

    private void open(Closeable socket) throws IOException {
        sockets.add(socket);
        // After adding: either this sees that we are closed, or close() sees the socket.
        if (closed) {
            throw new IOException("closed");
        }
    }

    @Override
    public void close() {
        closed = true;
        for (Closeable socket : sockets) {
            try {
                socket.close();
            } catch (IOException unclosable) {
                // The others are still to be closed, and the caller of close could do nothing about this one.
                LOG.debug("A socket could not be closed", unclosable);
            }
        }
    }
}
