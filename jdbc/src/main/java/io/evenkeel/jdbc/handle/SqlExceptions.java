package io.evenkeel.jdbc.handle;

import java.io.IOException;
import java.sql.SQLClientInfoException;
import java.sql.SQLDataException;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLIntegrityConstraintViolationException;
import java.sql.SQLInvalidAuthorizationSpecException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.sql.SQLSyntaxErrorException;
import java.sql.SQLTimeoutException;
import java.sql.SQLTransactionRollbackException;
import java.sql.SQLTransientConnectionException;
import java.sql.SQLWarning;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What one exception by itself means, without its causes. */
final class SqlExceptions {
    private SqlExceptions() {}

    /** Null where it carries no information, so that its causes decide. */
    static @Nullable Fault classifyAlone(Throwable failure) {
        if (failure instanceof SQLException sql) {
            return classify(sql);
        }
        return failure instanceof IOException ? Fault.CONNECTION_LOST : null;
    }

    private static @Nullable Fault classify(SQLException failure) {
        String state = Objects.requireNonNullElse(failure.getSQLState(), "");
        Fault byCode = VendorCodes.classify(state, failure.getErrorCode(), failure.getMessage());
        if (byCode != null) {
            return byCode;
        }
        if (isConnectionFailure(failure, state)) {
            // Made around what happened, if that is known: the cause is nearer to the truth.
            return hasReason(failure) ? null : Fault.CONNECTION_LOST;
        }
        return SqlStates.isVague(state) ? classifyByClass(failure) : SqlStates.classify(state);
    }

    /** Whether it claims, by class or by state, that connecting or the connection failed, and not why. */
    static boolean isConnectionFailure(Throwable failure) {
        return failure instanceof SQLException sql
                && isConnectionFailure(sql, Objects.requireNonNullElse(sql.getSQLState(), ""));
    }

    private static boolean isConnectionFailure(SQLException failure, String state) {
        boolean byClass = failure instanceof SQLTransientConnectionException
                || failure instanceof SQLNonTransientConnectionException
                || failure instanceof SQLRecoverableException;
        return SqlStates.isVague(state) ? byClass : state.equals("08000") || state.equals("08001");
    }

    private static @Nullable Fault classifyByClass(SQLException failure) {
        if (failure instanceof SQLInvalidAuthorizationSpecException) {
            return Fault.REFUSED;
        }
        boolean request = failure instanceof SQLDataException
                || failure instanceof SQLIntegrityConstraintViolationException
                || failure instanceof SQLSyntaxErrorException
                || failure instanceof SQLTransactionRollbackException
                || failure instanceof SQLFeatureNotSupportedException
                || (failure instanceof SQLClientInfoException && !hasReason(failure))
                || failure instanceof SQLWarning;
        if (request) {
            return Fault.NONE;
        }
        // The statement may still be running, or its answer be on its way.
        return failure instanceof SQLTimeoutException && !hasReason(failure) ? Fault.UNCLEAR : null;
    }

    private static boolean hasReason(SQLException failure) {
        return failure.getCause() instanceof SQLException
                || failure.getCause() instanceof IOException
                || failure.getNextException() != null;
    }
}
