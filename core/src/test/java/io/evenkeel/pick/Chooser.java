package io.evenkeel.pick;

import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;

/** How a simulated client chooses: the product's rotation, and what it is compared with. */
interface Chooser {

    /** One of those that are available, or null. */
    SimulatedPod choose(SimulatedPod[] pods, long now);

    /** The product's own. */
    static Chooser rotation(long seed) {
        Rotation rotation = new Rotation(seed);
        return (pods, now) -> rotation.pick(pods, false, now);
    }

    static Chooser roundRobin() {
        AtomicInteger next = new AtomicInteger();
        return (pods, now) -> {
            for (int i = 0; i < pods.length; i++) {
                SimulatedPod pod = pods[Math.floorMod(next.getAndIncrement(), pods.length)];
                if (pod.available) {
                    return pod;
                }
            }
            return null;
        };
    }

    /** Of two drawn by chance the one with less in flight per weight. */
    static Chooser twoChoices(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return (pods, now) -> {
            SimulatedPod one = pods[random.nextInt(pods.length)];
            SimulatedPod other = pods[random.nextInt(pods.length)];
            return load(other, now) < load(one, now) ? other : one;
        };
    }

    /** The one with the least in flight per weight, ties by chance. */
    static Chooser leastInFlight(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return (pods, now) -> {
            int from = random.nextInt(pods.length);
            SimulatedPod best = null;
            for (int i = 0; i < pods.length; i++) {
                SimulatedPod pod = pods[(from + i) % pods.length];
                if (pod.available && (best == null || load(pod, now) < load(best, now))) {
                    best = pod;
                }
            }
            return best;
        };
    }

    private static double load(SimulatedPod pod, long now) {
        return pod.available ? (pod.inFlight + 1) / pod.weight(now) : Double.MAX_VALUE;
    }

    /**
     * A model of rsocket-java's weighted strategy: of two drawn by chance the one with the lower product of predicted latency and
     * what is in flight. It knows no weights and no failures.
     */
    static Chooser weightedStatistics(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return (pods, now) -> {
            SimulatedPod one = pods[random.nextInt(pods.length)];
            SimulatedPod other = pods[random.nextInt(pods.length)];
            return predicted(other) < predicted(one) ? other : one;
        };
    }

    private static double predicted(SimulatedPod pod) {
        return pod.available ? pod.smoothed * (pod.inFlight + 1) : Double.MAX_VALUE;
    }
}
