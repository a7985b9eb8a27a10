package io.evenkeel.amqp;

import com.rabbitmq.client.BlockedListener;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ShutdownSignalException;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.time.Scheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The raw connections (links) of one virtual connection: the current one, the one that a move goes to, and older ones
 * as lame ducks, each until nothing on it is unsettled or unconfirmed. Thread-safe.
 */
final class Links {

    private static final long REPLY_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final Duration REPLIES_OVERDUE =
            Duration.ofNanos(REPLY_NANOS).plusMillis(100);

    /** What a link reports. */
    interface Listener {
        void down(Link link, ShutdownSignalException signal);

        void blocked(Link link);
    }

    private final Dialer dialer;
    private final ConnectionHost host;
    private final ForwardingExceptionHandler handler;
    private final Supplier<Collection<VirtualChannel>> channels;
    private final Listener listener;
    private final List<Link> all = new CopyOnWriteArrayList<>();
    private volatile @Nullable Link current;
    /** Where a move that is under way goes to. */
    private volatile @Nullable Link target;

    private volatile boolean hasLameDucks;

    Links(
            Dialer dialer,
            ConnectionHost host,
            ForwardingExceptionHandler handler,
            Supplier<Collection<VirtualChannel>> channels,
            Listener listener) {
        this.dialer = dialer;
        this.host = host;
        this.handler = handler;
        this.channels = channels;
        this.listener = listener;
    }

    /** A new raw connection that nothing uses yet; to be adopted or discarded. */
    Link dial(EndpointKey endpoint, boolean again) throws IOException, TimeoutException {
        long begun = host.nanos();
        Connection raw = dialer.dial(endpoint, handler, again);
        Link link = new Link(endpoint, raw);
        host.linkOpened(endpoint, Duration.ofNanos(host.nanos() - begun));
        all.add(link);
        raw.addShutdownListener(signal -> listener.down(link, signal));
        raw.addBlockedListener(new BlockedListener() {
            @Override
            public void handleBlocked(String reason) {
                link.blocked(reason);
                listener.blocked(link);
            }

            @Override
            public void handleUnblocked() {
                link.blocked(null);
                listener.blocked(link);
            }
        });
        return link;
    }

    /**
     * Bounds the requests that follow at a link that the application can do without: it is cut if the result is not
     * cancelled in time, so that they fail.
     */
    Scheduler.Cancellable bound(Link link, long nanos) {
        AtomicBoolean over = new AtomicBoolean();
        Runnable cut = () -> {
            // The answer may have come between the timer and this.
            if (over.compareAndSet(false, true)) {
                link.cut("no answer to a request within " + nanos / 1_000_000 + " ms");
            }
        };
        Scheduler.Cancellable timer = host.inBackgroundAfter(Duration.ofNanos(nanos), cut);
        return () -> {
            over.set(true);
            timer.cancel();
        };
    }

    List<Link> all() {
        return all;
    }

    int lameDucks() {
        return Math.max(0, all.size() - 1);
    }

    Link current() {
        Link now = current;
        if (now == null) {
            throw new IllegalStateException("current: none (expected: a link that was dialled)");
        }
        return now;
    }

    boolean isCurrent(Link link) {
        return current == link;
    }

    void current(Link link) {
        current = link;
    }

    boolean isTarget(Link link) {
        return target == link && current != link;
    }

    void target(@Nullable Link link) {
        target = link;
    }

    /** It was lost; the list knows it no more. */
    void remove(Link link) {
        all.remove(link);
    }

    /** Closes a link that nothing depends on any more. */
    void discard(Link link, String reason) {
        if (link.retire()) {
            all.remove(link);
            for (VirtualChannel channel : channels.get()) {
                channel.forget(link, false);
            }
            closeInBackground(link, reason);
        }
    }

    /** The connection has ended; if the current link is open, it ended with the loss of another one in use. */
    void discardAll() {
        for (Link link : all) {
            discard(link, "its connection has ended");
        }
    }

    void discardOthers() {
        for (Link link : all) {
            if (!isCurrent(link)) {
                discard(link, "closed with its successor");
            }
        }
    }

    /**
     * What was left of a move that was under way when the connection was lost, and older lame ducks. The current one,
     * which is open where the loss was of another one in use, is closed here: what is declared next at the new broker
     * may be exclusive to it.
     */
    void abandon(Link link, ShutdownSignalException signal) {
        if (link.lose(signal)) {
            all.remove(link);
            for (VirtualChannel channel : channels.get()) {
                channel.lost(link);
            }
            if (isCurrent(link)) {
                close(link, "its connection was lost");
            } else {
                closeInBackground(link, "its connection was lost");
            }
        }
    }

    private void closeInBackground(Link link, String reason) {
        host.inBackground(() -> close(link, reason));
    }

    private void close(Link link, String reason) {
        link.close(reason);
        host.linkClosed(link.endpoint());
    }

    boolean isReader(Thread thread) {
        for (Link link : all) {
            if (link.isReader(thread)) {
                return true;
            }
        }
        return false;
    }

    /** A move has ended: what it left may be a lame duck, which is looked at again when its last reply is overdue. */
    void mayHaveLameDucks() {
        hasLameDucks = true;
        releaseLameDucks();
        if (hasLameDucks) {
            host.inBackgroundAfter(REPLIES_OVERDUE, this::releaseLameDucks);
        }
    }

    /** A link that is lost and that something of the application is on, or null. */
    @Nullable
    Link lostInUse() {
        for (VirtualChannel channel : channels.get()) {
            for (Link link :
                    List.of(channel.receivingOn().link(), channel.sendingOn().link())) {
                if (link.isLost()) {
                    return link;
                }
            }
        }
        Link now = current();
        return now.isLost() ? now : null;
    }

    /** Closes the lame ducks that nothing on is unsettled or unconfirmed. */
    void releaseLameDucks() {
        if (!hasLameDucks) {
            return;
        }
        boolean more = false;
        for (Link link : all) {
            if (isCurrent(link)) {
                continue;
            }
            if (isQuiet(link) && !isUsed(link)) {
                discard(link, "moved to another broker");
            } else {
                more = true;
            }
        }
        hasLameDucks = more;
    }

    private boolean isQuiet(Link link) {
        // Not every request is answered.
        boolean patienceEnded = link.lameFor(host.nanos()) > REPLY_NANOS;
        for (VirtualChannel channel : channels.get()) {
            if (!channel.isQuietOn(link, !patienceEnded)) {
                return false;
            }
        }
        return true;
    }

    /** A link that a move didn't get to: closed at once, or once nothing on it is unsettled or unconfirmed. */
    void leave(Link link) {
        if (!isUsed(link) && isQuiet(link)) {
            discard(link, "not moved to after all");
        }
    }

    boolean isUsed(Link link) {
        for (VirtualChannel channel : channels.get()) {
            if (channel.receivingOn().link() == link || channel.sendingOn().link() == link) {
                return true;
            }
        }
        return isCurrent(link);
    }
}
