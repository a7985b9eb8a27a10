package io.evenkeel.status;

import io.evenkeel.watch.SourceHealth;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Why callers of a pool get no connection, and what to do about it: the one place where messages about that are made.
 * Immutable.
 *
 * <p>The cause is looked for where it would be in the way first: is the pool closed; does the source have endpoints
 * that stay; have the connections that are missing failed, and of what most; are all that exist in use. An ejection is
 * a consequence: where all endpoints are ejected for one kind of failure, that kind is the cause.
 *
 * @param cause what is wrong
 * @param advice what to do, as a part of a sentence
 * @param status the pool at that moment
 * @param failure the last failure behind the cause, or null if there is none
 */
public record Diagnosis(
        FailureCause cause,
        String advice,
        PoolStatus status,
        @Nullable EndpointFailure failure) {

    private static final int MOST_SHOWN = 10;

    public Diagnosis {
        Objects.requireNonNull(cause, "cause");
        Objects.requireNonNull(advice, "advice");
        Objects.requireNonNull(status, "status");
    }

    /**
     * What is wrong with a pool at which a caller got no connection.
     *
     * @param whenExhausted what to do if all connections are in use, which depends on the adapter; as a part of a
     *     sentence
     */
    public static Diagnosis of(PoolStatus status, String whenExhausted) {
        if (status.closed()) {
            return new Diagnosis(FailureCause.CLOSED, FailureCause.CLOSED.advice(), status, null);
        }
        List<EndpointStatus> staying = status.endpoints().stream()
                .filter(endpoint -> !endpoint.leaving())
                .toList();
        if (staying.isEmpty()) {
            boolean answered = status.source().health() == SourceHealth.HEALTHY;
            FailureCause cause = answered ? FailureCause.NO_ENDPOINTS : FailureCause.SOURCE_FAILS;
            return new Diagnosis(cause, cause.advice(), status, null);
        }
        List<EndpointFailure> failures = failuresWhereConnectionsAreMissing(staying);
        if (!failures.isEmpty()) {
            return ofFailures(status, staying, failures);
        }
        boolean open = staying.stream().anyMatch(endpoint -> endpoint.open() > 0);
        return open
                ? new Diagnosis(FailureCause.POOL_EXHAUSTED, whenExhausted, status, null)
                : new Diagnosis(FailureCause.CONNECTING, FailureCause.CONNECTING.advice(), status, null);
    }

    /** An endpoint that has all its connections has recovered from its last failure. */
    private static List<EndpointFailure> failuresWhereConnectionsAreMissing(List<EndpointStatus> staying) {
        List<EndpointFailure> failures = new ArrayList<>();
        for (EndpointStatus endpoint : staying) {
            EndpointFailure failure = endpoint.lastFailure();
            boolean missing = endpoint.isEjected() || endpoint.open() < Math.max(1, endpoint.plannedSeats());
            if (failure != null && missing) {
                failures.add(failure);
            }
        }
        return failures;
    }

    private static Diagnosis ofFailures(
            PoolStatus status, List<EndpointStatus> staying, List<EndpointFailure> failures) {
        Map<FailureCause, Integer> counts = new EnumMap<>(FailureCause.class);
        failures.forEach(failure -> counts.merge(failure.cause(), 1, Integer::sum));
        // Of equally many the one that says more: OTHER and UNREACHABLE come last.
        FailureCause most = counts.entrySet().stream()
                .max(Comparator.<Map.Entry<FailureCause, Integer>>comparingInt(Map.Entry::getValue)
                        .thenComparingInt(entry -> isVague(entry.getKey()) ? 0 : 1))
                .orElseThrow()
                .getKey();
        EndpointFailure latest = failures.stream()
                .filter(failure -> failure.cause() == most)
                .min(Comparator.comparing(EndpointFailure::ago))
                .orElseThrow();
        boolean allEjected = staying.stream().allMatch(EndpointStatus::isEjected);
        FailureCause cause = allEjected && counts.size() > 1 ? FailureCause.ALL_EJECTED : most;
        return new Diagnosis(cause, cause.advice(), status, latest);
    }

    private static boolean isVague(FailureCause cause) {
        return cause == FailureCause.OTHER || cause == FailureCause.UNREACHABLE;
    }

    /** What was thrown last for this cause, to be the cause of the caller's exception; null if nothing was. */
    public @Nullable Throwable exception() {
        return failure == null ? null : failure.exception();
    }

    /**
     * The whole message of an exception.
     *
     * @param what the caller got, such as {@code no connection within 30000 ms}
     */
    public String message(String what) {
        StringBuilder text = new StringBuilder("Pool ")
                .append(status.pool())
                .append(": ")
                .append(what)
                .append(": ")
                .append(cause.summary());
        if (failure != null) {
            text.append(" (").append(failure.message()).append(')');
        }
        text.append("; ").append(advice).append(". ");
        appendCounts(text);
        status.endpoints().stream()
                // Those that fail first, since the others are of less interest where there are many.
                .sorted(Comparator.comparing((EndpointStatus endpoint) -> endpoint.lastFailure() == null))
                .limit(MOST_SHOWN)
                .forEach(endpoint -> append(text, endpoint));
        int more = status.endpoints().size() - MOST_SHOWN;
        return text.append(more > 0 ? "; and " + more + " more. " : ". ")
                .append("The ")
                .append(status.source())
                .toString();
    }

    private void appendCounts(StringBuilder text) {
        text.append(status.open())
                .append(" of ")
                .append(status.seats())
                .append(" connections open, ")
                .append(status.inUse())
                .append(" in use, ")
                .append(status.connecting())
                .append(" connecting, ")
                .append(status.waiting())
                .append(" callers waiting, ")
                .append(status.endpoints().size())
                .append(status.endpoints().size() == 1 ? " endpoint" : " endpoints");
    }

    /** Says only what is so: an endpoint that is neither ejected nor leaving is not called left out. */
    private static void append(StringBuilder text, EndpointStatus endpoint) {
        text.append("; ")
                .append(endpoint.endpoint().key())
                .append(": ")
                .append(endpoint.open())
                .append(" of ")
                .append(endpoint.plannedSeats())
                .append(" open, ")
                .append(endpoint.inUse())
                .append(" in use");
        if (endpoint.draining() > 0) {
            text.append(", ").append(endpoint.draining()).append(" to be closed on return");
        }
        if (endpoint.leaving()) {
            text.append(", leaving");
        }
        if (endpoint.ejectedFor() != null) {
            text.append(", ejected for ")
                    .append(endpoint.ejectedFor().toSeconds())
                    .append(" s more");
        }
        if (endpoint.lastFailure() != null) {
            text.append(", last failure ").append(endpoint.lastFailure());
        }
    }

    @Override
    public String toString() {
        return cause + (failure == null ? "" : " (" + failure.message() + ")");
    }
}
