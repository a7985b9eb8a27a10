package io.evenkeel.jdbc.hikari;

import io.evenkeel.jdbc.handle.ForwardingConnection;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * A driver's connection, which tells its Pod's lane that it is closed, exactly once and after it is, by the pool or
 * by its user.
 */
final class PhysicalConnection extends ForwardingConnection {
    private final Lane lane;
    private final long openedAt;
    private final Consumer<PhysicalConnection> onEnd;
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile boolean delivered;

    /** @param onEnd called once, when it is closed */
    PhysicalConnection(Connection driver, Lane lane, long openedAt, Consumer<PhysicalConnection> onEnd) {
        super(driver);
        this.onEnd = onEnd;
        this.lane = lane;
        this.openedAt = openedAt;
    }

    /** On the ticker. */
    long openedAt() {
        return openedAt;
    }

    void delivered() {
        delivered = true;
    }

    @Override
    public void close() throws SQLException {
        try {
            delegate.close();
        } finally {
            ended();
        }
    }

    @Override
    public void abort(Executor executor) throws SQLException {
        try {
            delegate.abort(executor);
        } finally {
            ended();
        }
    }

    private void ended() {
        if (closed.compareAndSet(false, true)) {
            onEnd.accept(this);
            lane.closed(delivered);
        }
    }

    /** A failed validation is a failure of the Pod, however the pool takes it. */
    @Override
    public boolean isValid(int seconds) throws SQLException {
        SQLException cause = null;
        try {
            if (delegate.isValid(seconds)) {
                return true;
            }
        } catch (SQLException e) {
            cause = e;
        }
        lane.failed(
                cause != null ? cause : new SQLException("connection is not valid after " + seconds + " s", "08006"));
        if (cause != null) {
            throw cause;
        }
        return false;
    }
}
