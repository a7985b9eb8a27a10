package io.evenkeel.jdbc.handle;

import io.evenkeel.endpoint.EndpointKey;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.sql.Array;
import java.sql.Blob;
import java.sql.CallableStatement;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.NClob;
import java.sql.PreparedStatement;
import java.sql.SQLClientInfoException;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLWarning;
import java.sql.SQLXML;
import java.sql.Savepoint;
import java.sql.ShardingKey;
import java.sql.Statement;
import java.sql.Struct;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The handle of a connection that a user has on loan. It hands everything on to the pooled connection beneath until the
 * user closes it, and nothing after that; statements, result sets and metadata name it as their connection.
 *
 * <p>Invariant: {@link #release} is called once, by the first thread that closes or aborts the handle. Like
 * any JDBC connection it is otherwise for one thread at a time; handing it to another thread needs the usual
 * happens-before.
 *
 * <p>Every {@link SQLException} that passes by is classified by {@link FaultClassifier} and reported to
 * {@link #faulted} before the user sees it, if it is graver than what was reported before; the user gets the
 * exception itself, unchanged.
 */
public abstract class DelegatingConnection implements Connection {
    private static final Logger LOG = LoggerFactory.getLogger(DelegatingConnection.class);
    private static final VarHandle DELEGATE;

    static {
        try {
            DELEGATE = MethodHandles.lookup().findVarHandle(DelegatingConnection.class, "delegate", Connection.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /**
     * Null once closed. Not volatile: the constructor must not pay for a fence, and only closing needs to be atomic.
     */
    private @Nullable Connection delegate;

    /** The greatest fault reported so far: one broken connection is one failure, however often its user tries again. */
    private Fault reported = Fault.NONE;

    protected DelegatingConnection(Connection delegate) {
        this.delegate = Objects.requireNonNull(delegate, "delegate");
    }

    /**
     * Gives the pooled connection back; called exactly once, when the handle is first closed or aborted. It must not
     * be handed out again if it can't be brought back to its initial state, or after a fault that evicts: an aborted
     * one is being closed, and another thread may still be using it.
     */
    protected abstract void release(Connection delegate) throws SQLException;

    /**
     * A fault while on loan, graver than those before it. Must not throw nor block; the user gets {@code failure} in
     * any case.
     */
    protected abstract void faulted(Fault fault, SQLException failure);

    /** A statement was made on the connection; called with the driver's own. */
    protected void opened(Statement statement) {}

    /** A statement that was {@link #opened} is closed by its user. */
    protected void closed(Statement statement) {}

    /** What a failure means; a pool with an {@code exceptionOverride} has a classifier of its own. */
    protected Fault classify(SQLException failure) {
        return FaultClassifier.STANDARD.classify(failure);
    }

    /** The pool's name, for messages. */
    protected abstract String pool();

    /** Where the connection leads, also once it is closed. */
    public abstract EndpointKey endpoint();

    /** The pooled connection beneath. */
    final Connection delegate() throws SQLException {
        Connection open = (Connection) DELEGATE.getOpaque(this);
        if (open == null) {
            throw closed();
        }
        return open;
    }

    /** Reports a failure that the user is about to see; returns it, for the caller to throw. */
    final SQLException failed(SQLException failure) {
        // What statements of a closed or aborted handle still fail with says nothing about the connection.
        Connection open = (Connection) DELEGATE.getOpaque(this);
        if (open != null) {
            report(failure, open);
        }
        return failure;
    }

    private void report(SQLException failure, Connection open) {
        Fault fault = classify(failure);
        if (fault == Fault.READ_ONLY && !ReadOnlyServers.isReadOnly(open, failure)) {
            fault = Fault.NONE;
        }
        report(fault, failure);
    }

    private void report(Fault fault, SQLException failure) {
        if (fault.compareTo(reported) > 0) {
            reported = fault;
            faulted(fault, failure);
        }
    }

    private SQLException closed() {
        return new SQLNonTransientConnectionException(
                "connection is closed (pool " + pool() + ", endpoint " + endpoint() + ")", "08003");
    }

    @Override
    public final void close() throws SQLException {
        Connection open = (Connection) DELEGATE.getAndSet(this, null);
        if (open != null) {
            release(open);
        }
    }

    @Override
    public final void abort(Executor executor) throws SQLException {
        Connection open = (Connection) DELEGATE.getAndSet(this, null);
        if (open != null) {
            report(Fault.SESSION_LOST, new SQLNonTransientConnectionException("aborted by the application", "08003"));
            try {
                open.abort(executor);
            } finally {
                releaseAborted(open);
            }
        }
    }

    private void releaseAborted(Connection open) {
        try {
            release(open);
        } catch (SQLException e) {
            LOG.debug("{}: releasing an aborted connection failed, as it may", this, e);
        }
    }

    @Override
    public final boolean isClosed() throws SQLException {
        Connection open = (Connection) DELEGATE.getOpaque(this);
        return open == null || open.isClosed();
    }

    @Override
    public final boolean isValid(int timeout) throws SQLException {
        Connection open = (Connection) DELEGATE.getOpaque(this);
        if (open == null) {
            return false;
        }
        try {
            return open.isValid(timeout);
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public DatabaseMetaData getMetaData() throws SQLException {
        Connection open = delegate();
        try {
            return MetaDataHandler.proxy(this, open.getMetaData());
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public void setClientInfo(String name, String value) throws SQLClientInfoException {
        openForClientInfo().setClientInfo(name, value);
    }

    @Override
    public void setClientInfo(Properties properties) throws SQLClientInfoException {
        openForClientInfo().setClientInfo(properties);
    }

    private Connection openForClientInfo() throws SQLClientInfoException {
        Connection open = (Connection) DELEGATE.getOpaque(this);
        if (open == null) {
            SQLException closed = closed();
            throw new SQLClientInfoException(closed.getMessage(), closed.getSQLState(), Map.of(), closed);
        }
        return open;
    }

    @Override
    public <T> T unwrap(Class<T> iface) throws SQLException {
        if (iface.isInstance(this)) {
            return iface.cast(this);
        }
        Connection open = delegate();
        return iface.isInstance(open) ? iface.cast(open) : open.unwrap(iface);
    }

    @Override
    public boolean isWrapperFor(Class<?> iface) throws SQLException {
        if (iface.isInstance(this)) {
            return true;
        }
        Connection open = delegate();
        return iface.isInstance(open) || open.isWrapperFor(iface);
    }

    @Override
    public String toString() {
        return "connection of pool " + pool() + " to " + endpoint() + (delegate == null ? " (closed)" : "");
    }

    @Override
    public Statement createStatement() throws SQLException {
        Connection open = delegate();
        try {
            return new DelegatingStatement(this, open.createStatement());
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public PreparedStatement prepareStatement(String sql) throws SQLException {
        Connection open = delegate();
        try {
            return new DelegatingPreparedStatement(this, open.prepareStatement(sql));
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public CallableStatement prepareCall(String sql) throws SQLException {
        Connection open = delegate();
        try {
            return new DelegatingCallableStatement(this, open.prepareCall(sql));
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public String nativeSQL(String sql) throws SQLException {
        Connection open = delegate();
        try {
            return open.nativeSQL(sql);
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public void setAutoCommit(boolean autoCommit) throws SQLException {
        Connection open = delegate();
        try {
            open.setAutoCommit(autoCommit);
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public boolean getAutoCommit() throws SQLException {
        Connection open = delegate();
        try {
            return open.getAutoCommit();
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public void commit() throws SQLException {
        Connection open = delegate();
        try {
            open.commit();
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public void rollback() throws SQLException {
        Connection open = delegate();
        try {
            open.rollback();
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public void setReadOnly(boolean readOnly) throws SQLException {
        Connection open = delegate();
        try {
            open.setReadOnly(readOnly);
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public boolean isReadOnly() throws SQLException {
        Connection open = delegate();
        try {
            return open.isReadOnly();
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public void setCatalog(String catalog) throws SQLException {
        Connection open = delegate();
        try {
            open.setCatalog(catalog);
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public String getCatalog() throws SQLException {
        Connection open = delegate();
        try {
            return open.getCatalog();
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public void setTransactionIsolation(int level) throws SQLException {
        Connection open = delegate();
        try {
            open.setTransactionIsolation(level);
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public int getTransactionIsolation() throws SQLException {
        Connection open = delegate();
        try {
            return open.getTransactionIsolation();
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public SQLWarning getWarnings() throws SQLException {
        Connection open = delegate();
        try {
            return open.getWarnings();
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public void clearWarnings() throws SQLException {
        Connection open = delegate();
        try {
            open.clearWarnings();
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public Statement createStatement(int resultSetType, int resultSetConcurrency) throws SQLException {
        Connection open = delegate();
        try {
            return new DelegatingStatement(this, open.createStatement(resultSetType, resultSetConcurrency));
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public PreparedStatement prepareStatement(String sql, int resultSetType, int resultSetConcurrency)
            throws SQLException {
        Connection open = delegate();
        try {
            return new DelegatingPreparedStatement(
                    this, open.prepareStatement(sql, resultSetType, resultSetConcurrency));
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public CallableStatement prepareCall(String sql, int resultSetType, int resultSetConcurrency) throws SQLException {
        Connection open = delegate();
        try {
            return new DelegatingCallableStatement(this, open.prepareCall(sql, resultSetType, resultSetConcurrency));
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public Map<String, Class<?>> getTypeMap() throws SQLException {
        Connection open = delegate();
        try {
            return open.getTypeMap();
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public void setTypeMap(Map<String, Class<?>> map) throws SQLException {
        Connection open = delegate();
        try {
            open.setTypeMap(map);
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public void setHoldability(int holdability) throws SQLException {
        Connection open = delegate();
        try {
            open.setHoldability(holdability);
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public int getHoldability() throws SQLException {
        Connection open = delegate();
        try {
            return open.getHoldability();
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public Savepoint setSavepoint() throws SQLException {
        Connection open = delegate();
        try {
            return open.setSavepoint();
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public Savepoint setSavepoint(String name) throws SQLException {
        Connection open = delegate();
        try {
            return open.setSavepoint(name);
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public void rollback(Savepoint savepoint) throws SQLException {
        Connection open = delegate();
        try {
            open.rollback(savepoint);
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public void releaseSavepoint(Savepoint savepoint) throws SQLException {
        Connection open = delegate();
        try {
            open.releaseSavepoint(savepoint);
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public Statement createStatement(int resultSetType, int resultSetConcurrency, int resultSetHoldability)
            throws SQLException {
        Connection open = delegate();
        try {
            return new DelegatingStatement(
                    this, open.createStatement(resultSetType, resultSetConcurrency, resultSetHoldability));
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public PreparedStatement prepareStatement(
            String sql, int resultSetType, int resultSetConcurrency, int resultSetHoldability) throws SQLException {
        Connection open = delegate();
        try {
            return new DelegatingPreparedStatement(
                    this, open.prepareStatement(sql, resultSetType, resultSetConcurrency, resultSetHoldability));
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public CallableStatement prepareCall(
            String sql, int resultSetType, int resultSetConcurrency, int resultSetHoldability) throws SQLException {
        Connection open = delegate();
        try {
            return new DelegatingCallableStatement(
                    this, open.prepareCall(sql, resultSetType, resultSetConcurrency, resultSetHoldability));
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public PreparedStatement prepareStatement(String sql, int autoGeneratedKeys) throws SQLException {
        Connection open = delegate();
        try {
            return new DelegatingPreparedStatement(this, open.prepareStatement(sql, autoGeneratedKeys));
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public PreparedStatement prepareStatement(String sql, int[] columnIndexes) throws SQLException {
        Connection open = delegate();
        try {
            return new DelegatingPreparedStatement(this, open.prepareStatement(sql, columnIndexes));
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public PreparedStatement prepareStatement(String sql, String[] columnNames) throws SQLException {
        Connection open = delegate();
        try {
            return new DelegatingPreparedStatement(this, open.prepareStatement(sql, columnNames));
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public Clob createClob() throws SQLException {
        Connection open = delegate();
        try {
            return open.createClob();
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public Blob createBlob() throws SQLException {
        Connection open = delegate();
        try {
            return open.createBlob();
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public NClob createNClob() throws SQLException {
        Connection open = delegate();
        try {
            return open.createNClob();
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public SQLXML createSQLXML() throws SQLException {
        Connection open = delegate();
        try {
            return open.createSQLXML();
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public String getClientInfo(String name) throws SQLException {
        Connection open = delegate();
        try {
            return open.getClientInfo(name);
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public Properties getClientInfo() throws SQLException {
        Connection open = delegate();
        try {
            return open.getClientInfo();
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public Array createArrayOf(String typeName, Object[] elements) throws SQLException {
        Connection open = delegate();
        try {
            return Values.out(this, open.createArrayOf(typeName, elements));
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public Struct createStruct(String typeName, Object[] attributes) throws SQLException {
        Connection open = delegate();
        try {
            return open.createStruct(typeName, attributes);
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public void setSchema(String schema) throws SQLException {
        Connection open = delegate();
        try {
            open.setSchema(schema);
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public String getSchema() throws SQLException {
        Connection open = delegate();
        try {
            return open.getSchema();
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public void setNetworkTimeout(Executor executor, int milliseconds) throws SQLException {
        Connection open = delegate();
        try {
            open.setNetworkTimeout(executor, milliseconds);
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public int getNetworkTimeout() throws SQLException {
        Connection open = delegate();
        try {
            return open.getNetworkTimeout();
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public void beginRequest() throws SQLException {
        Connection open = delegate();
        try {
            open.beginRequest();
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public void endRequest() throws SQLException {
        Connection open = delegate();
        try {
            open.endRequest();
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public boolean setShardingKeyIfValid(ShardingKey shardingKey, ShardingKey superShardingKey, int timeout)
            throws SQLException {
        Connection open = delegate();
        try {
            return open.setShardingKeyIfValid(shardingKey, superShardingKey, timeout);
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public boolean setShardingKeyIfValid(ShardingKey shardingKey, int timeout) throws SQLException {
        Connection open = delegate();
        try {
            return open.setShardingKeyIfValid(shardingKey, timeout);
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public void setShardingKey(ShardingKey shardingKey, ShardingKey superShardingKey) throws SQLException {
        Connection open = delegate();
        try {
            open.setShardingKey(shardingKey, superShardingKey);
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public void setShardingKey(ShardingKey shardingKey) throws SQLException {
        Connection open = delegate();
        try {
            open.setShardingKey(shardingKey);
        } catch (SQLException e) {
            throw failed(e);
        }
    }
}
