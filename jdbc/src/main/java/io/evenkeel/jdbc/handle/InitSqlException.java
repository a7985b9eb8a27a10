package io.evenkeel.jdbc.handle;

import java.sql.SQLException;

/** {@code connectionInitSql} failed on a new connection, with the server's own state and code. */
public final class InitSqlException extends SQLException {
    private static final long serialVersionUID = 1L;

    public InitSqlException(SQLException failure) {
        super("connectionInitSql: " + failure.getMessage(), failure.getSQLState(), failure.getErrorCode(), failure);
    }
}
