package io.evenkeel.benchmarks;

import java.io.InputStream;
import java.io.Reader;
import java.math.BigDecimal;
import java.net.URL;
import java.sql.Array;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.Date;
import java.sql.NClob;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.Ref;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.RowId;
import java.sql.SQLWarning;
import java.sql.SQLXML;
import java.sql.Time;
import java.sql.Timestamp;
import java.util.Calendar;

/** A statement that does nothing. */
@SuppressWarnings({"NullAway", "deprecation"}) // nothing of it is used
final class StubStatement implements PreparedStatement {
    private boolean closed;

    @Override
    public void addBatch() {}

    @Override
    public void addBatch(String a0) {}

    @Override
    public void cancel() {}

    @Override
    public void clearBatch() {}

    @Override
    public void clearParameters() {}

    @Override
    public void clearWarnings() {}

    @Override
    public void close() {
        closed = true;
    }

    @Override
    public void closeOnCompletion() {}

    @Override
    public boolean execute() {
        return false;
    }

    @Override
    public boolean execute(String a0) {
        return false;
    }

    @Override
    public boolean execute(String a0, int a1) {
        return false;
    }

    @Override
    public boolean execute(String a0, int[] a1) {
        return false;
    }

    @Override
    public boolean execute(String a0, String[] a1) {
        return false;
    }

    @Override
    public int[] executeBatch() {
        return null;
    }

    @Override
    public ResultSet executeQuery() {
        return new StubResultSet();
    }

    @Override
    public ResultSet executeQuery(String a0) {
        return new StubResultSet();
    }

    @Override
    public int executeUpdate() {
        return 0;
    }

    @Override
    public int executeUpdate(String a0) {
        return 0;
    }

    @Override
    public int executeUpdate(String a0, int a1) {
        return 0;
    }

    @Override
    public int executeUpdate(String a0, int[] a1) {
        return 0;
    }

    @Override
    public int executeUpdate(String a0, String[] a1) {
        return 0;
    }

    @Override
    public Connection getConnection() {
        return null;
    }

    @Override
    public int getFetchDirection() {
        return 0;
    }

    @Override
    public int getFetchSize() {
        return 0;
    }

    @Override
    public ResultSet getGeneratedKeys() {
        return null;
    }

    @Override
    public int getMaxFieldSize() {
        return 0;
    }

    @Override
    public int getMaxRows() {
        return 0;
    }

    @Override
    public ResultSetMetaData getMetaData() {
        return null;
    }

    @Override
    public boolean getMoreResults() {
        return false;
    }

    @Override
    public boolean getMoreResults(int a0) {
        return false;
    }

    @Override
    public ParameterMetaData getParameterMetaData() {
        return null;
    }

    @Override
    public int getQueryTimeout() {
        return 0;
    }

    @Override
    public ResultSet getResultSet() {
        return null;
    }

    @Override
    public int getResultSetConcurrency() {
        return 0;
    }

    @Override
    public int getResultSetHoldability() {
        return 0;
    }

    @Override
    public int getResultSetType() {
        return 0;
    }

    @Override
    public int getUpdateCount() {
        return 0;
    }

    @Override
    public SQLWarning getWarnings() {
        return null;
    }

    @Override
    public boolean isCloseOnCompletion() {
        return false;
    }

    @Override
    public boolean isClosed() {
        return closed;
    }

    @Override
    public boolean isPoolable() {
        return false;
    }

    @Override
    public boolean isWrapperFor(Class<?> a0) {
        return false;
    }

    @Override
    public void setArray(int a0, Array a1) {}

    @Override
    public void setAsciiStream(int a0, InputStream a1) {}

    @Override
    public void setAsciiStream(int a0, InputStream a1, int a2) {}

    @Override
    public void setAsciiStream(int a0, InputStream a1, long a2) {}

    @Override
    public void setBigDecimal(int a0, BigDecimal a1) {}

    @Override
    public void setBinaryStream(int a0, InputStream a1) {}

    @Override
    public void setBinaryStream(int a0, InputStream a1, int a2) {}

    @Override
    public void setBinaryStream(int a0, InputStream a1, long a2) {}

    @Override
    public void setBlob(int a0, InputStream a1) {}

    @Override
    public void setBlob(int a0, InputStream a1, long a2) {}

    @Override
    public void setBlob(int a0, Blob a1) {}

    @Override
    public void setBoolean(int a0, boolean a1) {}

    @Override
    public void setByte(int a0, byte a1) {}

    @Override
    public void setBytes(int a0, byte[] a1) {}

    @Override
    public void setCharacterStream(int a0, Reader a1) {}

    @Override
    public void setCharacterStream(int a0, Reader a1, int a2) {}

    @Override
    public void setCharacterStream(int a0, Reader a1, long a2) {}

    @Override
    public void setClob(int a0, Reader a1) {}

    @Override
    public void setClob(int a0, Reader a1, long a2) {}

    @Override
    public void setClob(int a0, Clob a1) {}

    @Override
    public void setCursorName(String a0) {}

    @Override
    public void setDate(int a0, Date a1) {}

    @Override
    public void setDate(int a0, Date a1, Calendar a2) {}

    @Override
    public void setDouble(int a0, double a1) {}

    @Override
    public void setEscapeProcessing(boolean a0) {}

    @Override
    public void setFetchDirection(int a0) {}

    @Override
    public void setFetchSize(int a0) {}

    @Override
    public void setFloat(int a0, float a1) {}

    @Override
    public void setInt(int a0, int a1) {}

    @Override
    public void setLong(int a0, long a1) {}

    @Override
    public void setMaxFieldSize(int a0) {}

    @Override
    public void setMaxRows(int a0) {}

    @Override
    public void setNCharacterStream(int a0, Reader a1) {}

    @Override
    public void setNCharacterStream(int a0, Reader a1, long a2) {}

    @Override
    public void setNClob(int a0, Reader a1) {}

    @Override
    public void setNClob(int a0, Reader a1, long a2) {}

    @Override
    public void setNClob(int a0, NClob a1) {}

    @Override
    public void setNString(int a0, String a1) {}

    @Override
    public void setNull(int a0, int a1) {}

    @Override
    public void setNull(int a0, int a1, String a2) {}

    @Override
    public void setObject(int a0, Object a1) {}

    @Override
    public void setObject(int a0, Object a1, int a2) {}

    @Override
    public void setObject(int a0, Object a1, int a2, int a3) {}

    @Override
    public void setPoolable(boolean a0) {}

    @Override
    public void setQueryTimeout(int a0) {}

    @Override
    public void setRef(int a0, Ref a1) {}

    @Override
    public void setRowId(int a0, RowId a1) {}

    @Override
    public void setSQLXML(int a0, SQLXML a1) {}

    @Override
    public void setShort(int a0, short a1) {}

    @Override
    public void setString(int a0, String a1) {}

    @Override
    public void setTime(int a0, Time a1) {}

    @Override
    public void setTime(int a0, Time a1, Calendar a2) {}

    @Override
    public void setTimestamp(int a0, Timestamp a1) {}

    @Override
    public void setTimestamp(int a0, Timestamp a1, Calendar a2) {}

    @Override
    public void setURL(int a0, URL a1) {}

    @Override
    public void setUnicodeStream(int a0, InputStream a1, int a2) {}

    @Override
    public <T> T unwrap(Class<T> a0) {
        return null;
    }
}
