package io.evenkeel.amqp;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import io.evenkeel.spi.EndpointConnections.RetireReason;
import io.evenkeel.spi.EndpointSignals;
import io.evenkeel.time.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which connection of a pool moves, and what came of it.
 *
 * <p>Invariant: a connection that was {@linkplain #choose chosen} is chosen by nobody else until {@link #run} has ended its
 * move. Thread-safe.
 */
final class ConnectionMoves {

    private static final Logger LOG = LoggerFactory.getLogger(ConnectionMoves.class);

    private final String pool;
    private final EndpointSignals signals;
    private final Ticker ticker;
    private final AmqpMetrics metrics;
    private final Set<VirtualConnection> moving = ConcurrentHashMap.newKeySet();
    private final AtomicLong moved = new AtomicLong();
    private final AtomicLong rolledBack = new AtomicLong();

    ConnectionMoves(String pool, EndpointSignals signals, Ticker ticker, AmqpMetrics metrics) {
        this.pool = pool;
        this.signals = signals;
        this.ticker = ticker;
        this.metrics = metrics;
    }

    /**
     * One of these at the endpoint, which {@link #run} must be called with: the oldest by age; else whoever is free to go and
     * has the least open, one that others would take over from last. Called by one thread at a time.
     */
    @Nullable
    VirtualConnection choose(Collection<VirtualConnection> connections, EndpointKey from, RetireReason reason) {
        List<VirtualConnection> those = new ArrayList<>();
        for (VirtualConnection connection : connections) {
            if (connection.state() == VirtualConnection.State.OPEN
                    && connection.current().endpoint().equals(from)
                    && !moving.contains(connection)) {
                those.add(connection);
            }
        }
        Comparator<VirtualConnection> order = reason == RetireReason.AGE
                ? Comparator.comparingLong(connection -> connection.since() - ticker.nanos())
                : Comparator.<VirtualConnection, Boolean>comparing(
                                connection -> connection.obstacle(reason == RetireReason.DRAIN) != null)
                        .thenComparing(VirtualConnection::hasSingleActiveConsumer)
                        .thenComparingLong(ConnectionMoves::unsettled);
        VirtualConnection chosen = those.stream().min(order).orElse(null);
        if (chosen != null) {
            moving.add(chosen);
        }
        return chosen;
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
            long begun = ticker.nanos();
            Move move = new Move(
                    chosen, to, forced, forced ? deadline : chosen.dialer().moveDeadline());
            MoveOutcome outcome = move.run();
            count(chosen, from, to, move, outcome, Duration.ofNanos(ticker.nanos() - begun));
            return outcome;
        } finally {
            moving.remove(chosen);
        }
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
            metrics.moved(pool, from, to, took);
        } else if (outcome instanceof MoveOutcome.Postponed postponed) {
            LOG.debug("Pool {}: {} stays: {}", pool, connection, postponed.reason());
            if (move.hasBegun()) {
                rolledBack.incrementAndGet();
                metrics.rolledBack(pool, from, to, postponed.reason());
            } else {
                metrics.postponed(pool, from, postponed.reason());
            }
        } else if (outcome instanceof MoveOutcome.Failed failed) {
            signals.failed(to, failed.cause());
            rolledBack.incrementAndGet();
            metrics.rolledBack(pool, from, to, String.valueOf(failed.cause().getMessage()));
        }
    }

    /** How many came to their end. */
    long moved() {
        return moved.get();
    }

    /** How many had begun and were given up. */
    long rolledBack() {
        return rolledBack.get();
    }
}
