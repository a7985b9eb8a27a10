package io.evenkeel.watch;

import java.time.Duration;
import java.util.Objects;

/**
 * When a watcher believes what its source says. Immutable.
 *
 * @param settle how long to wait after the last change before acting on it, so that one Pod's change is not two moves;
 *     default 1 s, 0 acts at once
 * @param settleMax how long to wait at most after the first of several changes; default 10 s, not below {@code settle}
 * @param emptyGrace how long the source must say, without a break, that there is no endpoint at all before that is
 *     believed; default 30 s, 0 treats it as any other change
 */
public record WatcherConfig(Duration settle, Duration settleMax, Duration emptyGrace) {

    // Far above any sensible wait, and far below what a long of nanoseconds can hold.
    private static final Duration LONGEST = Duration.ofDays(365);
    private static final WatcherConfig DEFAULTS = builder().build();

    public WatcherConfig {
        checkRange("settle", settle);
        checkRange("settleMax", settleMax);
        checkRange("emptyGrace", emptyGrace);
        if (settleMax.compareTo(settle) < 0) {
            throw new IllegalArgumentException("settleMax: " + settleMax + " (expected: >= settle, " + settle + ")");
        }
    }

    private static void checkRange(String name, Duration value) {
        Objects.requireNonNull(value, name);
        if (value.isNegative() || value.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: 0 to " + LONGEST + ")");
        }
    }

    /** Settle 1 s, at most 10 s; 30 s of grace for an empty answer. */
    public static WatcherConfig defaults() {
        return DEFAULTS;
    }

    /** A builder that holds the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects a {@link WatcherConfig}. Not thread-safe. */
    public static final class Builder {

        private Duration settle = Duration.ofSeconds(1);
        private Duration settleMax = Duration.ofSeconds(10);
        private Duration emptyGrace = Duration.ofSeconds(30);

        private Builder() {}

        /** How long to wait after the last change. Defaults to 1 s; 0 to 365 days. */
        public Builder settle(Duration settle) {
            this.settle = settle;
            return this;
        }

        /** How long to wait at most after the first change. Defaults to 10 s; from {@code settle} to 365 days. */
        public Builder settleMax(Duration settleMax) {
            this.settleMax = settleMax;
            return this;
        }

        /** How long an empty answer must last until it is believed. Defaults to 30 s; 0 to 365 days. */
        public Builder emptyGrace(Duration emptyGrace) {
            this.emptyGrace = emptyGrace;
            return this;
        }

        /**
         * Makes the configuration.
         *
         * @throws IllegalArgumentException if a value is out of its bounds or {@code settleMax} is below {@code settle}
         */
        public WatcherConfig build() {
            return new WatcherConfig(settle, settleMax, emptyGrace);
        }
    }
}
