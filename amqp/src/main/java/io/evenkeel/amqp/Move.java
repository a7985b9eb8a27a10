package io.evenkeel.amqp;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.ShutdownSignalException;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import io.evenkeel.time.Scheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One move of one connection from the broker it is on, A, to another, B: make before break, in steps that each can be
 * taken back.
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
 * <p>Consumers go first: their handlers publish before they acknowledge, so the gate of publishers may only be closed
 * when no handler is waited for. Publishers go last, and are only kept waiting for confirms, which come on A's reader
 * thread.
 *
 * <p>A <em>voluntary</em> move (another broker has too few, age) that is not through by its deadline is taken back,
 * since nothing is gained by force. One that is <em>forced</em>, because A leaves, waits a moment and then goes on
 * without: what is unsettled at A stays settleable there until the broker closes A, which then redelivers it.
 *
 * <p>Runs on one thread, which may block; never on one that delivers.
 */
final class Move {

    private static final Logger LOG = LoggerFactory.getLogger(Move.class);
    /** How long handlers are given to return when what was switched is taken back. */
    private static final long BACK_NANOS = TimeUnit.SECONDS.toNanos(5);

    private static final Duration RETRY_PINNED = Duration.ofSeconds(30);
    private static final Duration RETRY_FORCED = Duration.ofSeconds(1);
    private final VirtualConnection connection;
    private final EndpointKey to;
    private final boolean forced;
    private final MoveBudget budget;
    private final ConsumerPhase consumers;
    private final PublisherPhase publishers;
    private final Link from;
    private final Set<VirtualChannel> prepared = new HashSet<>();
    /** Of one thread: the one that runs it. */
    private boolean hasBegun;

    Move(VirtualConnection connection, EndpointKey to, boolean forced, Duration deadline) {
        this.connection = connection;
        this.to = to;
        this.forced = forced;
        this.from = connection.current();
        this.budget = new MoveBudget(connection, forced, deadline);
        this.consumers = new ConsumerPhase(connection, budget);
        this.publishers = new PublisherPhase(connection, budget);
    }

