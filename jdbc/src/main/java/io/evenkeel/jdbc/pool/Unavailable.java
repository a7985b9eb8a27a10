package io.evenkeel.jdbc.pool;

import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import org.jspecify.annotations.Nullable;

/** No connection in time. */
final class Unavailable extends SQLTransientConnectionException {
    private static final long serialVersionUID = 1L;

    /** With the SQLState of what is in the way, as HikariCP does, where there is one. */
    Unavailable(String message, @Nullable Throwable cause) {
        super(message, state(cause), cause instanceof SQLException sql ? sql.getErrorCode() : 0, cause);
    }

    private static String state(@Nullable Throwable cause) {
        return cause instanceof SQLException sql && sql.getSQLState() != null ? sql.getSQLState() : "08001";
    }
}
