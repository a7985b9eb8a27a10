package io.evenkeel.jdbc.handle;

import static java.util.Map.entry;

import java.util.Map;
import java.util.Set;

/**
 * What a SQLState means. Sources: ISO/IEC 9075-2 (classes), PostgreSQL's manual, appendix A, the drivers' own use of
 * class 08, and the error references of MySQL and MariaDB.
 */
final class SqlStates {
    private SqlStates() {}

    /** States whose class says something else. */
    private static final Map<String, Fault> STATES = Map.ofEntries(
            // A disconnect error: a warning by its class, the end of the connection by its meaning.
            entry("01002", Fault.CONNECTION_LOST),
            // The driver refuses to work with what was closed: the reason was reported then.
            entry("08003", Fault.SESSION_LOST),
            // The server rejected the connection, or the driver can't do what the server demands of it.
            entry("08004", Fault.REFUSED),
            // PostgreSQL answers a Bind with a wrong number of parameters so; PgBouncer, much besides.
            entry("08P01", Fault.SESSION_LOST),
            entry("25006", Fault.READ_ONLY),
            // The server ended the session: idle in a transaction, a transaction for too long, or idle, for too long.
            entry("25P03", Fault.SESSION_LOST),
            entry("25P04", Fault.SESSION_LOST),
            entry("57P05", Fault.SESSION_LOST),
            entry("3D000", Fault.REFUSED),
            entry("53300", Fault.REFUSED),
            // Shut down by an administrator, crashed.
            entry("57P01", Fault.CONNECTION_LOST),
            entry("57P02", Fault.CONNECTION_LOST),
            entry("57P03", Fault.STARTING),
            entry("57P04", Fault.SESSION_LOST),
            // Sybase and jConnect: already closed, I/O error.
            entry("JZ0C0", Fault.CONNECTION_LOST),
            entry("JZ0C1", Fault.CONNECTION_LOST));

    /** Classes of errors that a server answers with, or a driver refuses a call with, while the connection works. */
    private static final Set<String> REQUEST_CLASSES = Set.of(
            "00", "01", "02", "03", "07", "09", "0A", "0B", "0D", "0E", "0F", "0K", "0L", "0M", "0N", "0P", "0S", "0T",
            "0U", "0V", "0W", "0X", "0Y", "0Z", "10", "20", "21", "22", "23", "24", "25", "26", "27", "2B", "2C", "2D",
            "2E", "2F", "2H", "30", "33", "34", "35", "36", "38", "39", "3B", "3C", "3D", "3F", "40", "42", "44", "45",
            "46", "53", "54", "55", "57", "70", "72", "F0", "HV", "HW", "P0", "S1", "XA");

    /** Whether a state only means that there was an error. */
    static boolean isVague(String state) {
        return state.isEmpty() || state.equals("HY000") || state.equals("S1000");
    }

    static Fault classify(String state) {
        Fault known = STATES.get(state);
        if (known != null) {
            return known;
        }
        String of = state.length() < 2 ? state : state.substring(0, 2);
        return switch (of) {
            case "08" -> Fault.CONNECTION_LOST;
            case "28" -> Fault.REFUSED;
            default -> REQUEST_CLASSES.contains(of) ? Fault.NONE : Fault.UNCLEAR;
        };
    }
}
