package io.evenkeel.jdbc.hikari;

import io.evenkeel.spi.EndpointConnections.Load;
import java.time.Duration;
import java.util.Collection;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Says why a caller got no connection, and what to change. */
final class Refusal {
    private Refusal() {}

    static String describe(
            String pool, Duration took, Collection<Lane> lanes, int waiting, int failedAt, String advice) {
        int seats = 0;
        int busy = 0;
        StringBuilder pods = new StringBuilder();
        for (Lane lane : sorted(lanes)) {
            seats += lane.seats().length;
            busy += lane.busy();
            pods.append("; ").append(describe(lane));
        }
        String what = failedAt == 0
                ? "no connection within " + took.toMillis() + " ms"
                : "no connection, tried " + failedAt + " endpoints in " + took.toMillis() + " ms";
        return pool + ": " + what + " (" + busy + " of " + seats + " connections in use at " + lanes.size()
                + " endpoints, " + waiting + " more callers waiting)" + pods + ". "
                + (seats == 0
                        ? "No endpoint has a seat yet: check that the target names Pods that are ready."
                        : advice);
    }

    private static String describe(Lane lane) {
        Load load = lane.load();
        Throwable failure = lane.lastFailure();
        return lane.key() + ": " + lane.seats().length + " seats, " + load.open() + " open, " + load.inUse()
                + " in use, " + load.idle() + " idle"
                + (load.connecting() > 0 ? ", " + load.connecting() + " connecting" : "")
                + (load.draining() > 0 ? ", " + load.draining() + " to be closed on return" : "")
                + (lane.isRoutable() ? "" : ", left out (ejected or leaving)")
                + (failure == null ? "" : ", last failure: " + failure);
    }

    private static Collection<Lane> sorted(Collection<Lane> lanes) {
        TreeMap<String, Lane> byName = new TreeMap<>();
        lanes.forEach(lane -> byName.put(lane.key().toString(), lane));
        return byName.values();
    }

    /** Some failure of a Pod that fails now, as the cause. */
    static @Nullable Throwable latest(Collection<Lane> lanes) {
        for (Lane lane : lanes) {
            if (lane.isFailing()) {
                return lane.lastFailure();
            }
        }
        return null;
    }
}
