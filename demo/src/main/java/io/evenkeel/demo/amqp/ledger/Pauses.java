package io.evenkeel.demo.amqp.ledger;

import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.LongStream;

/**
 * The longest pause in each of several windows.
 *
 * @param median half of them were at most this long
 * @param longest the longest of all
 */
public record Pauses(Duration median, Duration longest) {
    static Pauses of(LongStream nanos) {
        long[] sorted = nanos.toArray();
        if (sorted.length == 0) {
            return new Pauses(Duration.ZERO, Duration.ZERO);
        }
        Arrays.sort(sorted);
        return new Pauses(
                Duration.ofNanos(sorted[(sorted.length - 1) / 2]), Duration.ofNanos(sorted[sorted.length - 1]));
    }

    /** Milliseconds, median and longest. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%.1f / %.1f ms", median.toNanos() / 1e6, longest.toNanos() / 1e6);
    }
}
