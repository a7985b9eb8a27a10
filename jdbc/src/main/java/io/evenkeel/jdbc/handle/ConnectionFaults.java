package io.evenkeel.jdbc.handle;

import java.io.IOException;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTransientConnectionException;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether an exception says something about the connection or its endpoint, or only about the user's request.
 *
 * <p>The exception, its causes and its next exceptions are looked at, nearest first; the first that says something
 * decides:
 *
 * <ol>
 *   <li>SQLState 28*, and pgjdbc's 08004 (no way to authenticate with what it was given): access was denied. Every
 *       endpoint would answer the same, so counting it would eject them all for one mistyped password, and hide the cause.
 *   <li>SQLState 25006, MySQL's 1836, and 1290 where it names the read-only option: the server has become read-only.
 *   <li>SQLState 08*, 57P01 to 57P03, 53300, or MySQL's 1040, 1053, 2006, 2013 and 3032: the endpoint cannot be reached,
 *       shuts down, or takes no more.
 *   <li>No SQLState, or one that only says "general error", on one of JDBC's classes of connection failures: the same.
 *   <li>Any other SQLState: the server answered, so the connection works. A cancelled query (57014), a serialization
 *       failure (40001) and a session that was idle for too long (57P05, 25P03) are among these.
 *   <li>An {@link IOException}: the network failed beneath the driver.
 * </ol>
 *
 * <p>Vendor codes count only with SQLState HY000, which is how MySQL and MariaDB send those that have no state of their
 * own; other vendors use the same numbers for other things. Sources: PostgreSQL's manual, appendix A; the error
 * references of MySQL and MariaDB.
 */
public final class ConnectionFaults {

    /** What an exception says. */
    public enum Fault {
        /** Nothing about the connection. */
        NONE,
        /** The connection or its endpoint failed. */
        CONNECTION,
        /** The endpoint works but takes no writes; the connection should be evicted, the endpoint not be blamed. */
        READ_ONLY
    }

    private static final Set<String> CONNECTION_STATES = Set.of("57P01", "57P02", "57P03", "53300");
    private static final Set<Integer> CONNECTION_CODES = Set.of(1040, 1053, 2006, 2013, 3032);
    private static final int READ_ONLY_MODE = 1836;
    private static final int OPTION_PREVENTS_STATEMENT = 1290;
    private static final int DEEPEST = 32;

    private ConnectionFaults() {}

    /** What {@code failure} says; never throws, also not for chains that lead back to themselves. */
    public static Fault classify(Throwable failure) {
        Deque<Throwable> ahead = new ArrayDeque<>();
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        ahead.add(failure);
        while (!ahead.isEmpty() && seen.size() < DEEPEST) {
            Throwable next = ahead.removeFirst();
            if (!seen.add(next)) {
                continue;
            }
            Fault fault = next instanceof SQLException sql ? classifyAlone(sql) : classifyAlone(next);
            if (fault != null) {
                return fault;
            }
            add(ahead, next.getCause());
            add(ahead, next instanceof SQLException sql ? sql.getNextException() : null);
        }
        return Fault.NONE;
    }

    /** Whether the endpoint's health should hear of it. */
    public static boolean isConnectionFault(Throwable failure) {
        return classify(failure) == Fault.CONNECTION;
    }

    private static void add(Deque<Throwable> ahead, @Nullable Throwable next) {
        if (next != null) {
            ahead.addLast(next);
        }
    }

    /** Null where it says nothing either way, so that what it came from decides. */
    private static @Nullable Fault classifyAlone(Throwable failure) {
        return failure instanceof IOException ? Fault.CONNECTION : null;
    }

    private static @Nullable Fault classifyAlone(SQLException failure) {
        String state = Objects.requireNonNullElse(failure.getSQLState(), "");
        if (state.isEmpty() || state.equals("HY000") || state.equals("S1000")) {
            return classifyVague(failure, state);
        }
        if (state.startsWith("28") || (state.equals("08004") && failure.getErrorCode() == 0)) {
            return Fault.NONE;
        }
        if (state.equals("25006")) {
            return Fault.READ_ONLY;
        }
        return state.startsWith("08") || CONNECTION_STATES.contains(state) ? Fault.CONNECTION : Fault.NONE;
    }

    private static @Nullable Fault classifyVague(SQLException failure, String state) {
        int code = state.equals("HY000") ? failure.getErrorCode() : 0;
        if (code == READ_ONLY_MODE || (code == OPTION_PREVENTS_STATEMENT && namesReadOnly(failure))) {
            return Fault.READ_ONLY;
        }
        boolean connection = CONNECTION_CODES.contains(code)
                || failure instanceof SQLTransientConnectionException
                || failure instanceof SQLNonTransientConnectionException
                || failure instanceof SQLRecoverableException;
        return connection ? Fault.CONNECTION : null;
    }

    /** 1290 is sent for whichever option is in the way; secure-file-priv, for one, is no reason to evict. */
    private static boolean namesReadOnly(SQLException failure) {
        String message = Objects.requireNonNullElse(failure.getMessage(), "");
        return message.contains("read-only") || message.contains("read_only");
    }
}
