package io.evenkeel.jdbc.handle;

import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An SQL array whose result sets name the user's handle. It is the driver's own again when it is passed to the
 * driver.
 */
final class DelegatingArray implements Array {
    private final DelegatingConnection connection;
    private final Array delegate;

    DelegatingArray(DelegatingConnection connection, Array delegate) {
        this.connection = connection;
        this.delegate = delegate;
    }

    Array delegate() {
        return delegate;
    }

    @Override
    public ResultSet getResultSet() throws SQLException {
        try {
            return new DelegatingResultSet(connection, null, delegate.getResultSet());
        } catch (SQLException e) {
            throw connection.failed(e);
        }
    }

    @Override
    public ResultSet getResultSet(Map<String, Class<?>> map) throws SQLException {
        try {
            return new DelegatingResultSet(connection, null, delegate.getResultSet(map));
        } catch (SQLException e) {
            throw connection.failed(e);
        }
    }

    @Override
    public ResultSet getResultSet(long index, int count) throws SQLException {
        try {
            return new DelegatingResultSet(connection, null, delegate.getResultSet(index, count));
        } catch (SQLException e) {
            throw connection.failed(e);
        }
    }

    @Override
    public ResultSet getResultSet(long index, int count, Map<String, Class<?>> map) throws SQLException {
        try {
            return new DelegatingResultSet(connection, null, delegate.getResultSet(index, count, map));
        } catch (SQLException e) {
            throw connection.failed(e);
        }
    }

    @Override
    public Object getArray() throws SQLException {
        return delegate.getArray();
    }

    @Override
    public Object getArray(Map<String, Class<?>> map) throws SQLException {
        return delegate.getArray(map);
    }

    @Override
    public Object getArray(long index, int count) throws SQLException {
        return delegate.getArray(index, count);
    }

    @Override
    public Object getArray(long index, int count, Map<String, Class<?>> map) throws SQLException {
        return delegate.getArray(index, count, map);
    }

    @Override
    public String getBaseTypeName() throws SQLException {
        return delegate.getBaseTypeName();
    }

    @Override
    public int getBaseType() throws SQLException {
        return delegate.getBaseType();
    }

    @Override
    public void free() throws SQLException {
        delegate.free();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof DelegatingArray array ? delegate.equals(array.delegate) : delegate.equals(other);
    }

    @Override
    public int hashCode() {
        return delegate.hashCode();
    }

    /** Drivers take an array's text for its literal. */
    @Override
    public String toString() {
        return delegate.toString();
    }
}
