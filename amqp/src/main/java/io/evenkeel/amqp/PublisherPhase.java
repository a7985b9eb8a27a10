package io.evenkeel.amqp;

import io.evenkeel.time.Scheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The part of a move that brings publishers to the new broker, channel by channel: closes the gate, waits until what
 * was published is confirmed, switches, opens. Of one thread.
 */
final class PublisherPhase {

    /** How long publishers are kept waiting at the first attempt. */
    private static final long FIRST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(25);

    private static final long AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final VirtualConnection connection;
    private final MoveBudget budget;

    PublisherPhase(VirtualConnection connection, MoveBudget budget) {
        this.connection = connection;
        this.budget = budget;
    }

    private List<VirtualChannel> stillElsewhere(Link next) {
        List<VirtualChannel> those = new ArrayList<>();
        for (VirtualChannel channel : connection.channels()) {
            if (channel.isInUse() && channel.sendingOn().link() != next && channel.on(next) != null) {
                those.add(channel);
            }
        }
        return those;
    }

    void run(Link next) throws InterruptedException, MoveGivenUp, IOException {
        for (VirtualChannel channel : stillElsewhere(next)) {
            RawChannel raw = channel.on(next);
            if (raw != null) {
                publisher(channel, raw);
            }
            connection.checks().requireMoving(next);
        }
    }

    /**
     * A short pause first: as a rule what is on the way is confirmed within a few milliseconds, and if the broker is
     * slow at this very moment, better open the gate and try again. Then the one that was configured, after which a
     * forced move goes on without. Not more short ones: where a broker is behind what is published, only a pause lets
     * it catch up.
     */
    private void publisher(VirtualChannel channel, RawChannel raw)
            throws InterruptedException, MoveGivenUp, IOException {
        long most = connection.dialer().publisherPause().toNanos();
        long pause = Math.min(FIRST_PAUSE_NANOS, most);
        boolean regardless = false;
        while (channel.isInUse() && !send(channel, raw, pause, regardless)) {
            connection.checks().requireMoving(raw.link());
            if (!budget.isForced() && budget.left() <= 0) {
                throw new MoveGivenUp(unconfirmed(channel));
            }
            regardless = budget.isForced() && pause >= most;
            pause = most;
            // The gate is open meanwhile.
            connection.activity().await(() -> connection.checks().mustStop(raw.link()), AGAIN_NANOS);
        }
    }

    private boolean send(VirtualChannel channel, RawChannel raw, long pause, boolean regardless)
            throws InterruptedException, IOException {
        prepare(channel, raw);
        long closed = budget.now();
        boolean done = channel.publisher()
                .sendOn(raw, Math.max(1, budget.isForced() ? pause : Math.min(pause, budget.left())), regardless);
        connection.upkeep().publisherPaused(Duration.ofNanos(budget.now() - closed));
        return done;
    }

    private void prepare(VirtualChannel channel, RawChannel raw) throws IOException {
        if (!channel.publisher().isPrepared(raw)) {
            Scheduler.Cancellable bound = connection.links().bound(raw.link(), budget.request());
            try {
                channel.publisher().prepare(raw);
            } finally {
                bound.cancel();
            }
        }
    }

    private String unconfirmed(VirtualChannel channel) {
        String which = channel.publisher().unconfirmed() + " messages of channel " + channel.number();
        return channel.publisher().isPublishedOnByListeners()
                ? which + " are not confirmed, since its listeners of confirms go on publishing"
                : which + " are not confirmed, " + budget.millisSinceBegun() + " ms after it began";
    }
}
