package io.evenkeel.watch;

import io.evenkeel.time.Durations;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

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

    private static final Duration DEFAULT_SETTLE = Duration.ofSeconds(1);
    private static final Duration DEFAULT_SETTLE_MAX = Duration.ofSeconds(10);
    private static final WatcherConfig DEFAULTS = builder().build();

    public WatcherConfig {
        Durations.zeroOrMore("settle", settle);
        Durations.zeroOrMore("settleMax", settleMax);
        Durations.zeroOrMore("emptyGrace", emptyGrace);
        if (settleMax.compareTo(settle) < 0) {
            throw new IllegalArgumentException("settleMax: " + settleMax + " (expected: >= settle, " + settle + ")");
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

        private @Nullable Duration settle;
        private @Nullable Duration settleMax;
        private Duration emptyGrace = Duration.ofSeconds(30);

        private Builder() {}

        /**
         * How long to wait after the last change. Defaults to 1 s, or {@code settleMax} if that is less; 0 to 365 days.
         */
        public Builder settle(Duration settle) {
            this.settle = Durations.zeroOrMore("settle", settle);
            return this;
        }

        /**
         * How long to wait at most after the first change. Defaults to 10 s, or {@code settle} if that is more; from
         * {@code settle} to 365 days.
         */
        public Builder settleMax(Duration settleMax) {
            this.settleMax = Durations.zeroOrMore("settleMax", settleMax);
            return this;
        }

        /** How long an empty answer must last until it is believed. Defaults to 30 s; 0 to 365 days. */
        public Builder emptyGrace(Duration emptyGrace) {
            this.emptyGrace = Durations.zeroOrMore("emptyGrace", emptyGrace);
            return this;
        }

        /**
         * Makes the configuration.
         *
         * @throws IllegalArgumentException if a value is out of its bounds or {@code settleMax} is below {@code settle}
         */
        public WatcherConfig build() {
            Duration most = settleMax != null ? settleMax : longer(DEFAULT_SETTLE_MAX, settle);
            Duration quiet = settle != null ? settle : shorter(DEFAULT_SETTLE, most);
            return new WatcherConfig(quiet, most, emptyGrace);
        }

        private static Duration longer(Duration one, @Nullable Duration other) {
            return other == null || one.compareTo(other) >= 0 ? one : other;
        }

        private static Duration shorter(Duration one, Duration other) {
            return one.compareTo(other) <= 0 ? one : other;
        }
    }
}
