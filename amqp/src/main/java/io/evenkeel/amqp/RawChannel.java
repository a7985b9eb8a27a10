package io.evenkeel.amqp;

import com.rabbitmq.client.Channel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One channel of one raw connection, with the books of what was delivered on it and is not settled, and of what was
 * published on it and is not confirmed. Thread-safe.
 *
 * <p>The books follow what was written to, or read from, the socket: a tag counts as unsettled until its
 * acknowledgement is written, so that a connection without unsettled tags can be closed without losing one.
 */
final class RawChannel {

    private final Link link;
    private final Channel channel;
    private final Runnable changed;

    /** Guards the books; nothing blocks under it. */
    private final ReentrantLock books = new ReentrantLock();

    private final TagWindow unsettled = new TagWindow();
    private final TagWindow confirmedAbove = new TagWindow();
    private volatile long confirmedUpTo;
    private volatile long lastTag;
    private volatile int unsettledCount;
    /** Acknowledgements that wait, while a move holds them back. */
    private @Nullable HeldAcks held;

    private volatile boolean holding;

    private volatile boolean lost;
    /** What was unconfirmed when it was lost has been reported. */
    private volatile boolean lossReported;

    /** The per-consumer prefetch count that was set last, or -1. */
    volatile int prefetch = -1;
    /** The prefetch count of the whole channel that was set last, or -1. */
    volatile int sharedPrefetch = -1;

    /** Whether it is in transaction mode. */
    volatile boolean transactional;

    private volatile boolean beingResumed;
    /** Whether a move, a recovery or a replacement opened it, rather than the application. */
    private final boolean openedByUs;
    /** Whether the broker has confirmed anything on it. */
    private volatile boolean acked;

    private final AtomicBoolean replacement = new AtomicBoolean();

    /** @param changed runs after each change of the books */
    RawChannel(Link link, Channel channel, Runnable changed) {
        this(link, channel, changed, false);
    }

    RawChannel(Link link, Channel channel, Runnable changed, boolean openedByUs) {
        this.openedByUs = openedByUs;
        this.link = link;
        this.channel = channel;
        this.changed = changed;
    }

    Link link() {
        return link;
    }

    Channel channel() {
        return channel;
    }

    boolean isOpenedByUs() {
        return openedByUs;
    }

    boolean isAcked() {
        return acked;
    }

    /** @return whether it was the first time */
    boolean acked() {
        if (acked) {
            return false;
        }
        acked = true;
        return true;
    }

    /** @return whether the caller is the one that replaces it */
    boolean takeReplacement() {
        return replacement.compareAndSet(false, true);
    }

    void giveReplacementBack() {
        replacement.set(false);
    }

    /** Whether consumers are being started here that the application started elsewhere. */
    void beingResumed(boolean now) {
        beingResumed = now;
    }

    boolean isBeingResumed() {
        return beingResumed;
    }

    // Deliveries.

    /**
     * A delivery or get-ok with this tag was read; {@code settled} if the broker takes it for acknowledged.
     *
     * @return false if the connection is lost: the tag means nothing any more, and the broker takes the message back
     */
    boolean delivered(long tag, boolean settled) {
        books.lock();
        try {
            if (!lost || settled) {
                // What is settled is handled also after a loss, and its number is not to come again.
                lastTag = Math.max(lastTag, tag);
            }
            if (lost) {
                return false;
            }
            if (!settled) {
                unsettled.add(tag);
                unsettledCount = unsettled.size();
            }
        } finally {
            books.unlock();
        }
        if (holding) {
            changed.run();
        }
        return true;
    }

    long lastTag() {
        return lastTag;
    }

    int unsettled() {
        return unsettledCount;
    }

    /** The newest tag, not above this one, that is unsettled and whose acknowledgement is not held back; or -1. */
    long newestUnsettled(long tag) {
        books.lock();
        try {
            return newestOpen(tag);
        } finally {
            books.unlock();
        }
    }

    private long newestOpen(long tag) {
        long newest = unsettled.floor(tag);
        while (newest >= 0 && held != null && held.covers(newest)) {
            newest = unsettled.floor(newest - 1);
        }
        return newest;
    }

    /** Writes an acknowledgement (or its like), or keeps it for {@link #flushAcks}. */
    void settle(long tag, boolean multiple, HeldAcks.Settlement verdict) throws IOException {
        if (holding && hold(new HeldAcks.Ack(tag, multiple, verdict))) {
            changed.run();
            return;
        }
        write(tag, multiple, verdict);
    }

    private void write(long tag, boolean multiple, HeldAcks.Settlement verdict) throws IOException {
        verdict.write(channel, tag, multiple);
        books.lock();
        try {
            if (multiple) {
                unsettled.removeUpTo(tag == 0 ? Long.MAX_VALUE : tag, any -> {});
            } else {
                unsettled.remove(tag);
            }
            unsettledCount = unsettled.size();
        } finally {
            books.unlock();
        }
        if (unsettledCount == 0) {
            changed.run();
        }
    }

