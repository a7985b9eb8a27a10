package io.evenkeel.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.PossibleAuthenticationFailureException;
import com.rabbitmq.client.ShutdownSignalException;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.EndpointConnections;
import io.evenkeel.spi.EndpointSignals;
import io.evenkeel.time.Ticker;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections of one process to one target, as the rebalancer sees them: a pool of held seats, one for each connection
 * that the application has open, whichever of its factories opened it.
 *
 * <p>Whoever wants a seat, the application or a connection that was lost, queues up as a {@link ConnectRequest} and makes the pool
 * larger by one (or has its seat counted as free); the rebalancer says where to open one, the first in the queue is dialled
 * there, and if that fails queues up again. So every connection goes where the plan says, also one that is recovered, and no
 * second logic decides where. Thread-safe.
 */
final class Placement implements EndpointConnections, ConnectionHost {

    private static final Logger LOG = LoggerFactory.getLogger(Placement.class);

    private final String pool;
    private final EndpointSignals signals;
    private final Executor io;
    private final Ticker ticker;
    private final AmqpMetrics metrics;
    private final ConnectRequestQueue seekers;
    private final ConnectionMoves moves;
    private final List<VirtualConnection> connections = new CopyOnWriteArrayList<>();
    private final AtomicLong recoveries = new AtomicLong();
    private volatile Runnable onClosed = () -> {};

    Placement(String pool, EndpointSignals signals, Executor io, Ticker ticker, AmqpMetrics metrics) {
        this.pool = pool;
        this.signals = signals;
        this.io = io;
        this.ticker = ticker;
        this.metrics = metrics;
        this.seekers = new ConnectRequestQueue(signals);
        this.moves = new ConnectionMoves(pool, signals, ticker, metrics);
    }

    /** Is told of each connection that was asked for and is closed, or was not opened; on a thread that may block. */
    void onClosed(Runnable task) {
        onClosed = task;
    }

    // What the application wants.

