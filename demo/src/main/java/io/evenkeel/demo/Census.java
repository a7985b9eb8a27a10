package io.evenkeel.demo;

import io.evenkeel.demo.postgres.PostgresServer;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * What the servers themselves say: who is connected now, and how many connections there ever were. Each Pod is asked by
 * its own thread, so that a frozen one delays no other; its last answer stands meanwhile.
 */
final class Census implements AutoCloseable {
    private static final long PERIOD_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final Cluster cluster;
    private final Map<String, Map<String, Integer>> counts = new ConcurrentHashMap<>();
    private final Map<String, Thread> askers = new ConcurrentHashMap<>();
    private volatile boolean closed;

    Census(Cluster cluster) {
        this.cluster = cluster;
        follow();
    }

    /** Begins to ask Pods that are new. Called by the Script's thread. */
    void follow() {
        for (Pod pod : cluster.pods()) {
            askers.computeIfAbsent(pod.name(), name -> {
                Thread thread = new Thread(() -> watch(pod), "demo-census-" + name);
                thread.setDaemon(true);
                thread.start();
                return thread;
            });
        }
    }

    /** Connections of one kind to one Pod. */
    int connections(Kind kind, String pod) {
        return counts.getOrDefault(pod, Map.of()).entrySet().stream()
                .filter(entry -> kind.owns(entry.getKey()))
                .mapToInt(Map.Entry::getValue)
                .sum();
    }

    /** Connections of one kind by Pod, then by client process; a Pod without any may be missing. */
    Map<String, Map<String, Integer>> byPod(Kind kind) {
        Map<String, Map<String, Integer>> found = new TreeMap<>();
        counts.forEach((pod, byApplication) -> byApplication.forEach((application, count) -> {
            if (kind.owns(application)) {
                found.computeIfAbsent(pod, name -> new TreeMap<>()).put(application, count);
            }
        }));
        return found;
    }

    /** Connections of one kind by client process and Pod. */
    Map<String, Integer> connections(Kind kind) {
        Map<String, Integer> found = new TreeMap<>();
        counts.forEach((pod, byApplication) -> byApplication.forEach((application, count) -> {
            if (kind.owns(application)) {
                found.put(application + "@" + pod, count);
            }
        }));
        return found;
    }

    /** Connections of one kind that any server ever let in. */
    long accepted(Kind kind) throws IOException {
        long sum = 0;
        for (PostgresServer server : cluster.servers()) {
            for (Map.Entry<String, Long> entry : server.accepted().entrySet()) {
                sum += kind.owns(entry.getKey()) ? entry.getValue() : 0;
            }
        }
        return sum;
    }

    @Override
    public void close() {
        closed = true;
        askers.values().forEach(LockSupport::unpark);
    }

    private void watch(Pod pod) {
        while (!closed && pod.state() != Pod.State.GONE) {
            if (!pod.server().isRunning()) {
                counts.remove(pod.name());
            } else {
                ask(pod);
            }
            LockSupport.parkNanos(PERIOD_NANOS);
        }
        counts.remove(pod.name());
        askers.remove(pod.name());
    }

    private void ask(Pod pod) {
        try {
            counts.put(pod.name(), pod.server().connections());
        } catch (SQLException noAnswer) {
            // frozen, or just ended: the next round tells
        }
    }
}
