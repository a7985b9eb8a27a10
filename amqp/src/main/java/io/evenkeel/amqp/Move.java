package io.evenkeel.amqp;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.ShutdownSignalException;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One move of one connection from the broker it is on, A, to another, B: make before break, in steps that each can be taken
 * back.
 *
 * <pre>
 *   PREPARING ------------&gt; CONSUMERS ------------&gt; PUBLISHERS ----------&gt; COMMITTED
 *   dials B, opens the      cancels at A, waits     closes the gate,       new channels go to B; A is
 *   same channels there     for handlers (STRICT:   waits for confirms,    closed when the last of it is
 *       |                   and for acks), goes     switches, opens        settled and confirmed
 *       |                   on at B                     |
 *       `-----------------------+-----------------------+-------&gt; ROLLED_BACK: everything is at A, B is closed
 * </pre>
 *
 * <p>Consumers go first: their handlers publish before they acknowledge, so the gate of publishers may only be closed when
 * no handler is waited for. Publishers go last, and are only kept waiting for confirms, which come on A's reader thread.
 *
 * <p>A <em>voluntary</em> move (another broker has too few, age) that is not through by its deadline is taken back, since
 * nothing is gained by force. One that is <em>forced</em>, because A leaves, waits a moment and then goes on without: what is
 * unsettled at A stays settleable there until the broker closes A, which then redelivers it.
 *
 * <p>Runs on one thread, which may block; never on one that delivers.
 */
final class Move {

    private static final Logger LOG = LoggerFactory.getLogger(Move.class);
    /** How long a forced move waits for acknowledgements: a broker that drains closes everything within seconds. */
    private static final Duration FORCED_PATIENCE = Duration.ofSeconds(1);
    /** How long handlers are given to return when what was switched is taken back. */
    private static final long BACK_NANOS = TimeUnit.SECONDS.toNanos(5);

    private static final Duration RETRY_BUSY = Duration.ofSeconds(10);
    private static final Duration RETRY_PINNED = Duration.ofSeconds(30);
    private static final Duration RETRY_FORCED = Duration.ofSeconds(1);
    /** How long nothing may have come late, before it counts as all. */
    private static final long LATE_NANOS = TimeUnit.MILLISECONDS.toNanos(4);

    /** How long a channel that is not quiet yet keeps the next one from being paused. */
    private static final long TURN_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
    /** How long publishers are kept waiting at the first attempt. */
    private static final long FIRST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(25);

    private static final long AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    /** It can't go on, and nothing is wrong with B. */
    private static final class GaveUp extends Exception {
        private static final long serialVersionUID = 1;

        GaveUp(String reason) {
            super(reason, null, false, false);
        }
    }

    private final VirtualConnection connection;
    private final EndpointKey to;
    private final boolean forced;
    private final Duration deadline;
    private final long begun;
    private final Link from;
    private final Map<VirtualChannel, Long> pausedAt = new HashMap<>();
    private final Map<VirtualChannel, Quiet> quietSince = new HashMap<>();
    private final Set<VirtualChannel> prepared = new HashSet<>();
    /** Of one thread: who runs it. */
    private boolean hasBegun;

    private long holdEnds;

    Move(VirtualConnection connection, EndpointKey to, boolean forced, Duration deadline) {
        this.connection = connection;
        this.to = to;
        this.forced = forced;
        this.deadline = deadline;
        this.from = connection.current();
        this.begun = now();
    }

    private long now() {
        return connection.upkeep().nanos();
    }

    private long left(Duration of) {
        return of.toNanos() - (now() - begun);
    }

    /** Moves it, blocking until it is there or everything is as before. */
    MoveOutcome run() {
        String obstacle = connection.obstacle(forced);
        if (obstacle != null) {
            return postponed(obstacle, forced ? RETRY_FORCED : RETRY_PINNED);
        }
        if (!connection.beginMove()) {
            return postponed("the connection is " + connection.state(), RETRY_FORCED);
        }
        hasBegun = true;
        try {
            return attempt();
        } finally {
            connection.endMove();
        }
    }

    /** Whether it did anything, which was then taken back if it did not get there; to be asked by who ran it. */
    boolean hasBegun() {
        return hasBegun;
    }

    private static MoveOutcome postponed(String reason, Duration retryAfter) {
        return new MoveOutcome.Postponed(reason, retryAfter);
    }

    private MoveOutcome attempt() {
        Link next;
        try {
            next = connection.dial(to, true);
        } catch (IOException | TimeoutException | RuntimeException e) {
            return new MoveOutcome.Failed(e);
        }
        connection.movingTo(next);
        try {
            for (VirtualChannel channel : connection.channels()) {
                prepare(channel, next);
            }
            while (true) {
                consumers(next);
                publishers(next);
                if (connection.commit(next)) {
                    break;
                }
                requireMoving();
                for (VirtualChannel channel : connection.channels()) {
                    prepare(channel, next);
                }
            }
            LOG.debug("{}: moved from {} in {} ms", connection, from.endpoint(), (now() - begun) / 1_000_000);
            return new MoveOutcome.Moved();
        } catch (GaveUp e) {
            return rolledBack(next, String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return rolledBack(next, "it was interrupted");
        } catch (IOException | RuntimeException e) {
            if (e instanceof RuntimeException && !(e instanceof ShutdownSignalException)) {
                LOG.warn(
                        "{}: the move to {} failed in a way that was not expected, and is taken back",
                        connection,
                        to,
                        e);
            }
            boolean failedB = connection.isMoving() && hasFailed(next);
            MoveOutcome outcome = rolledBack(next, String.valueOf(e.getMessage()));
            return failedB ? new MoveOutcome.Failed(e) : outcome;
        }
    }

    /** B is to blame if it is B that is gone, or has closed a channel, and not the connection as a whole. */
    private boolean hasFailed(Link next) {
        if (!next.isOpen()) {
            return true;
        }
        for (VirtualChannel channel : connection.channels()) {
            RawChannel raw = channel.on(next);
            if (raw != null && raw.isLost()) {
                return true;
            }
        }
        return false;
    }

    private void prepare(VirtualChannel channel, Link next) throws IOException {
        if (channel.isOpen() && prepared.add(channel) && channel.on(next) == null) {
            channel.prepare(next);
        }
    }

    private void requireMoving() throws GaveUp {
        if (!connection.isMoving()) {
            throw new GaveUp("the connection is " + connection.state());
        }
    }

    private List<VirtualChannel> stillOn(Link next, boolean sending) {
        List<VirtualChannel> those = new ArrayList<>();
        for (VirtualChannel channel : connection.channels()) {
            RawChannel at = sending ? channel.sendingOn() : channel.receivingOn();
            if (channel.isOpen() && at.link() != next && channel.on(next) != null) {
                those.add(channel);
            }
        }
        return those;
    }

    // Consumers.

    /**
     * One channel after the other, so that each is without its consumers only for as long as it takes itself. One that is
     * not quiet within a moment goes on waiting while the next begins: it is not to keep the others waiting.
     */
    private void consumers(Link next) throws IOException, InterruptedException, GaveUp {
        List<VirtualChannel> active = stillOn(next, false);
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
                if (!awaitSome(active, paused, holding) && !goesRegardless()) {
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
            // Whoever sees to the loss of the channel, or of the connection, tells it.
            LOG.debug("{}: what channel {} held back is delivered again", connection, channel.number(), e);
        }
    }

    private GaveUp gaveUp(List<VirtualChannel> active, List<VirtualChannel> paused) {
        VirtualChannel first = paused.isEmpty() ? active.get(0) : paused.get(0);
        return new GaveUp((active.size() + paused.size())
                + " channels with messages that are handled or not settled, the first of " + first.unsettled() + ", "
                + (now() - begun) / 1_000_000 + " ms after it began");
    }

    /** The first whose turn it is. */
    private @Nullable VirtualChannel due(List<VirtualChannel> active, Set<VirtualChannel> holding) {
        for (VirtualChannel channel : active) {
            if (!holding.contains(channel) || channel.isSaturated() || now() - holdEnds >= 0) {
                return channel;
            }
        }
        return null;
    }

    private void pause(VirtualChannel channel, Set<VirtualChannel> holding) throws IOException {
        pausedAt.putIfAbsent(channel, now());
        try {
            channel.pauseConsumers();
        } finally {
            if (holding.remove(channel)) {
                flushAcks(channel);
            }
        }
    }

    /**
     * Waits until some channel may go on, or another has its turn to be paused. In slices, since the passing of time alone
     * makes some ready.
     *
     * @return false if patience has ended
     */
    private boolean awaitSome(List<VirtualChannel> active, List<VirtualChannel> paused, Set<VirtualChannel> holding)
            throws InterruptedException, GaveUp {
        long waitingSince = now();
        long left;
        do {
            left = patience();
            boolean some = connection
                    .activity()
                    .await(
                            () -> !connection.isMoving() || paused.stream().anyMatch(this::mayGo),
                            Math.min(left, SLICE_NANOS));
            requireMoving();
            boolean others = due(active, holding) != null;
            if (some || (others && (paused.isEmpty() || now() - waitingSince >= TURN_NANOS))) {
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
                if (hasQuorumConsumer(channel) && channel.holdAcks()) {
                    holding.add(channel);
                }
            }
            holdEnds = now() + hold;
        }
        return holding;
    }

    /** A queue that was declared elsewhere may be one. */
    private boolean hasQuorumConsumer(VirtualChannel channel) {
        for (ConsumerRecord consumer : channel.consumers()) {
            TopologyRecord.Queue queue = connection.topology().queue(consumer.queue());
            if (queue == null || "quorum".equals(String.valueOf(queue.argument("x-queue-type")))) {
                return true;
            }
        }
        return false;
    }

    private boolean mayGo(VirtualChannel channel) {
        if (!channel.isOpen() || channel.hasActiveConsumers()) {
            return true;
        }
        boolean ready = channel.isPaused() && channel.isBetweenTransactions();
        return ready && (lameDuck() || (channel.isSettled() && nothingComesLate(channel)));
    }

    /** A quorum queue delivers for a moment what it had assigned to a consumer before it was cancelled. */
    private boolean nothingComesLate(VirtualChannel channel) {
        if (!hasQuorumConsumer(channel)) {
            return true;
        }
        int late = channel.lateDeliveries();
        Quiet quiet = quietSince.get(channel);
        if (quiet == null || quiet.late() != late) {
            quietSince.put(channel, new Quiet(late, now()));
            return false;
        }
        return now() - quiet.since() >= LATE_NANOS;
    }

    /** When a channel was seen settled for the first time after so many late deliveries. */
    private record Quiet(int late, long since) {}

    private boolean lameDuck() {
        return connection.dialer().handover() == ConsumerHandover.LAME_DUCK || (forced && left(FORCED_PATIENCE) <= 0);
    }

    private long patience() {
        if (forced && left(FORCED_PATIENCE) > 0) {
            return left(FORCED_PATIENCE);
        }
        return left(deadline);
    }

    /** A forced move whose first patience has just ended looks again, more leniently. */
    private boolean goesRegardless() {
        return forced && left(deadline) > 0;
    }

    private boolean goOn(VirtualChannel channel, Link next) throws IOException, InterruptedException {
        RawChannel raw = channel.on(next);
        if (raw == null || !channel.isOpen()) {
            return true;
        }
        if (channel.hasActiveConsumers()) {
            // Started while the others were stopped.
            channel.pauseConsumers();
            return false;
        }
        if (!channel.receiveOn(raw)) {
            return false;
        }
        boolean consumed = !channel.consumers().isEmpty();
        channel.resumeConsumers(false);
        Long paused = pausedAt.remove(channel);
        if (paused != null && consumed) {
            connection.upkeep().consumerGap(Duration.ofNanos(now() - paused));
        }
        return true;
    }

    // Publishers.

    private void publishers(Link next) throws InterruptedException, GaveUp, IOException {
        for (VirtualChannel channel : stillOn(next, true)) {
            RawChannel raw = channel.on(next);
            if (raw != null) {
                publisher(channel, raw);
            }
            requireMoving();
        }
    }

    /**
     * A short pause first: as a rule what is on the way is confirmed within a few milliseconds, and if the broker is slow at
     * this very moment, better open the gate and try again. Then the one that was configured, after which a forced move goes
     * on without. Not more short ones: where a broker is behind what is published, only a pause lets it catch up.
     */
    private void publisher(VirtualChannel channel, RawChannel raw) throws InterruptedException, GaveUp {
        long most = connection.dialer().publisherPause().toNanos();
        long pause = Math.min(FIRST_PAUSE_NANOS, most);
        boolean regardless = false;
        while (channel.isOpen() && !send(channel, raw, pause, regardless)) {
            requireMoving();
            if (!forced && left(deadline) <= 0) {
                throw new GaveUp(channel.unconfirmed() + " messages of channel " + channel.number()
                        + " are not confirmed, " + (now() - begun) / 1_000_000 + " ms after it began");
            }
            regardless = forced && pause >= most;
            pause = most;
            // The gate is open meanwhile.
            connection.activity().await(() -> !connection.isMoving(), AGAIN_NANOS);
        }
    }

    private boolean send(VirtualChannel channel, RawChannel raw, long pause, boolean regardless)
            throws InterruptedException {
        long closed = now();
        boolean done = channel.sendOn(raw, Math.max(1, forced ? pause : Math.min(pause, left(deadline))), regardless);
        connection.upkeep().publisherPaused(Duration.ofNanos(now() - closed));
        return done;
    }

    // Back.

    private MoveOutcome rolledBack(Link next, String reason) {
        if (connection.isMoving()) {
            for (VirtualChannel channel : connection.channels()) {
                try {
                    back(channel, next);
                } catch (IOException | RuntimeException | InterruptedException e) {
                    LOG.warn("{}: channel {} could not go back to {}", connection, channel.number(), from, e);
                    if (e instanceof InterruptedException) {
                        Thread.currentThread().interrupt();
                    }
                }
            }
        }
        connection.leave(next);
        LOG.debug("{}: not moved to {}: {}", connection, to, reason);
        return postponed(reason, forced ? RETRY_FORCED : RETRY_BUSY);
    }

    /** Whatever of it has gone goes back to where it came from; what is unsettled at B stays so there. */
    private void back(VirtualChannel channel, Link next) throws IOException, InterruptedException {
        RawChannel home = channel.on(from);
        if (home == null || !channel.isOpen()) {
            return;
        }
        if (channel.sendingOn().link() == next) {
            channel.sendOn(home, connection.dialer().publisherPause().toNanos(), true);
        }
        if (channel.receivingOn().link() == next) {
            if (!channel.receivingOn().isLost()) {
                channel.pauseConsumers();
                connection.activity().await(channel::isPaused, BACK_NANOS);
            } else {
                channel.consumersLost();
            }
            if (!channel.receiveOn(home)) {
                LOG.warn(
                        "{}: channel {} stays at {}, where handlers do not return", connection, channel.number(), next);
            }
        }
        channel.takeBackConsumers();
    }
}
