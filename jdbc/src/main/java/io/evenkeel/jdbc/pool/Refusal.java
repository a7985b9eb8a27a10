package io.evenkeel.jdbc.pool;

import io.evenkeel.spi.EndpointConnections.Load;
import java.time.Duration;
import java.util.Collection;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Says why a caller got no connection, and what to change. */
final class Refusal {
    private Refusal() {}

    static String describe(HikariSettings settings, Duration took, Collection<Pod> pods, int waiting, int failedAt) {
        int seats = 0;
        int busy = 0;
        int open = 0;
        StringBuilder each = new StringBuilder();
        for (Pod pod : sorted(pods)) {
            seats += pod.seats().length;
            busy += pod.busy();
            open += pod.load().open();
            each.append("; ").append(describe(pod));
        }
        String tried = failedAt == 0 ? "" : " after " + failedAt + " that did not work";
        return settings.name() + ": no connection within " + took.toMillis() + " ms" + tried + " (" + busy + " of "
                + seats
                + " connections in use at " + pods.size() + " endpoints, " + waiting + " more callers waiting)" + each
                + ". " + advice(settings, seats, open, busy, latest(pods));
    }

    private static String advice(HikariSettings settings, int seats, int open, int busy, @Nullable Throwable failure) {
        if (failure != null && (seats == 0 || busy < seats)) {
            return "Connections can't be opened: see the last failure of each endpoint.";
        }
        if (seats == 0 || open == 0) {
            return "No endpoint has a connection yet: check that the target names Pods that are ready.";
        }
        return "Return connections sooner, or raise maximumPoolSize (" + settings.budget() + ") or connectionTimeout ("
                + settings.connectionTimeout() + " ms).";
    }

    private static String describe(Pod pod) {
        Load load = pod.load();
        Throwable failure = pod.lastFailure();
        return pod.key() + ": " + pod.seats().length + " seats, " + load.open() + " open, " + load.inUse() + " in use, "
                + load.idle() + " idle"
                + (load.connecting() > 0 ? ", " + load.connecting() + " connecting" : "")
                + (load.draining() > 0 ? ", " + load.draining() + " to be closed on return" : "")
                + (pod.isRoutable() ? "" : ", left out (ejected, leaving or without a seat)")
                + (failure == null ? "" : ", last failure: " + failure);
    }

    private static Collection<Pod> sorted(Collection<Pod> pods) {
        TreeMap<String, Pod> byName = new TreeMap<>();
        pods.forEach(pod -> byName.put(pod.key().toString(), pod));
        return byName.values();
    }

    /** Some failure of a Pod that can't be reached now, as the cause. */
    static @Nullable Throwable latest(Collection<Pod> pods) {
        for (Pod pod : pods) {
            if (pod.isFailing()) {
                return pod.lastFailure();
            }
        }
        return null;
    }
}
