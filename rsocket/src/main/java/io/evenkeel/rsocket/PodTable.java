package io.evenkeel.rsocket;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.rsocket.Pod.Seat;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The Pods of one client and all their connections. Written on the control thread; the lists and sums are for any
 * thread.
 *
 * <p>A connection is in one place: on a seat, or lingering at a Pod that is known or was left.
 */
final class PodTable {

    private final Map<EndpointKey, Pod> pods = new ConcurrentHashMap<>();
    /** Pods that were left and have connections that linger. */
    private final Set<Pod> left = ConcurrentHashMap.newKeySet();

    @Nullable
    Pod get(EndpointKey key) {
        return pods.get(key);
    }

    boolean isKnown(Pod pod) {
        return pods.get(pod.key()) == pod;
    }

    void add(Pod pod) {
        pods.put(pod.key(), pod);
    }

    @Nullable
    Pod remove(EndpointKey key) {
        return pods.remove(key);
    }

    Collection<Pod> known() {
        return pods.values();
    }

    /** The Pod was removed; its connections linger as long as they take. */
    void leave(Pod pod) {
        if (!pod.lingering.isEmpty()) {
            left.add(pod);
        }
    }

    /** A connection is gone from this Pod. */
    void tidy(Pod pod) {
        if (pod.lingering.isEmpty()) {
            left.remove(pod);
        }
    }

    /** The Pod that holds the connection, or null if none does any more. */
    @Nullable
    Pod holder(PodConnection connection) {
        Pod current = pods.get(connection.endpoint());
        if (current != null && (current.seatOf(connection) != null || current.lingering.contains(connection))) {
            return current;
        }
        for (Pod pod : left) {
            if (pod.lingering.contains(connection)) {
                return pod;
            }
        }
        return null;
    }

    /** The open connections of the Pods that are routed. */
    PodConnection[] routed() {
        List<PodConnection> open = new ArrayList<>();
        for (Pod pod : pods.values()) {
            for (Seat seat : pod.seats) {
                PodConnection connection = seat.connection;
                if (pod.routed && connection != null && connection.isOpen()) {
                    open.add(connection);
                }
            }
        }
        return open.toArray(new PodConnection[0]);
    }

    /** All that is open or draining. */
    List<PodConnection> connections() {
        List<PodConnection> all = new ArrayList<>();
        for (Pod pod : pods.values()) {
            for (Seat seat : pod.seats) {
                PodConnection connection = seat.connection;
                if (connection != null) {
                    all.add(connection);
                }
            }
            all.addAll(pod.lingering);
        }
        for (Pod pod : left) {
            all.addAll(pod.lingering);
        }
        return all;
    }
}
