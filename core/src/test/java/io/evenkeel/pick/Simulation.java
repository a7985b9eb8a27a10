package io.evenkeel.pick;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;

/** A client's requests to simulated Pods, one event after another on a clock of its own. */
final class Simulation {

    /** A request on its way. */
    record Sent(SimulatedPod pod, long at, Runnable whenOver) {}

    private record Event(long at, long number, Runnable action) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(number, other.number);
        }
    }

    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final SplittableRandom random;
    private final Chooser chooser;
    SimulatedPod[] pods;
    private long now = 1;
    private long number;
    long sent;
    long failed;
    long refused;
    /** Nanoseconds of each answered request. */
    final List<Long> latencies = new ArrayList<>();

    Simulation(Chooser chooser, long seed, SimulatedPod... pods) {
        this.chooser = chooser;
        this.random = new SplittableRandom(seed);
        this.pods = pods;
    }

    static SimulatedPod[] pods(int count) {
        SimulatedPod[] pods = new SimulatedPod[count];
        for (int i = 0; i < count; i++) {
            pods[i] = new SimulatedPod("pod-" + i);
        }
        return pods;
    }

    long now() {
        return now;
    }

    private void at(long when, Runnable action) {
        events.add(new Event(when, number++, action));
    }

    void in(Duration time, Runnable action) {
        at(now + time.toNanos(), action);
    }

    /** Runs what is due within so much time. */
    void run(Duration time) {
        run(now + time.toNanos(), () -> true);
    }

    private void run(long end, BooleanSupplier goOn) {
        while (!events.isEmpty() && events.peek().at <= end && goOn.getAsBoolean()) {
            Event event = events.poll();
            now = event.at;
            event.action.run();
        }
        if (goOn.getAsBoolean()) {
            now = end;
        }
    }

    /** Runs until so many requests have been sent. */
    void runRequests(long count) {
        long end = sent + count;
        run(Long.MAX_VALUE, () -> sent < end);
    }

    /** Requests at this rate from now on, answered or not. */
    void open(double perSecond, boolean evenly) {
        at(now + gap(perSecond, evenly), () -> {
            send(() -> {});
            open(perSecond, evenly);
        });
    }

    private long gap(double perSecond, boolean evenly) {
        double mean = 1e9 / perSecond;
        return (long) (evenly ? mean : -Math.log(1 - random.nextDouble()) * mean);
    }

    /** So many callers, each of which asks again when it was answered, after a pause that makes this rate altogether. */
    void callers(int count, double perSecond) {
        for (int i = 0; i < count; i++) {
            at(now + (long) (random.nextDouble() * 1e9 * count / perSecond), () -> call(1e9 * count / perSecond));
        }
    }

    private void call(double period) {
        long begun = now;
        send(() -> at(Math.max(now, begun + (long) (period * (0.5 + random.nextDouble()))), () -> call(period)));
    }

    private void send(Runnable whenOver) {
        sent++;
        SimulatedPod pod = chooser.choose(pods, now);
        if (pod == null) {
            refused++;
            whenOver.run();
            return;
        }
        pod.received.add(now);
        pod.inFlight++;
        pod.statistics().began(now);
        Sent request = new Sent(pod, now, whenOver);
        if (pod.silent) {
            return;
        }
        if (pod.busy < pod.workers) {
            work(request);
        } else {
            pod.queue.add(request);
        }
    }

    private void work(Sent request) {
        SimulatedPod pod = request.pod;
        pod.busy++;
        boolean fails = random.nextDouble() < pod.errorRate;
        long takes = fails && pod.failsIn != null ? (long) (pod.failsIn * 1e6) : pod.work.nanos(random);
        at(now + Math.max(1, takes), () -> over(request, fails));
    }

    private void over(Sent request, boolean fails) {
        SimulatedPod pod = request.pod;
        pod.busy--;
        pod.inFlight--;
        long elapsed = now - request.at;
        pod.smoothed = pod.smoothed == 0 ? elapsed : pod.smoothed * 0.9 + elapsed * 0.1;
        if (fails) {
            failed++;
            pod.statistics().failed(now);
        } else {
            latencies.add(elapsed);
            pod.statistics().answered(elapsed, now);
        }
        if (!pod.queue.isEmpty() && !pod.silent) {
            work(pod.queue.poll());
        }
        request.whenOver.run();
    }

    /** Each Pod's part of what was sent between two moments, relative to its part of the weights: 1 is fair. */
    double[] shares(long from, long to) {
        double all = Arrays.stream(pods)
                .mapToLong(pod -> pod.receivedBetween(from, to))
                .sum();
        double weights = Arrays.stream(pods).mapToDouble(pod -> pod.weight).sum();
        return Arrays.stream(pods)
                .mapToDouble(pod -> pod.receivedBetween(from, to) / all / (pod.weight / weights))
                .toArray();
    }

    double percentileMillis(double part) {
        long[] sorted = latencies.stream().mapToLong(Long::longValue).sorted().toArray();
        return sorted.length == 0 ? Double.NaN : sorted[(int) (part * (sorted.length - 1))] / 1e6;
    }
}
