package io.evenkeel.jdbc.driver;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.evenkeel.time.Ticker;
import java.io.IOException;
import java.net.SocketException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Waits until one channel is ready for one operation, by a selector of its own. For one waiting thread at a time; any
 * thread may wake or close it.
 *
 * <p>An interrupted thread's {@code select} returns at once, so the interrupt status is taken away while it waits and
 * given back when the wait ends: it neither ends the wait nor makes it spin.
 */
final class ReadyWait {
    /** What is tried when the channel may be ready. */
    @FunctionalInterface
    interface Attempt {
        /** False if the channel was not ready after all. */
        boolean succeeds() throws IOException;
    }

    private final SocketChannel channel;
    private final Ticker ticker;
    private final ReentrantLock opening = new ReentrantLock();
    private volatile @Nullable Selector selector;

    @GuardedBy("opening")
    private boolean closed;

    private ReadyWait(SocketChannel channel, Ticker ticker) {
        this.channel = channel;
        this.ticker = ticker;
    }

    static ReadyWait open(SocketChannel channel, Ticker ticker) throws IOException {
        ReadyWait wait = new ReadyWait(channel, ticker);
        wait.selector();
        return wait;
    }

    /** Its selector is opened by the first wait. */
    static ReadyWait onDemand(SocketChannel channel, Ticker ticker) {
        return new ReadyWait(channel, ticker);
    }

    private Selector selector() throws IOException {
        Selector open = selector;
        if (open != null) {
            return open;
        }
        opening.lock();
        try {
            if (closed) {
                throw new SocketException("Socket closed");
            }
            open = selector;
            if (open == null) {
                open = Selector.open();
                selector = open;
            }
            return open;
        } finally {
            opening.unlock();
        }
    }

    /** Sets what the next waits are for, so that they need no change of the selector. */
    void expect(int operation) throws IOException {
        Selector open = selector();
        SelectionKey key = channel.keyFor(open);
        if (key == null) {
            channel.register(open, operation);
        } else if (key.interestOps() != operation) {
            key.interestOps(operation);
        }
    }

    /**
     * Makes the attempt until it succeeds, each time when the channel may be ready for the operation.
     *
     * @param timeoutMillis for the whole wait; 0 for no limit
     * @return false if the time was over first
     * @throws SocketException if the socket was closed
     */
    boolean await(int operation, int timeoutMillis, Attempt attempt) throws IOException {
        long end = timeoutMillis == 0 ? 0 : ticker.nanos() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        boolean interrupted = false;
        try {
            expect(operation);
            while (true) {
                long left = timeoutMillis == 0 ? 0 : millisUntil(end);
                if (left < 0) {
                    return false;
                }
                interrupted |= Thread.interrupted();
                selector().select(key -> {}, left);
                if (!channel.isOpen()) {
                    throw new SocketException("Socket closed");
                }
                if (attempt.succeeds()) {
                    return true;
                }
            }
        } catch (ClosedSelectorException | java.nio.channels.CancelledKeyException e) {
            throw SocketFailures.of("Socket closed", e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** At least 1, since 0 would mean no limit; negative when it is over. */
    private long millisUntil(long end) {
        long nanos = end - ticker.nanos();
        return nanos <= 0 ? -1 : TimeUnit.NANOSECONDS.toMillis(nanos + 999_999);
    }

    /** Has a wait make its attempt now. */
    void wakeUp() {
        Selector open = selector;
        if (open != null) {
            open.wakeup();
        }
    }

    /** Ends a wait; none begins any more. */
    void close() throws IOException {
        opening.lock();
        try {
            closed = true;
        } finally {
            opening.unlock();
        }
        Selector open = selector;
        if (open != null) {
            open.close();
        }
    }
}
