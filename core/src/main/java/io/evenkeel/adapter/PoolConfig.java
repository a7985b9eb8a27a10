package io.evenkeel.adapter;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.evenkeel.balance.RebalancerConfig;
import io.evenkeel.endpoint.Target;
import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.health.HealthConfig;
import io.evenkeel.spi.SeatPolicy;
import io.evenkeel.watch.WatcherConfig;
import java.util.Objects;

/**
 * What an adapter says about one pool. Immutable; made by {@link #builder}.
 *
 * @param name in threads, messages, events, metrics, JMX and, with the client id, in the plan; not blank
 * @param target where the endpoints are
 * @param size the pool's size; {@link BalancedPool#resize} changes it
 * @param balance how it is balanced
 * @param health when endpoints are left out
 * @param watch when the source is believed
 * @param listener is told what happens, on the control thread
 * @param metrics counts what happens
 * @param jmx whether the status is shown as {@code io.evenkeel:type=Pool,name="…"}
 */
public record PoolConfig(
        String name,
        Target target,
        SeatPolicy size,
        RebalancerConfig balance,
        HealthConfig health,
        WatcherConfig watch,
        EvenkeelListener listener,
        MetricsRecorder metrics,
        boolean jmx) {

    public PoolConfig {
        Objects.requireNonNull(target, "target");
        Objects.requireNonNull(size, "size");
        Objects.requireNonNull(balance, "balance");
        Objects.requireNonNull(health, "health");
        Objects.requireNonNull(watch, "watch");
        Objects.requireNonNull(listener, "listener");
        Objects.requireNonNull(metrics, "metrics");
        if (name.isBlank()) {
            throw new IllegalArgumentException("name: \"" + name + "\" (expected: not blank)");
        }
    }

    PoolConfig withBalance(RebalancerConfig other) {
        return new PoolConfig(name, target, size, other, health, watch, listener, metrics, jmx);
    }

    /** A builder that holds the defaults; these three have none. */
    public static Builder builder(String name, Target target, RebalancerConfig balance) {
        return new Builder(name, target, balance);
    }

    /** Collects a {@link PoolConfig}. Not thread-safe. */
    public static final class Builder {
        private final String name;
        private final Target target;
        private final RebalancerConfig balance;
        private SeatPolicy size = SeatPolicy.budgeted(1);
        private HealthConfig health = HealthConfig.builder().build();
        private WatcherConfig watch = WatcherConfig.defaults();
        private EvenkeelListener listener = EvenkeelListener.none();
        private MetricsRecorder metrics = MetricsRecorder.none();
        private boolean jmx = true;

        private Builder(String name, Target target, RebalancerConfig balance) {
            this.name = Objects.requireNonNull(name, "name");
            this.target = target;
            this.balance = balance;
        }

        /**
         * The pool's size. Defaults to 1, its least.
         *
         * @throws IllegalArgumentException if it is below 1
         */
        @CanIgnoreReturnValue
        public Builder seats(int value) {
            return size(SeatPolicy.budgeted(value));
        }

        /** The pool's size, which may follow its endpoints. */
        @CanIgnoreReturnValue
        public Builder size(SeatPolicy value) {
            size = Objects.requireNonNull(value, "size");
            return this;
        }

        /** When endpoints are left out. Defaults to {@link HealthConfig}'s own defaults. */
        @CanIgnoreReturnValue
        public Builder health(HealthConfig value) {
            health = value;
            return this;
        }

        /** When the source is believed. Defaults to {@link WatcherConfig#defaults()}. */
        @CanIgnoreReturnValue
        public Builder watch(WatcherConfig value) {
            watch = value;
            return this;
        }

        /** Who is told what happens. Defaults to nobody. */
        @CanIgnoreReturnValue
        public Builder listener(EvenkeelListener value) {
            listener = value;
            return this;
        }

        /** Who counts what happens. Defaults to nobody. */
        @CanIgnoreReturnValue
        public Builder metrics(MetricsRecorder value) {
            metrics = value;
            return this;
        }

        /** Whether the status is shown over JMX. Defaults to true. */
        @CanIgnoreReturnValue
        public Builder jmx(boolean value) {
            jmx = value;
            return this;
        }

        /**
         * The configuration.
         *
         * @throws IllegalArgumentException if the name is blank
         */
        public PoolConfig build() {
            return new PoolConfig(name, target, size, balance, health, watch, listener, metrics, jmx);
        }
    }
}
