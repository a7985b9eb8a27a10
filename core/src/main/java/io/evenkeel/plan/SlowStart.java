package io.evenkeel.plan;

import java.time.Duration;
import java.util.Objects;

/**
 * Lets a new endpoint's weight grow: the factor that its weight is multiplied by climbs from 0.1 to 1 over a window.
 *
 * <pre>
 *  factor
 *  1.00 |                                        +----
 *  0.91 |                                    +---+
 *   ⋮   |                               ⋰
 *  0.19 |    +---+
 *  0.10 +----+
 *       0   1/10 2/10        …         9/10   window
 * </pre>
 *
 * <p>It climbs in {@value #STEPS} equal steps rather than continuously, so that a client plans anew {@value #STEPS}
 * times per window and between them always gets the same plan. By P3 of {@link Planner} every step only pulls towards
 * the endpoint.
 */
public final class SlowStart {

    /** How many times the factor rises within the window. */
    public static final int STEPS = 10;

    private static final double START = 0.1;

    private SlowStart() {}

    /**
     * What to multiply the endpoint's weight by.
     *
     * @param since how long the endpoint has been in use; below zero counts as zero
     * @param window how long the climb takes; zero switches slow start off
     * @return from 0.1 to 1; 1 as soon as {@code since} reaches {@code window}
     * @throws IllegalArgumentException if {@code window} is negative
     */
    public static double factor(Duration since, Duration window) {
        Objects.requireNonNull(since, "since");
        if (window.isNegative()) {
            throw new IllegalArgumentException("window: " + window + " (expected: >= 0)");
        }
        if (window.isZero() || since.compareTo(window) >= 0) {
            return 1;
        }
        if (since.isNegative()) {
            return START;
        }
        long passed = since.multipliedBy(STEPS).dividedBy(window);
        return START + (1 - START) * passed / STEPS;
    }
}
