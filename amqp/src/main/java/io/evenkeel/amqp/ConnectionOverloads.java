package io.evenkeel.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.BlockedCallback;
import com.rabbitmq.client.BlockedListener;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.RecoverableConnection;
import com.rabbitmq.client.UnblockedCallback;
import com.rabbitmq.client.impl.NetworkConnection;
import java.io.IOException;
import java.net.InetAddress;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The convenient forms of a connection's operations, each in terms of the one that says everything, and what is asked
 * of the raw connection in use. What is left abstract is what a connection does.
 */
abstract class ConnectionOverloads implements RecoverableConnection, NetworkConnection {

    /** The raw connection that is in use at this moment. */
    abstract Connection raw();

    /** How long a close waits that was given no time-out. */
    abstract int closeMillis();

    @Override
    public void close() throws IOException {
        close(AMQP.REPLY_SUCCESS, "OK");
    }

    @Override
    public void close(int code, String message) throws IOException {
        close(code, message, closeMillis());
    }

    @Override
    public void close(int timeout) throws IOException {
        close(AMQP.REPLY_SUCCESS, "OK", timeout);
    }

    @Override
    public void abort() {
        abort(AMQP.REPLY_SUCCESS, "OK");
    }

    @Override
    public void abort(int code, String message) {
        abort(code, message, -1);
    }

    @Override
    public void abort(int timeout) {
        abort(AMQP.REPLY_SUCCESS, "OK", timeout);
    }

    @Override
    public InetAddress getAddress() {
        return raw().getAddress();
    }

    @Override
    public int getPort() {
        return raw().getPort();
    }

    @Override
    public @Nullable InetAddress getLocalAddress() {
        return raw() instanceof NetworkConnection network ? network.getLocalAddress() : null;
    }

    @Override
    public int getLocalPort() {
        return raw() instanceof NetworkConnection network ? network.getLocalPort() : 0;
    }

    @Override
    public int getChannelMax() {
        return raw().getChannelMax();
    }

    @Override
    public int getFrameMax() {
        return raw().getFrameMax();
    }

    @Override
    public int getHeartbeat() {
        return raw().getHeartbeat();
    }

    @Override
    public Map<String, Object> getClientProperties() {
        return raw().getClientProperties();
    }

    @Override
    public @Nullable String getClientProvidedName() {
        return raw().getClientProvidedName();
    }

    @Override
    public Map<String, Object> getServerProperties() {
        return raw().getServerProperties();
    }

    @Override
    public BlockedListener addBlockedListener(BlockedCallback onBlocked, UnblockedCallback onUnblocked) {
        BlockedListener listener = new BlockedListener() {
            @Override
            public void handleBlocked(String reason) throws IOException {
                onBlocked.handle(reason);
            }

            @Override
            public void handleUnblocked() throws IOException {
                onUnblocked.handle();
            }
        };
        addBlockedListener(listener);
        return listener;
    }
}
