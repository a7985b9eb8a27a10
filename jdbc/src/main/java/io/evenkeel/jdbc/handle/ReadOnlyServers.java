package io.evenkeel.jdbc.handle;

import java.sql.Connection;
import java.sql.SQLException;
import org.postgresql.PGConnection;

/**
 * Tells a server that takes no writes from a transaction that the application made read-only: both answer SQLState
 * 25006. Asks only what the driver knows already.
 */
final class ReadOnlyServers {
    private ReadOnlyServers() {}

    /** Whether the server, rather than the application's own wish, is why a write was refused; true where unknown. */
    static boolean isReadOnly(Connection open, SQLException failure) {
        try {
            if (open.isReadOnly()) {
                return false;
            }
            return !failure.getClass().getName().startsWith("org.postgresql.") || Postgres.isReadOnly(open);
        } catch (SQLException e) {
            return true; // at best unusable, so evicting it is right
        }
    }

    /** A class of its own, so that pgjdbc's are loaded only where an exception of pgjdbc has been seen. */
    private static final class Postgres {
        /**
         * PostgreSQL 14 and later report both settings whenever they change; {@code begin read only} changes neither.
         */
        static boolean isReadOnly(Connection open) throws SQLException {
            if (!open.isWrapperFor(PGConnection.class)) {
                return true;
            }
            PGConnection postgres = open.unwrap(PGConnection.class);
            String standby = postgres.getParameterStatus("in_hot_standby");
            String byDefault = postgres.getParameterStatus("default_transaction_read_only");
            return standby == null || byDefault == null || standby.equals("on") || byDefault.equals("on");
        }
    }
}
