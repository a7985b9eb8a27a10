package io.evenkeel.source.dns;

import io.evenkeel.time.Ticker;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;

/**
 * Many questions of one server at once over UDP, on the calling thread, with at most {@link #AT_ONCE} under way. What
 * gets no whole answer here is left for {@link DnsClient#ask}, which has retries, other servers and TCP.
 */
final class DnsBatch {

    static final int AT_ONCE = 32;

    private final Ticker ticker;
    private final InetSocketAddress server;
    private final Duration timeout;
    private static final Duration LOOK = Duration.ofMillis(20);

    private int idle;
    private final Map<Name, Message> answers = new HashMap<>();

    DnsBatch(Ticker ticker, InetSocketAddress server, Duration timeout) {
        this.ticker = ticker;
        this.server = server;
        this.timeout = timeout;
    }

    /** A question that was sent. */
    private record Sent(Name name, Message query, long at, int idleAt) {}

    /**
     * Asks for all of them.
     *
     * @return the answers that came; fewer than were asked for if some did not, or were truncated or refused
     */
    Map<Name, Message> ask(Collection<Name> names, int type) throws IOException {
        Deque<Name> waiting = new ArrayDeque<>(names);
        try (Selector selector = Selector.open()) {
            try {
                while (!waiting.isEmpty() || !selector.keys().isEmpty()) {
                    while (!waiting.isEmpty() && selector.keys().size() < AT_ONCE) {
                        send(waiting.remove(), type, selector);
                    }
                    if (selector.select(this::receive, LOOK.toMillis()) == 0) {
                        idle++;
                    }
                    giveUpLate(selector);
                    // Takes what was cancelled out of the keys.
                    selector.selectNow();
                }
            } finally {
                for (SelectionKey key : selector.keys()) {
                    key.channel().close();
                }
            }
        }
        return answers;
    }

    private void send(Name name, int type, Selector selector) throws IOException {
        Message query = DnsMessages.query(name, type);
        DatagramChannel channel = DatagramChannel.open();
        try {
            channel.configureBlocking(false);
            // A channel of its own for each question, so that its port is the system's random choice.
            channel.connect(server);
            channel.write(ByteBuffer.wrap(query.toWire()));
            channel.register(selector, SelectionKey.OP_READ, new Sent(name, query, ticker.nanos(), idle));
        } catch (IOException | RuntimeException failed) {
            channel.close();
            throw failed;
        }
    }

    private void receive(SelectionKey key) {
        Sent sent = (Sent) key.attachment();
        DatagramChannel channel = (DatagramChannel) key.channel();
        try {
            ByteBuffer buffer = ByteBuffer.allocate(65535);
            if (channel.read(buffer) <= 0) {
                return;
            }
            @Nullable Message answer = DnsMessages.decode(buffer.flip(), sent.query());
            if (answer == null) {
                return;
            }
            boolean known = answer.getRcode() == Rcode.NOERROR || answer.getRcode() == Rcode.NXDOMAIN;
            if (known && !answer.getHeader().getFlag(Flags.TC)) {
                answers.put(sent.name(), answer);
            }
            channel.close();
        } catch (IOException unreachable) {
            closeQuietly(channel);
        }
    }

    private void giveUpLate(Selector selector) throws IOException {
        for (SelectionKey key : selector.keys()) {
            Sent sent = (Sent) key.attachment();
            // By the ticker, and by the time spent waiting, which passes also where the ticker is held.
            boolean late = ticker.nanos() - sent.at() >= timeout.toNanos()
                    || LOOK.multipliedBy(idle - sent.idleAt()).compareTo(timeout) >= 0;
            if (key.isValid() && late) {
                key.channel().close();
            }
        }
    }

    private static void closeQuietly(DatagramChannel channel) {
        try {
            channel.close();
        } catch (IOException unclosable) {
            // It is abandoned anyway, and the question is asked again in another way.
            return;
        }
    }
}
