package io.evenkeel.jdbc.handle;

import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What an error code of MySQL and MariaDB means. A code counts only with the states that they send it with, since other
 * vendors use the same numbers for other things. Sources: the error references of MySQL and MariaDB.
 */
final class VendorCodes {
    /**
     * Shutdown, network errors at the server, offline mode, and the client library's own: gone away, lost, not
     * reached.
     */
    private static final Set<Integer> CONNECTION_LOST = Set.of(
            1053, 1079, 1080, 1152, 1154, 1155, 1156, 1157, 1158, 1159, 1160, 1161, 1184, 2002, 2003, 2006, 2012, 2013,
            2055, 3032);

    /**
     * The session was killed, or ended for being idle or for a packet too large, or both ends disagree about where in
     * the protocol they are.
     */
    private static final Set<Integer> SESSION_LOST = Set.of(1153, 1220, 1927, 2014, 2027, 3169, 4031);

    /** Too many connections, access denied, unknown database, blocked or unknown host, account locked or used up. */
    private static final Set<Integer> REFUSED = Set.of(
            1040, 1043, 1044, 1045, 1049, 1129, 1130, 1203, 1226, 1227, 1251, 1275, 1524, 1698, 1820, 1862, 3118, 4151);

    /** A transaction that was begun as read-only, by the application. */
    private static final int READ_ONLY_TRANSACTION = 1792;

    private static final int READ_ONLY_MODE = 1836;
    private static final int OPTION_PREVENTS_STATEMENT = 1290;

    /** Where the codes of the client library end and the server's later ones begin. */
    private static final int CLIENT_FIRST = 2000;

    private static final int CLIENT_LAST = 2999;

    private VendorCodes() {}

    /** Null where the code carries no information. */
    static @Nullable Fault classify(String state, int code, @Nullable String message) {
        return switch (state) {
            case "HY000" -> classifyGeneral(code, message);
            case "08000", "08004", "08S01", "42000", "70100" -> classifyKnown(code);
            case "25006" -> code == READ_ONLY_TRANSACTION ? Fault.NONE : null;
            default -> null;
        };
    }

    private static @Nullable Fault classifyKnown(int code) {
        if (REFUSED.contains(code)) {
            return Fault.REFUSED;
        }
        if (SESSION_LOST.contains(code)) {
            return Fault.SESSION_LOST;
        }
        return CONNECTION_LOST.contains(code) ? Fault.CONNECTION_LOST : null;
    }

    private static @Nullable Fault classifyGeneral(int code, @Nullable String message) {
        Fault known = classifyKnown(code);
        if (known != null) {
            return known;
        }
        if (code == READ_ONLY_MODE || (code == OPTION_PREVENTS_STATEMENT && namesReadOnly(message))) {
            return Fault.READ_ONLY;
        }
        // Any other of the server's own errors is an answer.
        return code >= 1000 && (code < CLIENT_FIRST || code > CLIENT_LAST) ? Fault.NONE : null;
    }

    /** 1290 is sent for any option that is in the way; secure-file-priv, for one, is no reason to evict. */
    private static boolean namesReadOnly(@Nullable String message) {
        String text = Objects.requireNonNullElse(message, "");
        return text.contains("read-only") || text.contains("read_only");
    }
}
