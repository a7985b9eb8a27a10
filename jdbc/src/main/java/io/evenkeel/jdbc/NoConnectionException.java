package io.evenkeel.jdbc;

import io.evenkeel.status.Diagnosed;
import io.evenkeel.status.Diagnosis;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import org.jspecify.annotations.Nullable;

/**
 * No connection was available in time. The message names the cause, what to change and each Pod's counts; the
 * driver's own exception, where one is in the way, is the cause, and its SQLState is this one's.
 */
public final class NoConnectionException extends SQLTransientConnectionException implements Diagnosed {
    private static final long serialVersionUID = 1L;

    private final transient @Nullable Diagnosis diagnosis;

    NoConnectionException(String what, SQLException refusal, Diagnosis diagnosis) {
        super(
                diagnosis.message(what),
                refusal.getSQLState(),
                refusal.getErrorCode(),
                diagnosis.exception() != null ? diagnosis.exception() : refusal.getCause());
        this.diagnosis = diagnosis;
    }

    @Override
    public @Nullable Diagnosis diagnosis() {
        return diagnosis;
    }
}
