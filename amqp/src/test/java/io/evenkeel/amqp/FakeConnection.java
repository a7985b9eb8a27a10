package io.evenkeel.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.BlockedCallback;
import com.rabbitmq.client.BlockedListener;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ExceptionHandler;
import com.rabbitmq.client.ShutdownListener;
import com.rabbitmq.client.ShutdownSignalException;
import com.rabbitmq.client.UnblockedCallback;
import com.rabbitmq.client.impl.DefaultExceptionHandler;
import io.evenkeel.endpoint.EndpointKey;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A raw connection to a {@link FakeCluster}. */
final class FakeConnection implements Connection {

    final FakeCluster cluster;
    final EndpointKey broker;
    final TreeMap<Integer, FakeChannel> channels = new TreeMap<>();
    private final List<ShutdownListener> listeners = new CopyOnWriteArrayList<>();
    private final List<BlockedListener> blocked = new CopyOnWriteArrayList<>();
    private ShutdownSignalException cause;
    private String id;

    FakeConnection(FakeCluster cluster, EndpointKey broker) {
        this.cluster = cluster;
        this.broker = broker;
    }

    /** The broker, or the network, ends it. */
    void lose(int code, String text) {
        end(new ShutdownSignalException(
                true,
                false,
                new AMQP.Connection.Close.Builder()
                        .replyCode(code)
                        .replyText(text)
                        .build(),
                this));
    }

    private void end(ShutdownSignalException signal) {
        if (cause != null) {
            return;
        }
        cause = signal;
        for (FakeChannel channel : new ArrayList<>(channels.values())) {
            channel.end(signal);
        }
        cluster.forgetUnused();
        listeners.forEach(listener -> listener.shutdownCompleted(signal));
    }

    void block(String reason) throws IOException {
        for (BlockedListener listener : blocked) {
            listener.handleBlocked(reason);
        }
    }

    void unblock() throws IOException {
        for (BlockedListener listener : blocked) {
            listener.handleUnblocked();
        }
    }

    @Override
    public Channel createChannel() throws IOException {
        request();
        int number = 1;
        while (channels.containsKey(number)) {
            number++;
        }
        return number > cluster.channelMax ? null : open(number);
    }

    @Override
    public Channel createChannel(int number) throws IOException {
        request();
        return channels.containsKey(number) ? null : open(number);
    }

    private void request() throws IOException {
        if (cause != null) {
            throw new AlreadyClosedException(cause);
        }
        cluster.operation(broker, "createChannel");
        if (cause != null) {
            throw new AlreadyClosedException(cause);
        }
    }

    private FakeChannel open(int number) {
        FakeChannel channel = new FakeChannel(this, number);
        channels.put(number, channel);
        return channel;
    }

    @Override
    public void close() {
        close(200, "OK", -1);
    }

    @Override
    public void close(int code, String message) {
        close(code, message, -1);
    }

    @Override
    public void close(int timeout) {
        close(200, "OK", timeout);
    }

    @Override
    public void close(int code, String message, int timeout) {
        if (cause != null) {
            throw new AlreadyClosedException(cause);
        }
        cluster.log.add(broker.identity() + " close");
        end(ShutdownSignals.byApplication(code, message, this));
    }

    @Override
    public void abort() {
        abort(200, "OK", -1);
    }

    @Override
    public void abort(int code, String message) {
        abort(code, message, -1);
    }

    @Override
    public void abort(int timeout) {
        abort(200, "OK", timeout);
    }

    @Override
    public void abort(int code, String message, int timeout) {
        end(ShutdownSignals.byApplication(code, message, this));
    }

    @Override
    public void addShutdownListener(ShutdownListener listener) {
        listeners.add(listener);
        if (cause != null) {
            listener.shutdownCompleted(cause);
        }
    }

    @Override
    public void removeShutdownListener(ShutdownListener listener) {
        listeners.remove(listener);
    }

    @Override
    public ShutdownSignalException getCloseReason() {
        return cause;
    }

    @Override
    public void notifyListeners() {}

    @Override
    public boolean isOpen() {
        return cause == null;
    }

    @Override
    public void addBlockedListener(BlockedListener listener) {
        blocked.add(listener);
    }

    @Override
    public BlockedListener addBlockedListener(BlockedCallback onBlocked, UnblockedCallback onUnblocked) {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean removeBlockedListener(BlockedListener listener) {
        return blocked.remove(listener);
    }

    @Override
    public void clearBlockedListeners() {
        blocked.clear();
    }

    @Override
    public ExceptionHandler getExceptionHandler() {
        return new DefaultExceptionHandler();
    }

    @Override
    public InetAddress getAddress() {
        return InetAddress.getLoopbackAddress();
    }

    @Override
    public int getPort() {
        return broker.port();
    }

    @Override
    public int getChannelMax() {
        return cluster.channelMax;
    }

    @Override
    public int getFrameMax() {
        return 131072;
    }

    @Override
    public int getHeartbeat() {
        return 60;
    }

    @Override
    public Map<String, Object> getClientProperties() {
        return Map.of();
    }

    @Override
    public String getClientProvidedName() {
        return "test";
    }

    @Override
    public Map<String, Object> getServerProperties() {
        return Map.of();
    }

    @Override
    public String getId() {
        return id;
    }

    @Override
    public void setId(String value) {
        id = value;
    }
}
