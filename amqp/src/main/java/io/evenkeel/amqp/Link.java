package io.evenkeel.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ShutdownSignalException;
import io.evenkeel.endpoint.EndpointKey;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One raw connection to one broker, as part of a virtual one.
 *
 * <pre>
 *   OPEN --retire()--&gt; RETIRED    we close it: nothing that comes of it is reported
 *     `----lose()----&gt; LOST       the broker or the network did
 * </pre>
 *
 * Thread-safe.
 */
final class Link {

    private static final Logger LOG = LoggerFactory.getLogger(Link.class);
    private static final int CLOSE_MILLIS = 3000;
    private static final int CUT_MILLIS = 10;

    private enum State {
        OPEN,
        RETIRED,
        LOST
    }

    private final EndpointKey endpoint;
    private final Connection connection;
    private final AtomicReference<State> state = new AtomicReference<>(State.OPEN);
    /** When a move left it; 0 while none has. */
    private volatile long leftAt;
    /** The connection's reader thread, once it has called back. */
    private volatile @Nullable Thread reader;
    /** What the broker blocks it for; null while it doesn't. */
    private volatile @Nullable String blockedFor;
    /** What it was lost for. */
    private volatile @Nullable ShutdownSignalException loss;

    /** Whether it was us who ended it because of silence. */
    private volatile boolean cut;

    private final AtomicBoolean lossTaken = new AtomicBoolean();

    Link(EndpointKey endpoint, Connection connection) {
        this.endpoint = endpoint;
        this.connection = connection;
    }

    EndpointKey endpoint() {
        return endpoint;
    }

    Connection connection() {
        return connection;
    }

    /** Called on the reader thread before it calls the application. */
    void onReader() {
        Thread current = Thread.currentThread();
        if (reader != current) {
            reader = current;
        }
    }

    boolean isReader(Thread thread) {
        return reader == thread;
    }

    boolean isOpen() {
        return state.get() == State.OPEN;
    }

    /** A move has left it: from now on it is a lame duck. */
    void left(long now) {
        leftAt = now;
    }

    /** How long it has been one. */
    long lameFor(long now) {
        return leftAt == 0 ? 0 : now - leftAt;
    }

    /** @return whether it was open: then the caller closes the connection */
    boolean retire() {
        return state.compareAndSet(State.OPEN, State.RETIRED);
    }

    /** @return whether it was open: then the caller sees to what was lost with it */
    boolean lose(ShutdownSignalException signal) {
        if (!state.compareAndSet(State.OPEN, State.LOST)) {
            return false;
        }
        loss = signal;
        return true;
    }

    /**
     * The loss of the link in use, for the one that handles it: both the loss itself and a link's becoming the one in
     * use look for it.
     */
    @Nullable
    ShutdownSignalException takeLoss() {
        ShutdownSignalException signal = loss;
        return signal != null && lossTaken.compareAndSet(false, true) ? signal : null;
    }

    /** Whether it was closed by us. */
    boolean isRetired() {
        return state.get() == State.RETIRED;
    }

    boolean isLost() {
        return state.get() == State.LOST;
    }

    void blocked(@Nullable String reason) {
        blockedFor = reason;
    }

    @Nullable
    String blockedFor() {
        return blockedFor;
    }

    /** Ends a connection whose broker is silent: requests that wait for an answer fail. */
    void cut(String reason) {
        cut = true;
        LOG.debug("The connection to {} is cut: {}", endpoint, reason);
        connection.abort(AMQP.CONNECTION_FORCED, reason, CUT_MILLIS);
    }

    /** What it was lost for: that it was cut is a loss, though the client takes it for the application's own wish. */
    ShutdownSignalException asLoss(ShutdownSignalException signal) {
        return cut && signal.isInitiatedByApplication()
                ? new ShutdownSignalException(true, false, signal.getReason(), signal.getReference())
                : signal;
    }

    /** Closes the connection, bounded in time. Blocks. */
    void close(String reason) {
        try {
            connection.close(200, reason, CLOSE_MILLIS);
        } catch (IOException | ShutdownSignalException e) {
            LOG.debug("The connection to {} could not be closed in order, so it is aborted", endpoint, e);
            connection.abort(200, reason, CLOSE_MILLIS);
        }
    }

    @Override
    public String toString() {
        return "link to " + endpoint;
    }
}
