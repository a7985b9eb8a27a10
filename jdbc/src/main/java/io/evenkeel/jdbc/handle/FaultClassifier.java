package io.evenkeel.jdbc.handle;

import com.zaxxer.hikari.SQLExceptionOverride;
import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one place that decides what a failure means, for eviction and for the endpoint's health alike.
 *
 * <p>The failure, its causes and its next exceptions are examined, nearest first, at most {@value #DEEPEST} of them.
 * The first that carries information decides: a SQLState by {@link SqlStates}, a vendor code of MySQL or MariaDB by
 * {@link VendorCodes}, an exception class of JDBC by its documented meaning, an {@link IOException} because the
 * network failed beneath the driver. If none does, the failure is {@link Fault#UNCLEAR}.
 *
 * <p>The application's {@link SQLExceptionOverride} has the last word on each {@link SQLException} before it is
 * examined: {@code DO_NOT_EVICT} means {@link Fault#NONE}; {@code MUST_EVICT} means at least
 * {@link Fault#SESSION_LOST}.
 *
 * <p>Total: every {@link Throwable} has a fault, chains that lead back to themselves included, and nothing is thrown.
 * Thread-safe.
 */
public final class FaultClassifier {
    private static final Logger LOG = LoggerFactory.getLogger(FaultClassifier.class);
    private static final int DEEPEST = 32;

    /** Without an override. */
    public static final FaultClassifier STANDARD = new FaultClassifier(null);

    private final @Nullable SQLExceptionOverride override;
    private final AtomicBoolean overrideFailed = new AtomicBoolean();

    /** @param override the application's, or null for none */
    public FaultClassifier(@Nullable SQLExceptionOverride override) {
        this.override = override;
    }

    /** What {@code failure} means. */
    public Fault classify(Throwable failure) {
        Deque<Throwable> ahead = new ArrayDeque<>();
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        ahead.add(failure);
        boolean mustEvict = false;
        boolean lost = false;
        Fault found = null;
        while (found == null && !ahead.isEmpty() && seen.size() < DEEPEST) {
            Throwable next = ahead.removeFirst();
            if (!seen.add(next)) {
                continue;
            }
            Ruling ruling = next instanceof SQLException sql ? ruling(sql) : Ruling.CONTINUE;
            if (ruling == Ruling.KEEP) {
                return Fault.NONE;
            }
            mustEvict |= ruling == Ruling.EVICT;
            lost |= SqlExceptions.isConnectionFailure(next);
            found = SqlExceptions.classifyAlone(next);
            addCauses(ahead, next);
        }
        if (found == null) {
            found = lost ? Fault.CONNECTION_LOST : Fault.UNCLEAR;
        }
        // What failed to connect for an answer of the server's has no connection, but the endpoint isn't the reason.
        boolean noConnection = mustEvict || (lost && found != Fault.REFUSED);
        return noConnection && !found.evicts() ? Fault.SESSION_LOST : found;
    }

    private static void addCauses(Deque<Throwable> ahead, Throwable of) {
        add(ahead, of.getCause());
        add(ahead, of instanceof SQLException sql ? sql.getNextException() : null);
    }

    private static void add(Deque<Throwable> ahead, @Nullable Throwable next) {
        if (next != null) {
            ahead.addLast(next);
        }
    }

    private enum Ruling {
        CONTINUE,
        KEEP,
        EVICT
    }

    private Ruling ruling(SQLException failure) {
        if (override == null) {
            return Ruling.CONTINUE;
        }
        try {
            // A switch rather than a comparison: HikariCP 5 has no MUST_EVICT, which a switch tolerates.
            switch (override.adjudicate(failure)) {
                case DO_NOT_EVICT:
                    return Ruling.KEEP;
                case MUST_EVICT:
                    return Ruling.EVICT;
                default:
                    return Ruling.CONTINUE;
            }
        } catch (Throwable e) {
            if (overrideFailed.compareAndSet(false, true)) {
                LOG.warn(
                        "exceptionOverride: {} failed, its failures are ignored from now on and the built-in"
                                + " classification is used",
                        override.getClass().getName(),
                        e);
            }
            return Ruling.CONTINUE;
        }
    }
}
