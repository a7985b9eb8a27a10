package io.evenkeel.amqp;

import com.rabbitmq.client.Channel;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Acknowledgements (and their like) of one raw channel that the application has given and that are not written yet,
 * oldest first. Not thread-safe: guarded by the channel's books.
 *
 * <p>Invariant: a tag {@link #covers covered} here is the application's no more, although the broker still counts it as
 * unsettled. What is derived from the unsettled tags must leave it out, or the broker gets it twice and closes the
 * channel.
 */
final class HeldAcks {

    /** What is done to a delivery; the frame that says so. */
    @FunctionalInterface
    interface Settlement {
        void write(Channel channel, long tag, boolean multiple) throws IOException;
    }

    /**
     * @param tag as the broker counts; never 0 for all
     * @param multiple whether all before it are meant, too
     */
    record Ack(long tag, boolean multiple, Settlement verdict) {}

    private final Deque<Ack> waiting = new ArrayDeque<>();
    private final Set<Long> single = new HashSet<>();
    private long upTo;

    void add(Ack ack) {
        waiting.add(ack);
        if (ack.multiple()) {
            upTo = Math.max(upTo, ack.tag());
        } else {
            single.add(ack.tag());
        }
    }

    /** Takes the oldest, which is to be written next; it stays covered. */
    @Nullable
    Ack poll() {
        return waiting.poll();
    }

    boolean covers(long tag) {
        return tag <= upTo || single.contains(tag);
    }
}
