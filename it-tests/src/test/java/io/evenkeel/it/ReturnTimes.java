package io.evenkeel.it;

import java.util.List;

/** How long it took until what was away was used again, as every adapter's test prints it. */
public final class ReturnTimes {

    private ReturnTimes() {}

    /** @param seconds one of each trial, shortest first */
    public static void print(String what, List<Double> seconds) {
        int trials = seconds.size();
        System.out.printf(
                "%s after %.1f s at the median, %.1f s at the 95th percentile of %d%n",
                what, seconds.get(trials / 2), seconds.get(trials * 95 / 100 - 1), trials);
    }
}