    /** A new connection, at the endpoint that the plan has for it. Blocks. */
    VirtualConnection connect(Dialer dialer, Duration atMost) throws IOException, TimeoutException {
        ConnectRequest seeker = ConnectRequest.forNew(dialer);
        seekers.add(seeker);
        signals.wanted();
        // Whoever asked has it, or is told why not, before anybody ends the pool.
        seeker.opened().whenComplete((connection, failure) -> {
            if (failure != null) {
                inBackground(onClosed);
            }
        });
        try {
            return seeker.opened().get(atMost.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw asThrown(e.getCause());
        } catch (TimeoutException e) {
            TimeoutException late = new TimeoutException("newConnection: no broker of pool " + pool + " after " + atMost
                    + " (expected: its target to name at least one that can be reached)");
            seekers.giveUp(seeker, late);
            throw late;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            IOException interrupted = new IOException("newConnection of pool " + pool + " was interrupted", e);
            seekers.giveUp(seeker, interrupted);
            throw interrupted;
        }
    }

    private static IOException asThrown(@Nullable Throwable cause) throws IOException, TimeoutException {
        if (cause instanceof TimeoutException timeout) {
            throw timeout;
        }
        if (cause instanceof RuntimeException unexpected) {
            throw unexpected;
        }
        throw cause instanceof IOException io ? io : new IOException(cause);
    }

    // EndpointConnections.

    @Override
    public void join(Endpoint endpoint) {
        LOG.debug("Pool {}: {} takes connections", pool, endpoint.key());
    }

    @Override
    public void open(EndpointKey endpoint, Consumer<OpenOutcome> done) {
        ConnectRequest seeker = seekers.next();
        if (seeker == null) {
            done.accept(new OpenOutcome.Withdrawn());
        } else {
            inBackground(() -> done.accept(open(seeker, endpoint)));
        }
    }

    private OpenOutcome open(ConnectRequest seeker, EndpointKey endpoint) {
        VirtualConnection lost = seeker.lost();
        try {
            if (lost == null) {
                return opened(seeker, VirtualConnection.open(seeker.dialer(), this, endpoint));
            }
            return recovered(lost, endpoint);
        } catch (IOException | TimeoutException | RuntimeException e) {
            return failed(seeker, endpoint, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return failed(seeker, endpoint, e);
        }
    }

    private OpenOutcome opened(ConnectRequest seeker, VirtualConnection connection) {
        connections.add(connection);
        if (!seeker.opened().complete(connection)) {
            // The application has given up.
            connections.remove(connection);
            connection.abort();
            signals.unwanted();
            return new OpenOutcome.Withdrawn();
        }
        return new OpenOutcome.Opened();
    }

    private OpenOutcome recovered(VirtualConnection connection, EndpointKey endpoint)
            throws IOException, TimeoutException, InterruptedException {
        Link link = connection.links().dial(endpoint, true);
        Duration took;
        try {
            took = connection.recover(link);
        } catch (IOException | InterruptedException | RuntimeException e) {
            connection.links().discard(link, "not recovered");
            throw e;
        }
        if (took == null) {
            return new OpenOutcome.Withdrawn();
        }
        recoveries.incrementAndGet();
        LOG.info("Pool {}: {} is recovered after {} ms", pool, connection, took.toMillis());
        metrics.recovered(pool, endpoint, took);
        signals.succeeded(endpoint);
        return new OpenOutcome.Opened();
    }

    private OpenOutcome failed(ConnectRequest seeker, EndpointKey endpoint, Exception cause) {
        VirtualConnection lost = seeker.lost();
        boolean again = seeker.failedAt(endpoint);
        if (lost != null) {
            lost.exceptionHandler().handleConnectionRecoveryException(lost, cause);
        } else if (isRefusal(cause)) {
            // Every other broker would say the same, and this one is well.
            signals.unwanted();
            seeker.opened().completeExceptionally(cause);
            return new OpenOutcome.Withdrawn();
        }
        signals.failed(endpoint, cause);
        if (lost == null && seeker.isOver()) {
            signals.unwanted();
        } else if (again) {
            seekers.addAgain(seeker);
        } else {
            signals.unwanted();
            seeker.opened().completeExceptionally(cause);
        }
        return new OpenOutcome.Failed(cause);
    }

    /** Who the client is, or what it wants, is refused: wrong credentials, no such virtual host, no right to it. */
    private static boolean isRefusal(Exception cause) {
        if (cause instanceof PossibleAuthenticationFailureException) {
            return true;
        }
        return cause.getCause() instanceof ShutdownSignalException signal
                && signal.getReason() instanceof AMQP.Connection.Close close
                && (close.getReplyCode() == AMQP.NOT_ALLOWED || close.getReplyCode() == AMQP.ACCESS_REFUSED);
    }

    @Override
    public void retire(EndpointKey endpoint, RetireReason reason, Consumer<RetireOutcome> done) {
        // A connection is the application's: it moves, but nobody takes it away.
        done.accept(new RetireOutcome.Kept());
    }

    @Override
    public void keep(EndpointKey endpoint) {
        LOG.debug("Pool {}: {} came back; what is moving away moves on", pool, endpoint);
    }

    @Override
    public void move(
            EndpointKey from, EndpointKey to, RetireReason reason, Duration deadline, Consumer<MoveOutcome> done) {
        VirtualConnection chosen = moves.choose(connections, from, reason);
        if (chosen == null) {
            done.accept(new MoveOutcome.Postponed("no connection at " + from + " can be moved", Duration.ofSeconds(1)));
            return;
        }
        inBackground(() -> {
            MoveOutcome outcome = new MoveOutcome.Failed(new IllegalStateException("the move ended unexpectedly"));
            try {
                outcome = moves.run(chosen, from, to, reason == RetireReason.DRAIN, deadline);
            } finally {
                done.accept(outcome);
            }
        });
    }

    @Override
    public void route(Set<EndpointKey> routable) {
        // New work is new connections, and those are placed one by one.
    }

    @Override
    public void probe(EndpointKey endpoint, Consumer<OpenOutcome> done) {
        VirtualConnection any = connections.isEmpty() ? null : connections.get(0);
        if (any == null) {
            done.accept(new OpenOutcome.Opened());
            return;
        }
        inBackground(() -> done.accept(probe(any.dialer(), endpoint)));
    }

    private OpenOutcome probe(Dialer dialer, EndpointKey endpoint) {
        try {
            dialer.dial(endpoint, dialer.exceptionHandler(), true).abort(3000);
            return new OpenOutcome.Opened();
        } catch (IOException | TimeoutException | RuntimeException e) {
            return isRefusal(e) ? new OpenOutcome.Opened() : new OpenOutcome.Failed(e);
        }
    }

    @Override
    public void leave(EndpointKey endpoint) {
        LOG.debug("Pool {}: {} has no connection any more", pool, endpoint);
    }

    @Override
    public Load load(EndpointKey endpoint) {
        int open = 0;
        int draining = 0;
        for (VirtualConnection connection : connections) {
            boolean here = connection.current().endpoint().equals(endpoint);
            VirtualConnection.State state = connection.state();
            if (here && (state == VirtualConnection.State.OPEN || state == VirtualConnection.State.MOVING)) {
                open++;
                draining += state == VirtualConnection.State.MOVING ? 1 : 0;
            }
        }
        return new Load(open, 0, open, draining);
    }

    // ConnectionHost.

    @Override
    public void inBackground(Runnable task) {
        io.execute(task);
    }

    @Override
    public void linkOpened(EndpointKey endpoint, Duration took) {
        signals.opened(endpoint, took);
    }

    @Override
    public void linkClosed(EndpointKey endpoint) {
        signals.closed(endpoint);
    }

    @Override
    public void lost(VirtualConnection connection, EndpointKey endpoint, Throwable cause) {
        seekers.add(ConnectRequest.forLost(connection));
        signals.failed(endpoint, cause);
        signals.lost(endpoint);
    }

    @Override
    public void closed(VirtualConnection connection, EndpointKey endpoint, boolean hadLink) {
        if (!connections.remove(connection)) {
            return;
        }
        if (hadLink) {
            signals.released(endpoint);
        } else {
            signals.unwanted();
        }
        inBackground(onClosed);
    }

    @Override
    public void publisherPaused(Duration pause) {
        metrics.publisherPaused(pool, pause);
    }

    @Override
    public void consumerGap(Duration gap) {
        metrics.consumerGap(pool, gap);
    }

    @Override
    public long nanos() {
        return ticker.nanos();
    }

    // What it looks like.

    long moves() {
        return moves.moved();
    }

    long rolledBack() {
        return moves.rolledBack();
    }

    long recoveries() {
        return recoveries.get();
    }

    List<AmqpStatus.ConnectionStatus> connections() {
        List<AmqpStatus.ConnectionStatus> all = new ArrayList<>();
        for (VirtualConnection connection : connections) {
            all.add(AmqpStatus.ConnectionStatus.of(connection));
        }
        return all;
    }
}
