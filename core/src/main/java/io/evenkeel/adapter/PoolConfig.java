package io.evenkeel.adapter;

import io.evenkeel.balance.RebalancerConfig;
import io.evenkeel.endpoint.Target;
import io.evenkeel.endpoint.TypeNames;
import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.health.HealthConfig;
import io.evenkeel.spi.SeatPolicy;
import io.evenkeel.time.Durations;
import io.evenkeel.watch.WatcherConfig;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The configuration of one pool. Immutable; made by {@link PoolSettings#toConfig}.
 *
 * @param name in threads, messages, events, metrics, JMX and, with the client id, in the plan; not blank
 * @param target where the endpoints are
 * @param size the pool's size; {@link BalancedPool#resize} changes it
 * @param balance how it is balanced
 * @param health when endpoints are ejected
 * @param watch how changes of the source settle
 * @param listener receives events, on the thread {@code evenkeel-<name>-events}
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

    /**
     * The same, at the zone and node that the environment says, if neither was configured.
     *
     * @param environment by the name of a variable, as {@link System#getenv(String)}
     */
    public PoolConfig orPlacedBy(Function<String, @Nullable String> environment) {
        ProcessLocation here = ProcessLocation.of(environment);
        return withBalance(balance.orPlacedAt(here.zone(), here.node()));
    }

    private PoolConfig withBalance(RebalancerConfig other) {
        return new PoolConfig(name, target, size, other, health, watch, listener, metrics, jmx, closeTimeout);
    }

    /**
     * The settings as they are in force, by name, for the status. A listener and a recorder are shown by their class,
     * since their text is the application's.
     */
    Map<String, String> settings() {
        Map<String, String> shown = new TreeMap<>();
        shown.put("name", name);
        shown.put("target", target.toString());
        shown.put("clientId", balance.clientId());
        shown.put("zone", String.valueOf(balance.zone()));
        shown.put("node", String.valueOf(balance.node()));
        shown.put("moveWindow", balance.moveWindow().toString());
        shown.put("moveDeadline", balance.moveDeadline().toString());
        shown.put("drainDeadline", balance.drainDeadline().toString());
        shown.put("drainSpread", balance.drainSpread().toString());
        shown.put("maxConnectionAge", balance.maxConnectionAge().toString());
        shown.put("slowStart", balance.slowStart().toString());
        shown.put("surge", Integer.toString(balance.surge()));
        shown.put("balance.holdDown", balance.holdDown().toString());
        shown.put("balance.holdDownMax", balance.holdDownMax().toString());
        shown.put("balance.weightHysteresis", Double.toString(balance.weightHysteresis()));
        shown.put("watch", watch.toString());
        shown.put("health", health.toString());
        shown.put("listener", listener.equals(EvenkeelListener.none()) ? "none" : TypeNames.of(listener));
        shown.put("metrics", metrics.equals(MetricsRecorder.none()) ? "none" : TypeNames.of(metrics));
        shown.put("jmx", Boolean.toString(jmx));
        shown.put("closeTimeout", closeTimeout.toString());
        return shown;
    }

    /** Without the listener and the recorder, whose text is the application's. */
    @Override
    public String toString() {
        return "PoolConfig[name=" + name + ", target=" + target + ", size=" + size + ", balance=" + balance
                + ", health=" + health + ", watch=" + watch + ", jmx=" + jmx + ", closeTimeout=" + closeTimeout + "]";
    }
}
