package io.evenkeel.amqp;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import io.evenkeel.spi.EndpointConnections.RetireReason;
import io.evenkeel.spi.EndpointSignals;
import io.evenkeel.spi.Guard;
import io.evenkeel.time.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which connection of a pool moves, and what came of it.
 *
 * <p>Invariant: a connection that was {@linkplain #choose chosen} is not chosen again until {@link #run} has ended its
 * move. Thread-safe.
 */
final class ConnectionMoves {

    private static final Logger LOG = LoggerFactory.getLogger(ConnectionMoves.class);

    private static final Duration LEAST_CHOICE = Duration.ofSeconds(1);
    /** How long a connection whose last move was taken back is given to become quiet, before anything is stopped. */
    private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final String pool;
    private final EndpointSignals signals;
    private final Ticker ticker;
    private final Guard guard;
    private final AmqpMetrics metrics;
    private final Set<VirtualConnection> moving = ConcurrentHashMap.newKeySet();
    private final AtomicLong moved = new AtomicLong();
    private final AtomicLong rolledBack = new AtomicLong();

    ConnectionMoves(String pool, EndpointSignals signals, Ticker ticker, Guard guard, AmqpMetrics metrics) {
        this.pool = pool;
        this.signals = signals;
        this.ticker = ticker;
        this.guard = guard;
        this.metrics = metrics;
    }

    /**
     * One of these at the endpoint, which {@link #run} must be called with: the oldest by age; else one that is free to
     * go and has the least open, one that others would take over from last. One whose move was taken back is left alone
     * for a while, unless its broker leaves. Called by one thread at a time.
     */
    @Nullable
    VirtualConnection choose(Collection<VirtualConnection> connections, EndpointKey from, RetireReason reason) {
        List<VirtualConnection> those = new ArrayList<>();
        for (VirtualConnection connection : connections) {
            if (connection.state() == VirtualConnection.State.OPEN
                    && connection.current().endpoint().equals(from)
                    && !moving.contains(connection)
                    && (reason == RetireReason.DRAIN
                            || connection.backoff().left(ticker.nanos()).isZero())) {
                those.add(connection);
            }
        }
        Comparator<VirtualConnection> order = reason == RetireReason.AGE
                ? Comparator.comparingLong(connection -> connection.since() - ticker.nanos())
                : Comparator.<VirtualConnection, Boolean>comparing(
                                connection -> connection.checks().obstacle(reason == RetireReason.DRAIN) != null)
                        .thenComparing(VirtualConnection::hasSingleActiveConsumer)
                        .thenComparingLong(ConnectionMoves::unsettled);
        VirtualConnection chosen = those.stream().min(order).orElse(null);
        if (chosen != null) {
            moving.add(chosen);
        }
        return chosen;
    }

    /** When {@link #choose} may find one again that it did not find now, since the moves of all were taken back. */
    Duration nextChoice(Collection<VirtualConnection> connections, EndpointKey from) {
        Duration next = null;
        for (VirtualConnection connection : connections) {
            Duration left = connection.backoff().left(ticker.nanos());
            boolean here = connection.current().endpoint().equals(from);
            if (here && !left.isZero() && (next == null || left.compareTo(next) < 0)) {
                next = left;
            }
        }
        return next == null || next.compareTo(LEAST_CHOICE) < 0 ? LEAST_CHOICE : next;
    }

    /** The chosen connection could not be moved for want of a thread. */
    void abandoned(VirtualConnection chosen) {
        moving.remove(chosen);
    }

    private static long unsettled(VirtualConnection connection) {
        long sum = 0;
        for (VirtualChannel channel : connection.channels()) {
            sum += channel.unsettled();
        }
        return sum;
    }

    /** Moves the chosen connection. Blocks. */
    MoveOutcome run(VirtualConnection chosen, EndpointKey from, EndpointKey to, boolean forced, Duration deadline) {
        try {
            MoveBackoff backoff = chosen.backoff();
            if (!forced && backoff.isActive()) {
                chosen.awaitQuiet(QUIET_NANOS);
            }
            long begun = ticker.nanos();
            Duration patience = backoff.patience(chosen.dialer().moveDeadline());
            Move move = new Move(chosen, to, forced, forced ? deadline : patience);
            MoveOutcome outcome = backedOff(chosen, move, move.run(), forced);
            count(chosen, from, to, move, outcome, Duration.ofNanos(ticker.nanos() - begun));
            return outcome;
        } finally {
            moving.remove(chosen);
        }
    }

    /** Books what came of it for the next one, and says when that is. */
    private MoveOutcome backedOff(VirtualConnection connection, Move move, MoveOutcome outcome, boolean forced) {
        MoveBackoff backoff = connection.backoff();
        if (outcome instanceof MoveOutcome.Moved) {
            backoff.moved();
        } else if (!forced && move.hasStopped()) {
            String reason = outcome instanceof MoveOutcome.Postponed postponed
                    ? postponed.reason()
                    : "the broker that it was to move to failed";
            backoff.rolledBack(ticker.nanos(), reason);
            if (outcome instanceof MoveOutcome.Postponed) {
                return new MoveOutcome.Postponed(reason, backoff.left(ticker.nanos()));
            }
        }
        return outcome;
    }

    private void count(
            VirtualConnection connection,
            EndpointKey from,
            EndpointKey to,
            Move move,
            MoveOutcome outcome,
            Duration took) {
        if (outcome instanceof MoveOutcome.Moved) {
            moved.incrementAndGet();
            signals.succeeded(to);
            guard.run("AmqpMetrics", to, () -> metrics.moved(pool, from, to, took));
        } else if (outcome instanceof MoveOutcome.Postponed postponed) {
            LOG.debug("Pool {}: {} stays: {}", pool, connection, postponed.reason());
            if (move.hasBegun()) {
                rolledBack.incrementAndGet();
                guard.run("AmqpMetrics", to, () -> metrics.rolledBack(pool, from, to, postponed.reason()));
            } else {
                guard.run("AmqpMetrics", from, () -> metrics.postponed(pool, from, postponed.reason()));
            }
        } else if (outcome instanceof MoveOutcome.Failed failed) {
            if (DialFailures.isRefusal(failed.cause())) {
                signals.refused(to, failed.cause());
            } else {
                signals.failed(to, failed.cause());
            }
            rolledBack.incrementAndGet();
            String reason = String.valueOf(failed.cause().getMessage());
            guard.run("AmqpMetrics", to, () -> metrics.rolledBack(pool, from, to, reason));
        }
    }

    /** How many came to their end. */
    long moved() {
        return moved.get();
    }

    /** How many had begun and were taken back. */
    long rolledBack() {
        return rolledBack.get();
    }
}
