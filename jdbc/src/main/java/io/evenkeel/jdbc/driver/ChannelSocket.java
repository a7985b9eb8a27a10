package io.evenkeel.jdbc.driver;

import io.evenkeel.time.Ticker;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketImpl;
import java.net.SocketOption;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A socket for blocking drivers whose connection can be looked at without blocking: a {@link Socket} over a
 * {@link SocketChannel} that is always in non-blocking mode.
 *
 * <p>How it works: a read or write that the channel can't do at once waits in a {@link ReadyWait}, a selector that only
 * this socket uses. The channel's mode never changes, so {@link #peek} is one non-blocking read: nothing to read means
 * that the connection is alive, end of stream or a reset that it is dead, and bytes are kept for the next read. That
 * asks the server nothing. The idea is that of go-sql-driver's connection check.
 *
 * <p>Beside that it behaves as {@link Socket} does, and better in one point: an interrupt neither closes it nor is
 * lost, on platform threads and virtual ones. The thread's interrupt status is kept until the read or write has
 * ended.
 *
 * <p>Costs two or three file descriptors more than a plain socket: the selector's, and a second selector's once a write
 * had to wait.
 *
 * <p>Thread-safe as a {@link Socket} is: one thread may read while another writes, and any thread may close it, which
 * ends both. Lock order: the stream's lock, then a wait's own.
 */
@SuppressWarnings(
        "PMD.TooManyMethods") // every method of Socket is overridden, since the one beneath is never connected
class ChannelSocket extends Socket implements LivenessProbe {
    private final SocketChannel channel;
    private final Socket options;
    private final ReadyWait readable;
    private final ReadyWait writable;
    private final ChannelInput input;
    private final ChannelOutput output;
    private volatile int soTimeoutMillis;
    private volatile boolean bound;
    private volatile boolean inputShut;
    private volatile boolean outputShut;

    ChannelSocket() throws IOException {
        this(Ticker.system());
    }

    ChannelSocket(Ticker ticker) throws IOException {
        super((SocketImpl) null);
        channel = SocketChannel.open();
        ReadyWait reads = null;
        try {
            channel.configureBlocking(false);
            reads = ReadyWait.open(channel, ticker);
        } finally {
            if (reads == null) {
                channel.close();
            }
        }
        readable = reads;
        writable = ReadyWait.onDemand(channel, ticker);
        // Only for what is an option of the socket and not of the channel; none of that depends on the channel's mode.
        options = channel.socket();
        input = new ChannelInput(this, channel, readable);
        output = new ChannelOutput(this, channel, writable);
    }

    @Override
    public final Liveness peek() {
        return input.peek();
    }

    // --- connecting ---

    @Override
    public final void connect(SocketAddress endpoint) throws IOException {
        connect(endpoint, 0);
    }

    @Override
    public void connect(SocketAddress endpoint, int timeoutMillis) throws IOException {
        if (!(endpoint instanceof InetSocketAddress address)) {
            throw new IllegalArgumentException("endpoint: " + endpoint + " (expected: an internet address)");
        }
        if (timeoutMillis < 0) {
            throw new IllegalArgumentException("timeout: " + timeoutMillis + " ms (expected: 0 or more)");
        }
        if (address.isUnresolved()) {
            throw new UnknownHostException(address.getHostString());
        }
        requireOpen();
        if (channel.isConnected()) {
            throw new SocketException("already connected");
        }
        try {
            connectWithin(address, timeoutMillis);
        } catch (IOException e) {
            close();
            throw SocketFailures.of(e);
        }
    }

    private void connectWithin(InetSocketAddress address, int timeoutMillis) throws IOException {
        try {
            boolean connected = channel.connect(address);
            bound = true;
            if (!connected && !readable.await(SelectionKey.OP_CONNECT, timeoutMillis, channel::finishConnect)) {
                throw new SocketTimeoutException("Connect timed out after " + timeoutMillis + " ms");
            }
        } catch (RuntimeException e) {
            // Such as UnresolvedAddressException, or ConnectionPendingException where two threads connect.
            throw SocketFailures.of(e.toString(), e);
        }
        readable.expect(SelectionKey.OP_READ);
        KeepAlive.apply(channel);
    }

    @Override
    public final void bind(@Nullable SocketAddress local) throws IOException {
        requireOpen();
        channel.bind(local);
        bound = true;
    }

    // --- streams ---

    @Override
    public final InputStream getInputStream() throws IOException {
        requireConnected();
        if (inputShut) {
            throw new SocketException("Socket input is shutdown");
        }
        return input;
    }

    @Override
    public final OutputStream getOutputStream() throws IOException {
        requireConnected();
        if (outputShut) {
            throw new SocketException("Socket output is shutdown");
        }
        return output;
    }

    @Override
    public final void shutdownInput() throws IOException {
        requireConnected();
        if (inputShut) {
            throw new SocketException("Socket input is already shutdown");
        }
        inputShut = true;
        channel.shutdownInput();
        readable.wakeUp();
    }

    @Override
    public final void shutdownOutput() throws IOException {
        requireConnected();
        if (outputShut) {
            throw new SocketException("Socket output is already shutdown");
        }
        outputShut = true;
        channel.shutdownOutput();
        writable.wakeUp();
    }

