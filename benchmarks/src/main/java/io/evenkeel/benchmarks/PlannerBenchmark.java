package io.evenkeel.benchmarks;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.plan.Candidate;
import io.evenkeel.plan.Plan;
import io.evenkeel.plan.Planner;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * How long one plan takes. Every run plans for another client, so that nothing can be remembered between runs; the time
 * is from the call to the finished plan, on one thread. Run it from the root of the project with
 *
 * <pre>{@code
 * mvn -q -pl benchmarks -am test-compile exec:java -Dexec.mainClass=io.evenkeel.benchmarks.PlannerBenchmark
 * }</pre>
 */
public final class PlannerBenchmark {

    private static final int WARM_UP_RUNS = 300;
    private static final int RUNS = 1_000;

    private PlannerBenchmark() {}

    /** Prints the median and the 99th percentile for several sizes; takes no arguments. */
    public static void main(String[] arguments) {
        System.out.printf("%-10s %10s %10s %12s %12s%n", "endpoints", "seats", "weights", "median ms", "p99 ms");
        for (int[] size : new int[][] {{100, 10}, {10_000, 1}, {10_000, 10}, {10_000, 1_000}, {10_000, 100_000}}) {
            measure(size[0], size[1], false);
            measure(size[0], size[1], true);
        }
    }

    private static void measure(int endpoints, int seats, boolean weighted) {
        List<Candidate> candidates = candidates(endpoints, weighted);
        long handedOut = 0;
        double[] millis = new double[RUNS];
        for (int run = -WARM_UP_RUNS; run < RUNS; run++) {
            String client = "web-7d4b9c6f5-" + run + "/pg";
            long start = System.nanoTime();
            Plan plan = Planner.plan(client, seats, candidates);
            long nanos = System.nanoTime() - start;
            handedOut += plan.seats();
            if (run >= 0) {
                millis[run] = nanos / 1e6;
            }
        }
        if (handedOut != (long) seats * (RUNS + WARM_UP_RUNS)) {
            throw new IllegalStateException("seats handed out: " + handedOut + " (expected: " + seats + " per run)");
        }
        Arrays.sort(millis);
        System.out.printf(
                Locale.ROOT,
                "%-10d %10d %10s %12.3f %12.3f%n",
                endpoints,
                seats,
                weighted ? "unequal" : "equal",
                millis[RUNS / 2],
                millis[RUNS * 99 / 100]);
    }

    private static List<Candidate> candidates(int count, boolean weighted) {
        List<Candidate> candidates = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String identity = "pg-" + i;
            EndpointKey key = new EndpointKey(identity, "10.0." + i / 256 + "." + i % 256, 5432);
            candidates.add(new Candidate(key, identity, weighted ? 1 + i % 7 * 0.5 : 1));
        }
        return candidates;
    }
}
