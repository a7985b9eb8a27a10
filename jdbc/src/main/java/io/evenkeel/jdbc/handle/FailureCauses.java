package io.evenkeel.jdbc.handle;

import io.evenkeel.status.FailureCause;
import java.sql.SQLException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Sorts failures to connect into the kinds that differ in what to do about them. For messages only: whether a failure
 * counts against an endpoint or evicts a connection is decided by {@link FaultClassifier}.
 */
public final class FailureCauses {
    private static final int DEEPEST = 20;

    /** Access denied, in the variants of MySQL and MariaDB. */
    private static final Set<Integer> AUTHENTICATION = Set.of(1045, 1251, 1275, 1524, 1698, 1820, 1862, 3118, 4151);

    /** No such database, or none for this user. */
    private static final Set<Integer> DATABASE = Set.of(1044, 1049);

    /** Too many connections of all, or of this user. */
    private static final Set<Integer> LIMIT = Set.of(1040, 1203, 1226);

    private FailureCauses() {}

    /** The kind of the nearest exception in the chain that has one. */
    public static FailureCause of(Throwable failure) {
        Throwable current = failure;
        for (int depth = 0; current != null && depth < DEEPEST; depth++) {
            FailureCause kind = current instanceof SQLException sql ? ofOne(sql) : null;
            if (kind != null) {
                return kind;
            }
            current = current.getCause();
        }
        FailureCause network = FailureCause.of(failure);
        return network == FailureCause.OTHER && failure instanceof SQLException sql ? ofState(sql) : network;
    }

    /** The server that rejects a connection answered: its address, port and network are right. */
    private static FailureCause ofState(SQLException failure) {
        String state = String.valueOf(failure.getSQLState());
        if (state.equals("08004")) {
            return FailureCause.REJECTED;
        }
        return state.startsWith("08") ? FailureCause.UNREACHABLE : FailureCause.OTHER;
    }

    private static @Nullable FailureCause ofOne(SQLException failure) {
        if (failure instanceof InitSqlException) {
            return FailureCause.INIT_SQL;
        }
        String state = String.valueOf(failure.getSQLState());
        return switch (state) {
            case "3D000" -> FailureCause.DATABASE_MISSING;
            case "53300" -> FailureCause.CONNECTION_LIMIT;
            case "57P03" -> FailureCause.NOT_READY;
            default -> state.startsWith("28") ? FailureCause.AUTHENTICATION : ofCode(state, failure.getErrorCode());
        };
    }

    /** The states that MySQL and MariaDB send these codes with; other vendors use the numbers for other things. */
    private static @Nullable FailureCause ofCode(String state, int code) {
        if (!Set.of("HY000", "08000", "08004", "42000", "70100").contains(state)) {
            return null;
        }
        if (AUTHENTICATION.contains(code)) {
            return FailureCause.AUTHENTICATION;
        }
        if (DATABASE.contains(code)) {
            return FailureCause.DATABASE_MISSING;
        }
        return LIMIT.contains(code) ? FailureCause.CONNECTION_LIMIT : null;
    }
}
