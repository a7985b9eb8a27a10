package io.evenkeel.balance;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.evenkeel.time.Durations;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How a pool is balanced. Immutable; made by {@link #builder()}.
 *
 * @param clientId tells this process from the others that use the same endpoints, usually the Pod's own name
 * @param zone the topology zone this process runs in, or null where that is not known
 * @param node the node this process runs on, or null where that is not known. Without {@code zone}, the zone of any
 *     endpoint on that node is ours
 * @param moveWindow over how long the moves of one plan are spread
 * @param moveDeadline how long a move waits for a connection in use to be returned before it is tried
 *     later
 * @param drainSpread over how long the idle connections of a leaving endpoint are retired
 * @param drainDeadline after how long a drain is reported as overrun
 * @param maxConnectionAge after how long a connection is replaced, on the average; zero for never
 * @param surge how many connections above the pool's size a move may use: 0 closes the old one first, 1 opens the new
 *     one first
 * @param slowStart over how long an endpoint that joined grows to its full share; zero for at once
 * @param holdDown how long an endpoint that flaps is left out, doubling each time; zero for never
 * @param holdDownMax the most that hold-down grows to
 * @param weightHysteresis a change of weight by no more than this part of it is ignored
 */
public record RebalancerConfig(
        String clientId,
        @Nullable String zone,
        @Nullable String node,
        Duration moveWindow,
        Duration moveDeadline,
        Duration drainSpread,
        Duration drainDeadline,
        Duration maxConnectionAge,
        int surge,
        Duration slowStart,
        Duration holdDown,
        Duration holdDownMax,
        double weightHysteresis) {

    private static final Duration DEFAULT_MAX_CONNECTION_AGE = Duration.ofMinutes(30);
    private static final Duration DEFAULT_DRAIN_SPREAD = Duration.ofSeconds(5);
    private static final Duration DEFAULT_DRAIN_DEADLINE = Duration.ofSeconds(25);
    private static final Duration DEFAULT_HOLD_DOWN = Duration.ofSeconds(30);
    private static final Duration DEFAULT_HOLD_DOWN_MAX = Duration.ofMinutes(10);

    public RebalancerConfig {
        Objects.requireNonNull(clientId, "clientId");
        requireNotBlank("clientId", clientId);
        requireNotBlank("zone", zone);
        requireNotBlank("node", node);
        Durations.zeroOrMore("moveWindow", moveWindow);
        Durations.moreThanZero("moveDeadline", moveDeadline);
        Durations.zeroOrMore("drainSpread", drainSpread);
        Durations.moreThanZero("drainDeadline", drainDeadline);
        Durations.zeroOrMore("maxConnectionAge", maxConnectionAge);
        Durations.zeroOrMore("slowStart", slowStart);
        Durations.zeroOrMore("holdDown", holdDown);
        Durations.zeroOrMore("holdDownMax", holdDownMax);
        requireSurge(surge);
        requireHysteresis(weightHysteresis);
        requireHoldDown(holdDown, holdDownMax);
        if (drainSpread.compareTo(drainDeadline) > 0) {
            throw new IllegalArgumentException(
                    "drainSpread: " + drainSpread + " (expected: at most the drain deadline, " + drainDeadline + ")");
        }
    }

    private static void requireHoldDown(Duration first, Duration most) {
        if (most.compareTo(first) < 0) {
            throw new IllegalArgumentException(
                    "holdDownMax: " + most + " (expected: at least holdDown, " + first + ")");
        }
    }

    private static int requireSurge(int value) {
        if (value < 0 || value > 1) {
            throw new IllegalArgumentException("surge: " + value + " (expected: 0 or 1)");
        }
        return value;
    }

    private static double requireHysteresis(double value) {
        if (!(value >= 0 && value < 1)) {
            throw new IllegalArgumentException("weightHysteresis: " + value + " (expected: 0 to below 1)");
        }
        return value;
    }

    private static @Nullable String requireNotBlank(String name, @Nullable String value) {
        if (value != null && value.isBlank()) {
            throw new IllegalArgumentException(name + ": \"" + value + "\" (expected: not blank)");
        }
        return value;
    }

    /** The same, at that zone and node if neither was configured. */
    public RebalancerConfig orPlacedAt(@Nullable String otherZone, @Nullable String otherNode) {
        if (zone != null || node != null) {
            return this;
        }
        return new RebalancerConfig(
                clientId,
                otherZone,
                otherNode,
                moveWindow,
                moveDeadline,
                drainSpread,
                drainDeadline,
                maxConnectionAge,
                surge,
                slowStart,
                holdDown,
                holdDownMax,
                weightHysteresis);
    }

    /** A builder with the defaults that each of its setters documents. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects settings; not thread-safe. */
    public static final class Builder {
        private @Nullable String clientId;
        private @Nullable String zone;
        private @Nullable String node;
        private Duration moveWindow = Duration.ofSeconds(8);
        private Duration moveDeadline = Duration.ofSeconds(30);
        private @Nullable Duration drainSpread;
        private @Nullable Duration drainDeadline;
        private @Nullable Duration maxConnectionAge;
        private int surge;
        private Duration slowStart = Duration.ZERO;
        private Duration holdDown = DEFAULT_HOLD_DOWN;
        private Duration holdDownMax = DEFAULT_HOLD_DOWN_MAX;
        private double weightHysteresis = 0.1;

        private Builder() {}

        /** Another builder with the same settings. */
        public Builder copy() {
            Builder copy = new Builder();
            copy.clientId = clientId;
            copy.zone = zone;
            copy.node = node;
            copy.moveWindow = moveWindow;
            copy.moveDeadline = moveDeadline;
            copy.drainSpread = drainSpread;
            copy.drainDeadline = drainDeadline;
            copy.maxConnectionAge = maxConnectionAge;
            copy.surge = surge;
            copy.slowStart = slowStart;
            copy.holdDown = holdDown;
            copy.holdDownMax = holdDownMax;
            copy.weightHysteresis = weightHysteresis;
            return copy;
        }

        /** Tells this process from the others that use the same endpoints. Must be set: adapters default it. */
        @CanIgnoreReturnValue
        public Builder clientId(String value) {
            clientId = requireNotBlank("clientId", Objects.requireNonNull(value, "clientId"));
            return this;
        }

        /** The same, unless it was set before. */
        @CanIgnoreReturnValue
        public Builder orClientId(Supplier<String> value) {
            return clientId == null ? clientId(value.get()) : this;
        }

        /**
         * The topology zone of this process. Defaults to null: found by {@code node}, else not known, and no zone is
         * preferred.
         */
        @CanIgnoreReturnValue
        public Builder zone(@Nullable String value) {
            zone = requireNotBlank("zone", value);
            return this;
        }

        /** The node of this process, to find its zone by. Defaults to null, not known. */
        @CanIgnoreReturnValue
        public Builder node(@Nullable String value) {
            node = requireNotBlank("node", value);
            return this;
        }

        /**
         * Over how long the moves of one plan are spread. Defaults to 8 s; zero moves one after another without a
         * pause. With P connections of all clients together and N endpoints, about P / (N · window) connections a
         * second reach an endpoint that was added: choose it so that the endpoint can take them.
         */
        @CanIgnoreReturnValue
        public Builder moveWindow(Duration value) {
            moveWindow = Durations.zeroOrMore("moveWindow", value);
            return this;
        }

        /** How long a move waits for a connection in use to be returned, before it is tried later. Defaults to 30 s. */
        @CanIgnoreReturnValue
        public Builder moveDeadline(Duration value) {
            moveDeadline = Durations.moreThanZero("moveDeadline", value);
            return this;
        }

        /**
         * Over how long the idle connections of a leaving endpoint are retired. Defaults to 5 s, or to the drain
         * deadline where that is shorter; zero for at once.
         */
        @CanIgnoreReturnValue
        public Builder drainSpread(Duration value) {
            drainSpread = Durations.zeroOrMore("drainSpread", value);
            return this;
        }

        /**
         * After how long a drain is reported as overrun. Defaults to 25 s: inside the 30 s of grace that a Pod has by
         * default before it is killed; to the drain spread where that is longer. Connections in use are not closed by
         * it.
         */
        @CanIgnoreReturnValue
        public Builder drainDeadline(Duration value) {
            drainDeadline = Durations.moreThanZero("drainDeadline", value);
            return this;
        }

        /**
         * After how long a connection is replaced: each at its own moment within 25 % of this, the first generation
         * spread over the whole of it. Defaults to 30 min; zero for never.
         */
        @CanIgnoreReturnValue
        public Builder maxConnectionAge(Duration value) {
            maxConnectionAge = Durations.zeroOrMore("maxConnectionAge", value);
            return this;
        }

        /** The same, unless it was set before: for adapters whose default is another. */
        @CanIgnoreReturnValue
        public Builder orMaxConnectionAge(Duration value) {
            return maxConnectionAge == null ? maxConnectionAge(value) : this;
        }

        /** 0 (the default) closes the old connection of a move first, 1 opens the new one first. */
        @CanIgnoreReturnValue
        public Builder surge(int value) {
            surge = requireSurge(value);
            return this;
        }

        /**
         * Over how long an endpoint that joined grows to its full share. Defaults to zero: the move window paces
         * already.
         */
        @CanIgnoreReturnValue
        public Builder slowStart(Duration value) {
            slowStart = Durations.zeroOrMore("slowStart", value);
            return this;
        }

        /**
         * How long an endpoint that comes and goes is left out, doubling each time up to {@code max}. Default to 30 s
         * and 10 min; zero for never.
         */
        @CanIgnoreReturnValue
        public Builder holdDown(Duration value, Duration max) {
            holdDown = Durations.zeroOrMore("holdDown", value);
            holdDownMax = Durations.zeroOrMore("holdDownMax", max);
            requireHoldDown(holdDown, holdDownMax);
            return this;
        }

        /** A change of an endpoint's weight by no more than this part of it is ignored. Defaults to 0.1. */
        @CanIgnoreReturnValue
        public Builder weightHysteresis(double value) {
            weightHysteresis = requireHysteresis(value);
            return this;
        }

        /**
         * The configuration.
         *
         * @throws IllegalArgumentException if a setting is out of its bounds or two of them contradict each other
         */
        public RebalancerConfig build() {
            if (clientId == null) {
                throw new IllegalArgumentException("clientId: null (expected: this process's own name)");
            }
            Duration deadline = drainDeadline != null
                    ? drainDeadline
                    : longer(DEFAULT_DRAIN_DEADLINE, drainSpread != null ? drainSpread : DEFAULT_DRAIN_SPREAD);
            Duration spread = drainSpread != null ? drainSpread : shorter(DEFAULT_DRAIN_SPREAD, deadline);
            return new RebalancerConfig(
                    clientId,
                    zone,
                    node,
                    moveWindow,
                    moveDeadline,
                    spread,
                    deadline,
                    maxConnectionAge != null ? maxConnectionAge : DEFAULT_MAX_CONNECTION_AGE,
                    surge,
                    slowStart,
                    holdDown,
                    holdDownMax,
                    weightHysteresis);
        }

        private static Duration longer(Duration one, Duration other) {
            return one.compareTo(other) >= 0 ? one : other;
        }

        private static Duration shorter(Duration one, Duration other) {
            return one.compareTo(other) <= 0 ? one : other;
        }
    }
}
