package io.evenkeel.time;

import java.time.Duration;
import java.util.Objects;

/**
 * The bounds of settings that are durations. The longest is a year: far above any sensible wait, and far below what a
 * {@code long} of nanoseconds holds.
 */
public final class Durations {

    public static final Duration LONGEST = Duration.ofDays(365);

    private Durations() {}

    /**
     * The value itself, from zero to a year.
     *
     * @param name of the setting, for the message
     * @throws IllegalArgumentException if it is out of these bounds
     */
    public static Duration zeroOrMore(String name, Duration value) {
        return checked(name, value, Duration.ZERO, "zero or more");
    }

    /**
     * The value itself, from a nanosecond to a year.
     *
     * @param name of the setting, for the message
     * @throws IllegalArgumentException if it is out of these bounds
     */
    public static Duration moreThanZero(String name, Duration value) {
        return checked(name, value, Duration.ofNanos(1), "more than zero");
    }

    private static Duration checked(String name, Duration value, Duration least, String leastInWords) {
        Objects.requireNonNull(value, name);
        if (value.compareTo(least) < 0 || value.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(
                    name + ": " + value + " (expected: " + leastInWords + ", at most " + LONGEST.toDays() + " days)");
        }
        return value;
    }
}
