package io.evenkeel.benchmarks;

import java.util.Arrays;

/** Of the figures of several rounds. */
final class Quantiles {
    private Quantiles() {}

    /** @param part 0.5 for the median */
    static double quantile(double[] values, double part) {
        double[] sorted = Arrays.stream(values).sorted().toArray();
        return sorted[(int) Math.round(part * (sorted.length - 1))];
    }
}
