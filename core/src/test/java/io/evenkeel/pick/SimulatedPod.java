package io.evenkeel.pick;

import io.evenkeel.plan.SlowStart;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;

/** A Pod with so many workers and a queue, on the simulation's time. */
final class SimulatedPod implements Pickable {

    /** How long each request takes, when a worker has it. */
    interface Work {
        long nanos(SplittableRandom random);
    }

    static Work fixed(double millis) {
        return random -> (long) (millis * 1e6);
    }

    /** Most requests are quick, some take several times as long. */
    static Work exponential(double millis) {
        return random -> (long) (-Math.log(1 - random.nextDouble()) * millis * 1e6);
    }

    final String name;
    private final RequestStatistics statistics = new RequestStatistics();
    double weight = 1;
    long rampingSince;
    Duration slowStart = Duration.ZERO;
    int workers = Integer.MAX_VALUE;
    Work work = fixed(5);
    double errorRate;
    /** How long a failure takes; null for as long as an answer. */
    Double failsIn;

    boolean silent;
    boolean available = true;

    int inFlight;
    int busy;
    final Deque<Simulation.Sent> queue = new ArrayDeque<>();
    /** When each of its requests was sent to it. */
    final List<Long> received = new ArrayList<>();
    /** What rsocket-java's statistics would hold: its own mean of the last answers. */
    double smoothed;

    SimulatedPod(String name) {
        this.name = name;
    }

    @Override
    public RequestStatistics statistics() {
        return statistics;
    }

    @Override
    public boolean isAvailable() {
        return available;
    }

    @Override
    public int inFlight(boolean openEnded) {
        return inFlight;
    }

    @Override
    public double weight(long now) {
        return weight * SlowStart.factor(Duration.ofNanos(now - rampingSince), slowStart);
    }

    long receivedBetween(long from, long to) {
        return received.stream().filter(at -> at >= from && at < to).count();
    }

    /** The longest time within the span without a request. */
    long longestGap(long from, long to) {
        long last = from;
        long longest = 0;
        for (long at : received) {
            if (at >= from && at < to) {
                longest = Math.max(longest, at - last);
                last = at;
            }
        }
        return Math.max(longest, to - last);
    }
}
