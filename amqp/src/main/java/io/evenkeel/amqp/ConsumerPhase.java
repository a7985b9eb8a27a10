package io.evenkeel.amqp;

import com.rabbitmq.client.AlreadyClosedException;
import io.evenkeel.time.Scheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The part of a move that brings consumers to the new broker: cancels them at the old one, waits for their handlers
 * ({@link ConsumerHandover#STRICT}: and for everything to be settled), starts them at the new one. No gate is closed
 * while it waits, since handlers publish before they acknowledge. Of one thread.
 */
final class ConsumerPhase {

    private static final Logger LOG = LoggerFactory.getLogger(ConsumerPhase.class);

    /** How long nothing may have come late, before it counts as all. */
    private static final long LATE_NANOS = TimeUnit.MILLISECONDS.toNanos(4);

    /** How long a channel that is not quiet yet keeps the next one from being paused. */
    private static final long TURN_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    private final VirtualConnection connection;
    private final MoveBudget budget;
    private final Map<VirtualChannel, Long> pausedAt = new HashMap<>();
    private final Map<VirtualChannel, Quiet> quietSince = new HashMap<>();
    private long holdEnds;

    ConsumerPhase(VirtualConnection connection, MoveBudget budget) {
        this.connection = connection;
        this.budget = budget;
    }

    private List<VirtualChannel> stillElsewhere(Link next) {
        List<VirtualChannel> those = new ArrayList<>();
        for (VirtualChannel channel : connection.channels()) {
            if (channel.isInUse() && channel.receivingOn().link() != next && channel.on(next) != null) {
                those.add(channel);
            }
        }
        return those;
    }

    /**
     * One channel after the other, so that each is without its consumers only for as long as it takes itself. One that
     * is not quiet within a moment goes on waiting while the next begins: it is not to keep the others waiting.
     */
    void run(Link next) throws IOException, InterruptedException, MoveGivenUp {
        List<VirtualChannel> active = stillElsewhere(next);
        List<VirtualChannel> paused = new ArrayList<>();
        Set<VirtualChannel> holding = holdAcks(active);
        try {
            while (!active.isEmpty() || !paused.isEmpty()) {
                VirtualChannel turn = due(active, holding);
                if (turn != null) {
                    pause(turn, holding);
                    active.remove(turn);
                    paused.add(turn);
                }
                if (!awaitSome(active, paused, holding, next) && !budget.goesRegardless()) {
                    throw gaveUp(active, paused);
                }
                for (VirtualChannel channel : List.copyOf(paused)) {
                    if (mayGo(channel) && goOn(channel, next)) {
                        paused.remove(channel);
                    }
                }
            }
        } finally {
            holding.forEach(this::flushAcks);
        }
    }

    /** What stays held back would stop a consumer for good, so that none may keep another from it. */
    private void flushAcks(VirtualChannel channel) {
        try {
            channel.receivingOn().flushAcks();
        } catch (IOException | AlreadyClosedException e) {
            // The loss of the channel, or of the connection, is reported where it is handled.
            LOG.debug("{}: what channel {} held back is delivered again", connection, channel.number(), e);
        }
    }

    private MoveGivenUp gaveUp(List<VirtualChannel> active, List<VirtualChannel> paused) {
        VirtualChannel first = paused.isEmpty() ? active.get(0) : paused.get(0);
        return new MoveGivenUp((active.size() + paused.size())
                + " channels with messages that are handled or not settled, the first of " + first.unsettled() + ", "
                + budget.millisSinceBegun() + " ms after it began");
    }

    /** The first whose turn it is. */
    private @Nullable VirtualChannel due(List<VirtualChannel> active, Set<VirtualChannel> holding) {
        for (VirtualChannel channel : active) {
            if (!holding.contains(channel) || channel.consumers().isSaturated() || budget.now() - holdEnds >= 0) {
                return channel;
            }
        }
        return null;
    }

    private void pause(VirtualChannel channel, Set<VirtualChannel> holding) throws IOException {
        pausedAt.putIfAbsent(channel, budget.now());
        try {
            channel.consumers().pause();
        } finally {
            if (holding.remove(channel)) {
                flushAcks(channel);
            }
        }
    }

    /**
     * Waits until some channel may go on, or another has its turn to be paused. In slices, since the passing of time
     * alone makes some ready.
     *
     * @return false if patience has ended
     */
    private boolean awaitSome(
            List<VirtualChannel> active, List<VirtualChannel> paused, Set<VirtualChannel> holding, Link next)
            throws InterruptedException, MoveGivenUp, IOException {
        long waitingSince = budget.now();
        long left;
        do {
            left = budget.patience();
            boolean some = connection
                    .activity()
                    .await(
                            () -> connection.checks().mustStop(next)
                                    || paused.stream().anyMatch(this::mayGo),
                            Math.min(left, SLICE_NANOS));
            connection.checks().requireMoving(next);
            boolean others = due(active, holding) != null;
            if (some || (others && (paused.isEmpty() || budget.now() - waitingSince >= TURN_NANOS))) {
                return true;
            }
        } while (left > 0);
        return false;
    }

    /** Where it is wanted; until the broker may send no more, for which it is given a moment. */
    private Set<VirtualChannel> holdAcks(List<VirtualChannel> channels) {
        Set<VirtualChannel> holding = new LinkedHashSet<>();
        long hold = connection.dialer().ackHold().toNanos();
        if (hold > 0) {
            for (VirtualChannel channel : channels) {
                if (hasQuorumConsumer(channel) && channel.consumers().holdAcks()) {
                    holding.add(channel);
                }
            }
            holdEnds = budget.now() + hold;
        }
        return holding;
    }

    /** A queue that was declared elsewhere may be one. */
    private boolean hasQuorumConsumer(VirtualChannel channel) {
        for (ConsumerRecord consumer : channel.consumers().all()) {
            TopologyRecord.Queue queue = connection.topology().queue(consumer.queue());
            if (queue == null || queue.isOfType("quorum")) {
                return true;
            }
        }
        return false;
    }

    private boolean mayGo(VirtualChannel channel) {
        if (!channel.isInUse() || channel.consumers().isAnyActive()) {
            return true;
        }
        boolean ready = channel.consumers().arePaused() && channel.isBetweenTransactions();
        return ready && (budget.isLameDuck() || (channel.isSettled() && nothingComesLate(channel)));
    }

    /** A quorum queue delivers for a moment what it had assigned to a consumer before it was cancelled. */
    private boolean nothingComesLate(VirtualChannel channel) {
        if (!hasQuorumConsumer(channel)) {
            return true;
        }
        int late = channel.receiver().lateDeliveries();
        Quiet quiet = quietSince.get(channel);
        if (quiet == null || quiet.late() != late) {
            quietSince.put(channel, new Quiet(late, budget.now()));
            return false;
        }
        return budget.now() - quiet.since() >= LATE_NANOS;
    }

    /** When a channel was seen settled for the first time after so many late deliveries. */
    private record Quiet(int late, long since) {}

    private boolean goOn(VirtualChannel channel, Link next) throws IOException, InterruptedException {
        RawChannel raw = channel.on(next);
        if (raw == null || !channel.isInUse()) {
            return true;
        }
        if (channel.consumers().isAnyActive()) {
            // Started while the others were stopped.
            channel.consumers().pause();
            return false;
        }
        boolean consumed = !channel.consumers().all().isEmpty();
        Scheduler.Cancellable bound = connection.links().bound(next, budget.request());
        try {
            channel.publisher().prepare(raw);
            boolean switched = channel.isTransactional()
                    ? channel.switchBetweenTransactions(
                            raw, connection.dialer().publisherPause().toNanos())
                    : channel.receiveAloneOn(raw);
            if (!switched) {
                return false;
            }
            channel.consumers().resume(false);
        } finally {
            bound.cancel();
        }
        Long paused = pausedAt.remove(channel);
        if (paused != null && consumed) {
            connection.upkeep().consumerGap(Duration.ofNanos(budget.now() - paused));
        }
        return true;
    }
}