    /** Moves it, blocking until it is there or everything is as before. */
    MoveOutcome run() {
        String obstacle = connection.checks().obstacle(forced);
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

    /**
     * Whether it did anything, which was then taken back if it did not get there; to be asked by the thread that ran
     * it.
     */
    boolean hasBegun() {
        return hasBegun;
    }

    /** Whether the application may have noticed it, by consumers or publishers that stood still for a moment. */
    boolean hasStopped() {
        return budget.hasStopped();
    }

    private static MoveOutcome postponed(String reason, Duration retryAfter) {
        return new MoveOutcome.Postponed(reason, retryAfter);
    }

    private MoveOutcome attempt() {
        Link next;
        try {
            next = connection.links().dial(to, true);
        } catch (Throwable e) {
            // Code of the application may throw anything while the client dials.
            return new MoveOutcome.Failed(e);
        }
        connection.movingTo(next);
        try {
            // What was declared before the state was taken is seen here at the latest.
            connection.checks().requireMovable(forced);
            do {
                connection.checks().requireMoving(next);
                prepare(next);
                budget.stopping();
                consumers.run(next);
                publishers.run(next);
            } while (!connection.commit(next, forced));
            LOG.debug("{}: moved from {} in {} ms", connection, from.endpoint(), budget.millisSinceBegun());
            return new MoveOutcome.Moved();
        } catch (MoveGivenUp e) {
            return rolledBack(next, String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return rolledBack(next, "it was interrupted");
        } catch (IOException | ShutdownSignalException e) {
            return failed(next, e);
        } catch (Throwable e) {
            LOG.warn("{}: the move to {} failed in a way that was not expected, and is taken back", connection, to, e);
            return failed(next, e);
        }
    }

    private MoveOutcome failed(Link next, Throwable cause) {
        boolean failedB = connection.isMoving() && hasFailed(next);
        MoveOutcome outcome = rolledBack(next, String.valueOf(cause.getMessage()));
        return failedB ? new MoveOutcome.Failed(cause) : outcome;
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

    private void prepare(Link next) throws IOException, MoveGivenUp {
        for (VirtualChannel channel : connection.channels()) {
            if (channel.isInUse() && channel.on(next) == null) {
                if (!prepared.add(channel)) {
                    throw new IOException(channel + ": lost at " + to + " (expected: open there, to move to)");
                }
                Scheduler.Cancellable bound = connection.links().bound(next, budget.request());
                try {
                    channel.prepare(next);
                } finally {
                    bound.cancel();
                }
            }
        }
    }

    // Back.

    private MoveOutcome rolledBack(Link next, String reason) {
        if (connection.isMoving()) {
            // Senders first: what must not run within a move may be sent from then on, maybe by a handler that
            // is waited for.
            for (VirtualChannel channel : connection.channels()) {
                back(channel, home -> sendAtHome(channel, home, next));
            }
            connection.interlock().sendersAreBack();
            for (VirtualChannel channel : connection.channels()) {
                back(channel, home -> receiveAtHome(channel, home, next));
            }
        }
        connection.leave(next);
        LOG.debug("{}: not moved to {}: {}", connection, to, reason);
        return postponed(reason, forced ? RETRY_FORCED : RETRY_PINNED);
    }

    private interface Step {
        void run(RawChannel home) throws IOException, InterruptedException;
    }

    /** One that can't go back keeps no other from it. */
    private void back(VirtualChannel channel, Step step) {
        RawChannel home = channel.on(from);
        if (home == null || !channel.isInUse()) {
            return;
        }
        try {
            step.run(home);
        } catch (IOException | RuntimeException e) {
            LOG.warn("{}: channel {} could not go back to {}", connection, channel.number(), from, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A transactional channel returns with what it receives. */
    private void sendAtHome(VirtualChannel channel, RawChannel home, Link next)
            throws IOException, InterruptedException {
        ChannelPublisher publisher = channel.publisher();
        boolean again = channel.sendingOn().link() == next;
        while (again && !channel.isTransactional()) {
            publisher.prepare(home);
            publisher.sendAloneOn(home, connection.dialer().publisherPause().toNanos(), true);
            // Its mode may have been selected just now.
            again = !publisher.isPrepared(home);
        }
    }

    /** All of it that has gone goes back to where it came from; what is unsettled at B stays so there. */
    private void receiveAtHome(VirtualChannel channel, RawChannel home, Link next) throws IOException {
        try {
            if (channel.receivingOn().link() == next && !receivesAtHome(channel, home, next)) {
                LOG.warn(
                        "{}: channel {} stays at {}, where handlers have not returned or a transaction is open",
                        connection,
                        channel.number(),
                        next);
            }
        } catch (InterruptedException e) {
            // Waits for nothing any more, but leaves nothing as it is at the moment.
            Thread.currentThread().interrupt();
        } finally {
            // However it went: no consumer that was stopped for the move stays stopped.
            if (channel.isInUse()) {
                channel.consumers().takeBack();
            }
        }
    }

    private boolean receivesAtHome(VirtualChannel channel, RawChannel home, Link next)
            throws IOException, InterruptedException {
        stopAt(channel, next);
        if (!channel.isInUse()) {
            return true;
        }
        return channel.isTransactional() ? transactionAtHome(channel, home) : channel.receiveOn(home);
    }

    private void stopAt(VirtualChannel channel, Link next) throws IOException, InterruptedException {
        if (!channel.receivingOn().isLost()) {
            Scheduler.Cancellable bound = connection.links().bound(next, budget.request());
            try {
                channel.consumers().pause();
            } catch (IOException | AlreadyClosedException e) {
                LOG.debug("{}: {} is gone, too", connection, next, e);
            } finally {
                bound.cancel();
            }
            connection
                    .activity()
                    .await(
                            () -> channel.consumers().arePaused()
                                    || channel.receivingOn().isLost()
                                    || !channel.isInUse(),
                            BACK_NANOS);
        }
        if (channel.receivingOn().isLost()) {
            channel.consumers().lost();
        }
    }

    /** Both sides at once, after the transaction that is open; one that was lost with B can't be waited for. */
    private boolean transactionAtHome(VirtualChannel channel, RawChannel home)
            throws IOException, InterruptedException {
        if (channel.receivingOn().isLost()) {
            channel.transactionLost();
            return channel.receiveOn(home) && channel.publisher().sendOn(home, WriteGate.SWITCH_NANOS, true);
        }
        long pause = connection.dialer().publisherPause().toNanos();
        long until = budget.now() + BACK_NANOS;
        do {
            channel.publisher().prepare(home);
            if (channel.switchBetweenTransactions(home, pause)) {
                return true;
            }
            connection
                    .activity()
                    .await(
                            () -> channel.isBetweenTransactions()
                                    && channel.consumers().arePaused(),
                            pause);
        } while (budget.now() - until < 0 && connection.isMoving());
        return false;
    }
}