    /** Ends reads and writes that wait, with {@code SocketException: Socket closed}. Closing again does nothing. */
    @Override
    public final void close() throws IOException {
        try {
            // First, so that a thread that is woken finds it closed.
            channel.close();
        } finally {
            try {
                readable.close();
            } finally {
                writable.close();
            }
        }
    }

    /** Why a stream must not be used now, or null. */
    @Nullable
    SocketException closedFailure() {
        return channel.isOpen() ? null : new SocketException("Socket closed");
    }

    private void requireOpen() throws SocketException {
        if (!channel.isOpen()) {
            throw new SocketException("Socket is closed");
        }
    }

    private void requireConnected() throws SocketException {
        requireOpen();
        if (!channel.isConnected()) {
            throw new SocketException("Socket is not connected");
        }
    }

    // --- state ---

    @Override
    public final boolean isConnected() {
        return options.isConnected();
    }

    @Override
    public final boolean isBound() {
        return bound;
    }

    @Override
    public final boolean isClosed() {
        return !channel.isOpen();
    }

    @Override
    public final boolean isInputShutdown() {
        return inputShut;
    }

    @Override
    public final boolean isOutputShutdown() {
        return outputShut;
    }

    /** None: a channel that a caller switches to blocking mode would break this socket. */
    @Override
    public final @Nullable SocketChannel getChannel() {
        return null;
    }

    @Override
    public final @Nullable InetAddress getInetAddress() {
        return options.getInetAddress();
    }

    @Override
    public final InetAddress getLocalAddress() {
        return options.getLocalAddress();
    }

    @Override
    public final int getPort() {
        return options.getPort();
    }

    @Override
    public final int getLocalPort() {
        return options.getLocalPort();
    }

    @Override
    public final @Nullable SocketAddress getRemoteSocketAddress() {
        return options.getRemoteSocketAddress();
    }

    @Override
    public final @Nullable SocketAddress getLocalSocketAddress() {
        return options.getLocalSocketAddress();
    }

    @Override
    public final String toString() {
        return "ChannelSocket[" + getRemoteSocketAddress() + (isClosed() ? ", closed]" : "]");
    }

    // --- options ---

    @Override
    public final void setSoTimeout(int millis) throws SocketException {
        requireOpen();
        if (millis < 0) {
            throw new IllegalArgumentException("timeout: " + millis + " ms (expected: 0 or more)");
        }
        soTimeoutMillis = millis;
    }

    @Override
    public final int getSoTimeout() throws SocketException {
        requireOpen();
        return soTimeoutMillis;
    }

    /** Also of a closed socket. */
    final int readTimeoutMillis() {
        return soTimeoutMillis;
    }

    @Override
    public final void sendUrgentData(int data) throws IOException {
        requireConnected();
        options.sendUrgentData(data);
    }

    @Override
    public final void setTcpNoDelay(boolean on) throws SocketException {
        options.setTcpNoDelay(on);
    }

    @Override
    public final boolean getTcpNoDelay() throws SocketException {
        return options.getTcpNoDelay();
    }

    @Override
    public final void setSoLinger(boolean on, int seconds) throws SocketException {
        options.setSoLinger(on, seconds);
    }

    @Override
    public final int getSoLinger() throws SocketException {
        return options.getSoLinger();
    }

    @Override
    public final void setOOBInline(boolean on) throws SocketException {
        options.setOOBInline(on);
    }

    @Override
    public final boolean getOOBInline() throws SocketException {
        return options.getOOBInline();
    }

    @Override
    public final void setSendBufferSize(int size) throws SocketException {
        options.setSendBufferSize(size);
    }

    @Override
    public final int getSendBufferSize() throws SocketException {
        return options.getSendBufferSize();
    }

    @Override
    public final void setReceiveBufferSize(int size) throws SocketException {
        options.setReceiveBufferSize(size);
    }

    @Override
    public final int getReceiveBufferSize() throws SocketException {
        return options.getReceiveBufferSize();
    }

    @Override
    public final void setKeepAlive(boolean on) throws SocketException {
        options.setKeepAlive(on);
    }

    @Override
    public final boolean getKeepAlive() throws SocketException {
        return options.getKeepAlive();
    }

    @Override
    public final void setTrafficClass(int trafficClass) throws SocketException {
        options.setTrafficClass(trafficClass);
    }

    @Override
    public final int getTrafficClass() throws SocketException {
        return options.getTrafficClass();
    }

    @Override
    public final void setReuseAddress(boolean on) throws SocketException {
        options.setReuseAddress(on);
    }

    @Override
    public final boolean getReuseAddress() throws SocketException {
        return options.getReuseAddress();
    }

    @Override
    public final void setPerformancePreferences(int connectionTime, int latency, int bandwidth) {
        // As the JDK's own, which ignores it.
    }

    @Override
    public final <T> Socket setOption(SocketOption<T> name, T value) throws IOException {
        requireOpen();
        channel.setOption(Objects.requireNonNull(name, "name"), value);
        return this;
    }

    @Override
    public final <T> T getOption(SocketOption<T> name) throws IOException {
        requireOpen();
        return channel.getOption(name);
    }

    @Override
    public final Set<SocketOption<?>> supportedOptions() {
        return channel.supportedOptions();
    }
}
