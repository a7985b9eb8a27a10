package io.evenkeel.amqp;

import io.evenkeel.spi.EndpointSignals;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.jspecify.annotations.Nullable;

/**
 * Who wants a seat, in the order in which they are dialled for.
 *
 * <p>A seeker may be over while it waits here: the application gave up, or closed the connection that was lost.
 * Invariant: the seat that was wanted for a new connection is given back exactly once, by the code that takes its
 * request out of here for good: the caller that stops waiting, {@link #next} that finds it over, or the dial for it. A
 * lost connection's seat is given back by closing it. Thread-safe.
 */
final class ConnectRequestQueue {

    private final Deque<ConnectRequest> seekers = new ConcurrentLinkedDeque<>();
    private final EndpointSignals signals;

    ConnectRequestQueue(EndpointSignals signals) {
        this.signals = signals;
    }

    void add(ConnectRequest seeker) {
        seekers.add(seeker);
    }

    /** It was dialled for in vain and is the next to be dialled for. */
    void addAgain(ConnectRequest seeker) {
        seekers.addFirst(seeker);
    }

    /** Takes out the first that still wants a seat. */
    @Nullable
    ConnectRequest next() {
        ConnectRequest seeker = seekers.poll();
        while (seeker != null && seeker.isOver()) {
            if (seeker.lost() == null) {
                signals.unwanted();
            }
            seeker = seekers.poll();
        }
        return seeker;
    }

    /** The application doesn't wait for its new connection any longer, even if it is opened at the last moment. */
    void giveUp(ConnectRequest seeker, Exception why) {
        if (!seeker.opened().completeExceptionally(why)) {
            seeker.opened().thenAccept(VirtualConnection::abort);
        } else if (seekers.remove(seeker)) {
            signals.unwanted();
        }
    }
}
