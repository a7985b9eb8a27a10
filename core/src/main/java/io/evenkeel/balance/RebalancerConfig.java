package io.evenkeel.balance;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How a pool is balanced. Immutable; made by {@link #builder()}.
 *
 * @param clientId tells this process from the others that use the same endpoints, usually the Pod's own name
 * @param ownZone the topology zone this process runs in, or null where that is not known
 * @param ownNode the node this process runs on, or null where that is not known. Without {@code ownZone}, the zone of any
 *     endpoint on that node is ours
 * @param moveWindow over how long the moves of one plan are spread
 * @param moveDeadline how long a move waits for a connection in use to be returned before it gives up and tries later
 * @param drainSpread over how long the idle connections of a leaving endpoint are given up
 * @param drainDeadline after how long a drain is reported as overrun
 * @param maxConnectionAge after how long a connection is replaced, on the average; zero for never
 * @param surge how many connections above the pool's size a move may use: 0 closes the old one first, 1 opens the new one
 *     first
 * @param slowStart over how long an endpoint that joined grows to its full share; zero for at once
 * @param holdDown how long an endpoint that flaps is left out, doubling each time; zero for never
 * @param holdDownMax the most that hold-down grows to
 * @param weightHysteresis a change of weight by no more than this part of it is ignored
 */
public record RebalancerConfig(
        String clientId,
        @Nullable String ownZone,
        @Nullable String ownNode,
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

    public RebalancerConfig {
        Objects.requireNonNull(clientId, "clientId");
        if (clientId.isBlank()) {
            throw new IllegalArgumentException("clientId: \"" + clientId + "\" (expected: not blank)");
        }
        notNegative("moveWindow", moveWindow);
        notNegative("drainSpread", drainSpread);
        notNegative("maxConnectionAge", maxConnectionAge);
        notNegative("slowStart", slowStart);
        notNegative("holdDown", holdDown);
        positive("moveDeadline", moveDeadline);
        positive("drainDeadline", drainDeadline);
        if (holdDownMax.compareTo(holdDown) < 0) {
            throw new IllegalArgumentException(
                    "holdDownMax: " + holdDownMax + " (expected: at least holdDown, " + holdDown + ")");
        }
        if (drainSpread.compareTo(drainDeadline) > 0) {
            throw new IllegalArgumentException(
                    "drainSpread: " + drainSpread + " (expected: at most drainDeadline, " + drainDeadline + ")");
        }
        if (surge < 0 || surge > 1) {
            throw new IllegalArgumentException("surge: " + surge + " (expected: 0 or 1)");
        }
        if (!(weightHysteresis >= 0 && weightHysteresis < 1)) {
            throw new IllegalArgumentException("weightHysteresis: " + weightHysteresis + " (expected: 0 to below 1)");
        }
    }

    private static void notNegative(String name, Duration value) {
        if (value.isNegative()) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: zero or more)");
        }
    }

    private static void positive(String name, Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: more than zero)");
        }
    }

    /** The same, with a zone and a node where it has neither. */
    public RebalancerConfig orPlacedAt(@Nullable String zone, @Nullable String node) {
        if (ownZone != null || ownNode != null || (zone == null && node == null)) {
            return this;
        }
        return new RebalancerConfig(
                clientId,
                zone,
                node,
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
        private @Nullable String ownZone;
        private @Nullable String ownNode;
        private Duration moveWindow = Duration.ofSeconds(8);
        private Duration moveDeadline = Duration.ofSeconds(30);
        private Duration drainSpread = Duration.ofSeconds(5);
        private Duration drainDeadline = Duration.ofSeconds(25);
        private @Nullable Duration maxConnectionAge;
        private int surge;
        private Duration slowStart = Duration.ZERO;
        private Duration holdDown = Duration.ofSeconds(30);
        private Duration holdDownMax = Duration.ofMinutes(10);
        private double weightHysteresis = 0.1;

        private Builder() {}

        /** Another builder with the same settings. */
        public Builder copy() {
            Builder copy = new Builder();
            copy.clientId = clientId;
            copy.ownZone = ownZone;
            copy.ownNode = ownNode;
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
            clientId = value;
            return this;
        }

        /**
         * The topology zone of this process. Defaults to null: found by {@code ownNode}, else not known, and no zone is
         * preferred.
         */
        @CanIgnoreReturnValue
        public Builder ownZone(@Nullable String value) {
            ownZone = value;
            return this;
        }

        /** The node of this process, to find its zone by. Defaults to null, not known. */
        @CanIgnoreReturnValue
        public Builder ownNode(@Nullable String value) {
            ownNode = value;
            return this;
        }

        /**
         * Over how long the moves of one plan are spread. Defaults to 8 s; zero moves one after another without a pause.
         * With P connections of all clients together and N endpoints, about P / (N · window) connections a second reach an
         * endpoint that was added: choose it so that the endpoint can take them.
         */
        @CanIgnoreReturnValue
        public Builder moveWindow(Duration value) {
            moveWindow = value;
            return this;
        }

        /** How long a move waits for a connection in use to be returned, before it is tried later. Defaults to 30 s. */
        @CanIgnoreReturnValue
        public Builder moveDeadline(Duration value) {
            moveDeadline = value;
            return this;
        }

        /** Over how long the idle connections of a leaving endpoint are given up. Defaults to 5 s; zero for at once. */
        @CanIgnoreReturnValue
        public Builder drainSpread(Duration value) {
            drainSpread = value;
            return this;
        }

        /**
         * After how long a drain is reported as overrun. Defaults to 25 s: inside the 30 s of grace that a Pod has by
         * default before it is killed. Connections in use are not closed by it.
         */
        @CanIgnoreReturnValue
        public Builder drainDeadline(Duration value) {
            drainDeadline = value;
            return this;
        }

        /**
         * After how long a connection is replaced: each at its own moment within 25 % of this, the first generation spread
         * over the whole of it. Defaults to 30 min; zero for never.
         */
        @CanIgnoreReturnValue
        public Builder maxConnectionAge(Duration value) {
            maxConnectionAge = value;
            return this;
        }

        /** The same, unless it was set before: for adapters whose default is another. */
        @CanIgnoreReturnValue
        public Builder orMaxConnectionAge(Duration value) {
            maxConnectionAge = maxConnectionAge != null ? maxConnectionAge : value;
            return this;
        }

        /** 0 (the default) closes the old connection of a move first, 1 opens the new one first. */
        @CanIgnoreReturnValue
        public Builder surge(int value) {
            surge = value;
            return this;
        }

        /** Over how long an endpoint that joined grows to its full share. Defaults to zero: the move window paces already. */
        @CanIgnoreReturnValue
        public Builder slowStart(Duration value) {
            slowStart = value;
            return this;
        }

        /**
         * How long an endpoint that comes and goes is left out, doubling each time up to {@code max}. Default to 30 s and
         * 10 min; zero for never.
         */
        @CanIgnoreReturnValue
        public Builder holdDown(Duration value, Duration max) {
            holdDown = value;
            holdDownMax = max;
            return this;
        }

        /** A change of an endpoint's weight by no more than this part of it is ignored. Defaults to 0.1. */
        @CanIgnoreReturnValue
        public Builder weightHysteresis(double value) {
            weightHysteresis = value;
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
            return new RebalancerConfig(
                    clientId,
                    ownZone,
                    ownNode,
                    moveWindow,
                    moveDeadline,
                    drainSpread,
                    drainDeadline,
                    maxConnectionAge != null ? maxConnectionAge : DEFAULT_MAX_CONNECTION_AGE,
                    surge,
                    slowStart,
                    holdDown,
                    holdDownMax,
                    weightHysteresis);
        }
    }
}
