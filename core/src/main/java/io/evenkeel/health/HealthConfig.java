package io.evenkeel.health;

import io.evenkeel.time.Backoff;
import java.time.Duration;
import java.util.Objects;

/**
 * When an endpoint is left out of new work because it fails, for how long, and how many at most. Immutable.
 *
 * @param enabled whether endpoints are ever left out; default true
 * @param consecutiveFailures an endpoint is ejected after this many failures in a row; 1 to 1,000, default 5
 * @param failureRate an endpoint is ejected when at least this fraction of its last {@code minimumCalls} outcomes are
 *     failures; above 0, at most 1, default 0.85
 * @param minimumCalls how many outcomes the failure rate looks back on, and needs before it says anything; 1 to 10,000,
 *     default 50
 * @param baseEjection how long after its ejection an endpoint is probed first; each failed probe, and each further
 *     ejection soon after a return, doubles the wait; jittered between half and the whole; 1 ms to {@code maxEjection},
 *     default 1 s
 * @param maxEjection the longest wait between two probes; at most a day, default 30 s. For the first minute and a half
 *     the wait is at most 4 s. An endpoint that was well for this long after its return is counted as ejected once less
 *     often
 * @param maxEjectedFraction how much of the endpoints may be out at once, rounded down, yet always one; 0 to 1, default
 *     one third
 * @param panicThreshold when fewer than this fraction of the endpoints are not ejected, ejections are ignored: then the
 *     fault is more likely shared than theirs; 0 (never) to 1, default 0.5
 */
public record HealthConfig(
        boolean enabled,
        int consecutiveFailures,
        double failureRate,
        int minimumCalls,
        Duration baseEjection,
        Duration maxEjection,
        double maxEjectedFraction,
        double panicThreshold) {

    private static final Duration PROBE_PLATEAU = Duration.ofSeconds(4);
    /** With waits of 3 s on the average: for a minute and a half, which covers a minute for any draw. */
    private static final int PLATEAU_PROBES = 30;

    private static final Duration LONGEST = Duration.ofDays(1);

    public HealthConfig {
        Objects.requireNonNull(baseEjection, "baseEjection");
        Objects.requireNonNull(maxEjection, "maxEjection");
        check(
                consecutiveFailures >= 1 && consecutiveFailures <= 1_000,
                "consecutiveFailures",
                consecutiveFailures,
                "1 to 1000");
        check(failureRate > 0 && failureRate <= 1, "failureRate", failureRate, "above 0, at most 1");
        check(minimumCalls >= 1 && minimumCalls <= 10_000, "minimumCalls", minimumCalls, "1 to 10000");
        check(
                maxEjection.compareTo(Duration.ofMillis(1)) >= 0 && maxEjection.compareTo(LONGEST) <= 0,
                "maxEjection",
                maxEjection,
                "PT0.001S to PT24H");
        check(
                baseEjection.compareTo(Duration.ofMillis(1)) >= 0 && baseEjection.compareTo(maxEjection) <= 0,
                "baseEjection",
                baseEjection,
                "PT0.001S to maxEjection, " + maxEjection);
        check(maxEjectedFraction >= 0 && maxEjectedFraction <= 1, "maxEjectedFraction", maxEjectedFraction, "0 to 1");
        check(panicThreshold >= 0 && panicThreshold <= 1, "panicThreshold", panicThreshold, "0 to 1");
    }

    private static void check(boolean valid, String name, Object value, String expected) {
        if (!valid) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: " + expected + ")");
        }
    }

    /** All defaults. */
    public static HealthConfig defaults() {
        return builder().build();
    }

    public static Builder builder() {
        return new Builder();
    }

    /** A builder that starts from this configuration. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.enabled = enabled;
        builder.consecutiveFailures = consecutiveFailures;
        builder.failureRate = failureRate;
        builder.minimumCalls = minimumCalls;
        builder.baseEjection = baseEjection;
        builder.maxEjection = maxEjection;
        builder.maxEjectedFraction = maxEjectedFraction;
        builder.panicThreshold = panicThreshold;
        return builder;
    }

    /** The waits between probes of one ejection. */
    Backoff probes() {
        Duration plateau = baseEjection.compareTo(PROBE_PLATEAU) > 0 ? baseEjection : PROBE_PLATEAU;
        return new Backoff(
                baseEjection, plateau.compareTo(maxEjection) > 0 ? maxEjection : plateau, PLATEAU_PROBES, maxEjection);
    }

    /** How long ejections last at least that follow each other. */
    Backoff ejections() {
        return Backoff.exponential(baseEjection, maxEjection);
    }

    /** How many of {@code endpoints} may be out at once: the fraction rounded down, yet at least one. */
    int mostEjected(int endpoints) {
        // The tolerance makes a third of 3 one and of 9 three, whichever way the fraction was rounded to a double.
        return Math.max(1, (int) Math.floor(endpoints * maxEjectedFraction + 1e-9));
    }

    /** Builds a {@link HealthConfig}. Not thread-safe. */
    public static final class Builder {
        private boolean enabled = true;
        private int consecutiveFailures = 5;
        private double failureRate = 0.85;
        private int minimumCalls = 50;
        private Duration baseEjection = Duration.ofSeconds(1);
        private Duration maxEjection = Duration.ofSeconds(30);
        private double maxEjectedFraction = 1.0 / 3;
        private double panicThreshold = 0.5;

        private Builder() {}

        /** Whether endpoints are ever left out. Defaults to true. */
        public Builder enabled(boolean enabled) {
            this.enabled = enabled;
            return this;
        }

        /** Failures in a row that eject an endpoint, 1 to 1,000. Defaults to 5. */
        public Builder consecutiveFailures(int consecutiveFailures) {
            this.consecutiveFailures = consecutiveFailures;
            return this;
        }

        /** Fraction of failures that ejects an endpoint, above 0 and at most 1. Defaults to 0.85. */
        public Builder failureRate(double failureRate) {
            this.failureRate = failureRate;
            return this;
        }

        /** Outcomes that the failure rate looks back on and needs, 1 to 10,000. Defaults to 50. */
        public Builder minimumCalls(int minimumCalls) {
            this.minimumCalls = minimumCalls;
            return this;
        }

        /** How long after its ejection an endpoint is probed first; 1 ms to the maximum. Defaults to 1 s. */
        public Builder baseEjection(Duration baseEjection) {
            this.baseEjection = baseEjection;
            return this;
        }

        /** The longest wait between two probes; at most a day. Defaults to 30 s. */
        public Builder maxEjection(Duration maxEjection) {
            this.maxEjection = maxEjection;
            return this;
        }

        /** Fraction of the endpoints that may be out, 0 to 1; one always may. Defaults to one third. */
        public Builder maxEjectedFraction(double maxEjectedFraction) {
            this.maxEjectedFraction = maxEjectedFraction;
            return this;
        }

        /** Fraction of endpoints left below which ejections are ignored, 0 (never) to 1. Defaults to 0.5. */
        public Builder panicThreshold(double panicThreshold) {
            this.panicThreshold = panicThreshold;
            return this;
        }

        /**
         * The configuration.
         *
         * @throws IllegalArgumentException if a value is out of its bounds; the message names it
         */
        public HealthConfig build() {
            return new HealthConfig(
                    enabled,
                    consecutiveFailures,
                    failureRate,
                    minimumCalls,
                    baseEjection,
                    maxEjection,
                    maxEjectedFraction,
                    panicThreshold);
        }
    }
}
