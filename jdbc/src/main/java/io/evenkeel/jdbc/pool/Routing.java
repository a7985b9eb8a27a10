package io.evenkeel.jdbc.pool;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * The Pods that may get work, and in which turns they get it. The arrays are never changed.
 *
 * <p>Each Pod has one turn where their seats differ by no more than what rounding makes them differ; else it has as
 * many as seats, spread out, since then their weights differ or a Pod is still being filled.
 */
@SuppressWarnings("ArrayRecordComponent") // read on every choice; never compared
record Routing(Pod[] turns) {
    static final Routing NONE = new Routing(new Pod[0]);
    private static final int MOST_TURNS = 1024;

    static Routing of(Collection<Pod> known) {
        List<Pod> pods = new ArrayList<>();
        int most = 0;
        int least = Integer.MAX_VALUE;
        for (Pod pod : known) {
            int seats = pod.seats().length;
            if (pod.isRoutable() && seats > 0) {
                pods.add(pod);
                most = Math.max(most, seats);
                least = Math.min(least, seats);
            }
        }
        if (most - least <= 1 || pods.size() * (long) most > MOST_TURNS) {
            return new Routing(pods.toArray(Pod[]::new));
        }
        return new Routing(spread(pods, most));
    }

    /** Turn k of s comes at (k + 1/2) / s of the round. */
    private static Pod[] spread(List<Pod> pods, int most) {
        record Turn(double at, Pod pod) {}
        List<Turn> turns = new ArrayList<>(pods.size() * most);
        for (Pod pod : pods) {
            int seats = pod.seats().length;
            for (int k = 0; k < seats; k++) {
                turns.add(new Turn((k + 0.5) / seats, pod));
            }
        }
        turns.sort((a, b) -> Double.compare(a.at, b.at));
        return turns.stream().map(Turn::pod).toArray(Pod[]::new);
    }
}
