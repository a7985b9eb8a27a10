package io.evenkeel.adapter;

import io.evenkeel.balance.RebalancerConfig;
import io.evenkeel.endpoint.Target;
import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.health.HealthConfig;
import io.evenkeel.spi.SeatPolicy;
import io.evenkeel.time.Durations;
import io.evenkeel.watch.WatcherConfig;
import java.time.Duration;
import java.util.Objects;

/**
 * The configuration of one pool. Immutable; made by {@link PoolSettings#toConfig}.
 *
 * @param name in threads, messages, events, metrics, JMX and, with the client id, in the plan; not blank
 * @param target where the endpoints are
 * @param size the pool's size; {@link BalancedPool#resize} changes it
 * @param balance how it is balanced
 * @param health when endpoints are ejected
 * @param watch how changes of the source settle
 * @param listener receives events, on the control thread
 * @param metrics records measurements
 * @param jmx whether the status is shown as {@code io.evenkeel:type=Pool,name="…"}
 * @param closeTimeout how long closing waits for work in progress
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
        boolean jmx,
        Duration closeTimeout) {

    public PoolConfig {
        Objects.requireNonNull(target, "target");
        Objects.requireNonNull(size, "size");
        Objects.requireNonNull(balance, "balance");
        Objects.requireNonNull(health, "health");
        Objects.requireNonNull(watch, "watch");
        Objects.requireNonNull(listener, "listener");
        Objects.requireNonNull(metrics, "metrics");
        Durations.zeroOrMore("closeTimeout", closeTimeout);
        if (name.isBlank()) {
            throw new IllegalArgumentException("name: \"" + name + "\" (expected: not blank)");
        }
    }

    PoolConfig withBalance(RebalancerConfig other) {
        return new PoolConfig(name, target, size, other, health, watch, listener, metrics, jmx, closeTimeout);
    }

    /** Without the listener and the recorder, whose text is the application's. */
    @Override
    public String toString() {
        return "PoolConfig[name=" + name + ", target=" + target + ", size=" + size + ", balance=" + balance
                + ", health=" + health + ", watch=" + watch + ", jmx=" + jmx + ", closeTimeout=" + closeTimeout + "]";
    }
}
