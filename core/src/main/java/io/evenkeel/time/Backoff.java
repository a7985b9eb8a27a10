package io.evenkeel.time;

import java.time.Duration;
import java.util.Objects;
import java.util.random.RandomGenerator;

/**
 * How long to wait before what failed is tried again. Immutable and thread-safe; the caller counts the failures.
 *
 * <pre>
 *   wait                                                              ,-- most
 *    |                                                           ,---'
 *    |          ,-- plateau, for plateauTries tries in all -----'
 *    |  first -'
 *    +-------------------------------------------------------------------- failures in a row
 * </pre>
 *
 * <p>The wait doubles with each failure. A plain exponential back-off that has grown for a minute finds a server that
 * is back half a minute late; the plateau keeps the tries frequent for as long as a restart usually takes. Each wait is
 * drawn between half and the whole of its value ("equal jitter"), so that clients that failed together do not return
 * together.
 *
 * @param first before the first repetition; above zero
 * @param plateau where the wait stays until {@code plateauTries}; from {@code first} to {@code most}
 * @param plateauTries up to how many failures in a row the wait is at most {@code plateau}; 0 or more
 * @param most the longest wait
 */
public record Backoff(Duration first, Duration plateau, int plateauTries, Duration most) {

    private static final Duration RECONNECT_PLATEAU = Duration.ofSeconds(4);
    /** With waits of 3 s on the average: for a minute and a half, which covers a minute for any draw. */
    private static final int RECONNECT_TRIES = 34;

    private static final Duration RECONNECT_MOST = Duration.ofSeconds(30);

    public Backoff {
        Objects.requireNonNull(plateau, "plateau");
        Objects.requireNonNull(most, "most");
        if (first.isNegative() || first.isZero()) {
            throw new IllegalArgumentException("first: " + first + " (expected: above zero)");
        }
        if (plateau.compareTo(first) < 0 || plateau.compareTo(most) > 0) {
            throw new IllegalArgumentException(
                    "plateau: " + plateau + " (expected: from first, " + first + ", to most, " + most + ")");
        }
        if (plateauTries < 0) {
            throw new IllegalArgumentException("plateauTries: " + plateauTries + " (expected: 0 or more)");
        }
    }

    /** Plain exponential, without a plateau. */
    public static Backoff exponential(Duration first, Duration most) {
        return new Backoff(first, most, 0, most);
    }

    /**
     * For connecting to an endpoint: doubles from {@code first} to 4 s, stays there for the first minute and a half,
     * and then doubles to 30 s.
     *
     * @param first above zero, at most 4 s
     */
    public static Backoff reconnect(Duration first) {
        return new Backoff(first, RECONNECT_PLATEAU, RECONNECT_TRIES, RECONNECT_MOST);
    }

    /**
     * How long to wait after so many failures in a row.
     *
     * @param failures 1 after the first; less counts as 1
     * @param random draws the jitter
     */
    public Duration after(int failures, RandomGenerator random) {
        long whole = nominalNanos(Math.max(1, failures));
        return Duration.ofNanos((long) (whole * (0.5 + random.nextDouble() / 2)));
    }

    /** The wait after so many failures in a row before jitter, which shortens it to half of it at most. */
    public Duration nominal(int failures) {
        return Duration.ofNanos(nominalNanos(Math.max(1, failures)));
    }

    private long nominalNanos(int failures) {
        if (failures <= plateauTries) {
            return doubled(first, failures - 1, plateau);
        }
        return plateauTries == 0 ? doubled(first, failures - 1, most) : doubled(plateau, failures - plateauTries, most);
    }

    private static long doubled(Duration from, int times, Duration atMost) {
        long nanos = from.toNanos();
        long bound = atMost.toNanos();
        for (int i = 0; i < times && nanos < bound; i++) {
            nanos = nanos > bound / 2 ? bound : nanos * 2;
        }
        return Math.min(nanos, bound);
    }
}
