package io.evenkeel.jdbc.driver;

import java.io.IOException;
import java.io.OutputStream;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;

/** What a {@link ChannelSocket} writes: each write is whole before the next one begins. */
final class ChannelOutput extends OutputStream {
    /**
     * The most that one write hands over, since the JDK copies by a buffer outside the heap that it keeps per thread.
     */
    private static final int LARGEST_WRITE = 64 * 1024;

    private final ChannelSocket socket;
    private final SocketChannel channel;
    private final ReadyWait writable;
    private final ReentrantLock lock = new ReentrantLock();

    ChannelOutput(ChannelSocket socket, SocketChannel channel, ReadyWait writable) {
        this.socket = socket;
        this.channel = channel;
        this.writable = writable;
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        lock.lock();
        try {
            int end = offset + length;
            ByteBuffer from = ByteBuffer.wrap(bytes, offset, 0);
            while (from.position() < end) {
                SocketException closed = socket.closedFailure();
                if (closed != null) {
                    throw closed;
                }
                from.limit(Math.min(end, from.position() + LARGEST_WRITE));
                writeSome(from);
            }
        } catch (IOException e) {
            throw SocketFailures.of(e);
        } finally {
            lock.unlock();
        }
    }

    /** Waits as long as the peer takes nothing; a time-out for reads is none for writes. */
    private void writeSome(ByteBuffer from) throws IOException {
        if (channel.write(from) == 0) {
            writable.await(SelectionKey.OP_WRITE, 0, () -> channel.write(from) > 0);
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