    /** The broker takes back all that is unsettled. */
    void recovered() {
        books.lock();
        try {
            unsettled.clear();
            unsettledCount = 0;
        } finally {
            books.unlock();
        }
        changed.run();
    }

    // Acknowledgements held back for a moment.

    private boolean hold(HeldAcks.Ack ack) {
        books.lock();
        try {
            if (held == null) {
                return false;
            }
            // Everything means what was delivered by now, and not what comes until it is written.
            long upTo = ack.multiple() && ack.tag() == 0 ? newestOpen(Long.MAX_VALUE) : ack.tag();
            if (upTo >= 0) {
                held.add(new HeldAcks.Ack(upTo, ack.multiple(), ack.verdict()));
            }
            return true;
        } finally {
            books.unlock();
        }
    }

    /** From now on acknowledgements wait for {@link #flushAcks}. */
    void holdAcks() {
        books.lock();
        try {
            held = new HeldAcks();
            holding = true;
        } finally {
            books.unlock();
        }
    }

    /** Writes what was held back, in order, and holds nothing back any more. */
    void flushAcks() throws IOException {
        while (true) {
            HeldAcks.Ack next;
            books.lock();
            try {
                next = held == null ? null : held.poll();
                if (next == null) {
                    held = null;
                    holding = false;
                    return;
                }
            } finally {
                books.unlock();
            }
            write(next.tag(), next.multiple(), next.verdict());
        }
    }

    // Publishes.

    /** The number of the last message that was published in confirm mode. */
    long published() {
        return Math.max(0, channel.getNextPublishSeqNo() - 1);
    }

    /** Every message up to this number is confirmed. */
    long confirmedUpTo() {
        return confirmedUpTo;
    }

    /** How many messages are published and not confirmed; 0 once lost. */
    long unconfirmed() {
        if (lost) {
            return 0;
        }
        books.lock();
        try {
            return Math.max(0, published() - confirmedUpTo - confirmedAbove.size());
        } finally {
            books.unlock();
        }
    }

    /** A confirm (or its opposite) was read and told. */
    void confirmed(long number, boolean multiple) {
        books.lock();
        try {
            if (multiple) {
                confirmedAbove.removeUpTo(number, any -> {});
                confirmedUpTo = Math.max(confirmedUpTo, number);
            } else if (number > confirmedUpTo) {
                confirmedAbove.add(number);
            }
            advance();
        } finally {
            books.unlock();
        }
        if (unconfirmed() == 0) {
            changed.run();
        }
    }

    private void advance() {
        long upTo = confirmedUpTo;
        while (confirmedAbove.remove(upTo + 1)) {
            upTo++;
        }
        confirmedUpTo = upTo;
    }

    /** Whether any number above the first and not above the second is not confirmed. */
    boolean hasUnconfirmed(long above, long upTo) {
        books.lock();
        try {
            for (long n = Math.max(above, confirmedUpTo) + 1; n <= upTo; n++) {
                if (!confirmedAbove.contains(n)) {
                    return true;
                }
            }
            return false;
        } finally {
            books.unlock();
        }
    }

    /** The numbers up to this one that are not confirmed yet. */
    List<Long> unconfirmedUpTo(long number) {
        List<Long> numbers = new ArrayList<>();
        books.lock();
        try {
            for (long n = confirmedUpTo + 1; n <= number; n++) {
                if (!confirmedAbove.contains(n)) {
                    numbers.add(n);
                }
            }
        } finally {
            books.unlock();
        }
        return numbers;
    }

    // Requests whose replies are bound to this channel.

    private final AtomicInteger openRequests = new AtomicInteger();

    void requested() {
        openRequests.incrementAndGet();
    }

    void replied() {
        if (openRequests.decrementAndGet() <= 0) {
            changed.run();
        }
    }

    // The end.

    /** Its connection is gone: nothing on it can be settled or confirmed any more. */
    void lose() {
        books.lock();
        try {
            lost = true;
            unsettled.clear();
            unsettledCount = 0;
            held = null;
            holding = false;
        } finally {
            books.unlock();
        }
        changed.run();
    }

    boolean isLost() {
        return lost;
    }

    void lossReported() {
        lossReported = true;
    }

    boolean isLossReported() {
        return lossReported;
    }

    /** Whether a request was sent from here whose reply, if there is one, comes to here. */
    boolean isAwaitingReplies() {
        return openRequests.get() > 0;
    }

    /** Nothing is unsettled or unconfirmed. */
    boolean isQuiet() {
        return unsettledCount == 0 && unconfirmed() == 0;
    }

    @Override
    public String toString() {
        return "channel " + channel.getChannelNumber() + " at " + link.endpoint();
    }
}
