package io.evenkeel.jdbc.driver;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What a {@link ChannelSocket} reads. Invariant, under {@link #lock}: bytes are delivered in the order in which the
 * channel had them; what was read ahead, by {@link #peek} or {@link #available}, goes first.
 */
final class ChannelInput extends InputStream {
    /** The most that one read takes, since the JDK copies by a buffer outside the heap that it keeps per thread. */
    private static final int LARGEST_READ = 64 * 1024;

    private static final int AHEAD = 8 * 1024;
    private static final byte[] NONE = {};

    private final ChannelSocket socket;
    private final SocketChannel channel;
    private final ReadyWait readable;
    private final ReentrantLock lock = new ReentrantLock();

    /** Outside the heap and kept, so that a peek allocates nothing. */
    @GuardedBy("lock")
    private final ByteBuffer one = ByteBuffer.allocateDirect(1);

    @GuardedBy("lock")
    private byte[] ahead = NONE;

    @GuardedBy("lock")
    private int from;

    @GuardedBy("lock")
    private int to;

    ChannelInput(ChannelSocket socket, SocketChannel channel, ReadyWait readable) {
        this.socket = socket;
        this.channel = channel;
        this.readable = readable;
    }

    Liveness peek() {
        if (!channel.isOpen()) {
            return Liveness.DEAD;
        }
        if (!lock.tryLock()) {
            return Liveness.UNKNOWN;
        }
        try {
            if (from < to) {
                return Liveness.DATA_WAITING;
            }
            one.clear();
            int count = channel.read(one);
            if (count == 0) {
                return Liveness.ALIVE;
            }
            if (count < 0) {
                return Liveness.DEAD;
            }
            keep(one.get(0));
            return Liveness.DATA_WAITING;
        } catch (IOException | RuntimeException e) {
            return Liveness.DEAD; // reset, closed, or never connected
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private void keep(byte read) {
        ahead = ahead.length == 0 ? new byte[AHEAD] : ahead;
        ahead[0] = read;
        from = 0;
        to = 1;
    }

    @Override
    public int read() throws IOException {
        byte[] single = new byte[1];
        return read(single, 0, 1) < 0 ? -1 : single[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        if (length == 0) {
            return 0;
        }
        lock.lock();
        try {
            requireOpen();
            if (socket.isInputShutdown()) {
                return -1;
            }
            return from < to ? readAhead(bytes, offset, length) : readChannel(bytes, offset, length);
        } catch (IOException e) {
            throw SocketFailures.of(e);
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private int readAhead(byte[] bytes, int offset, int length) {
        int count = Math.min(length, to - from);
        System.arraycopy(ahead, from, bytes, offset, count);
        from += count;
        return count;
    }

    @GuardedBy("lock")
    private int readChannel(byte[] bytes, int offset, int length) throws IOException {
        ByteBuffer into = ByteBuffer.wrap(bytes, offset, Math.min(length, LARGEST_READ));
        int count = channel.read(into);
        if (count != 0) {
            return count;
        }
        int timeout = socket.readTimeoutMillis();
        Read read = new Read(into);
        if (!readable.await(SelectionKey.OP_READ, timeout, read)) {
            throw new SocketTimeoutException("Read timed out");
        }
        return read.count;
    }

    private final class Read implements ReadyWait.Attempt {
        private final ByteBuffer into;
        private int count;

        Read(ByteBuffer into) {
            this.into = into;
        }

        @Override
        public boolean succeeds() throws IOException {
            count = socket.isInputShutdown() ? -1 : channel.read(into);
            return count != 0;
        }
    }

    /** How much can be read now without waiting, at most {@value #AHEAD} bytes; 0 at the end of the stream. */
    @Override
    public int available() throws IOException {
        lock.lock();
        try {
            requireOpen();
            if (socket.isInputShutdown()) {
                return 0;
            }
            if (from == to) {
                ahead = ahead.length == 0 ? new byte[AHEAD] : ahead;
                from = 0;
                to = 0;
                to = Math.max(0, channel.read(ByteBuffer.wrap(ahead)));
            }
            return to - from;
        } catch (IOException e) {
            throw SocketFailures.of(e);
        } finally {
            lock.unlock();
        }
    }

    private void requireOpen() throws SocketException {
        SocketException closed = socket.closedFailure();
        if (closed != null) {
            throw closed;
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
