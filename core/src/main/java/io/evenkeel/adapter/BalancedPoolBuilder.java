package io.evenkeel.adapter;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.evenkeel.balance.RebalancerConfig;
import io.evenkeel.endpoint.Target;
import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.health.HealthConfig;
import io.evenkeel.watch.WatcherConfig;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The settings that the pools of all adapters have in common; an adapter's own builder extends it by what its protocol needs
 * and turns them into a {@link PoolConfig}. Not thread-safe.
 *
 * @param <B> the adapter's builder, which every setter returns
 */
public abstract class BalancedPoolBuilder<B extends BalancedPoolBuilder<B>> {

    private final RebalancerConfig.Builder balance = RebalancerConfig.builder();
    private @Nullable String name;
    private @Nullable String clientId;
    private EvenkeelListener listener = EvenkeelListener.none();
    private MetricsRecorder metrics = MetricsRecorder.none();
    private WatcherConfig watch = WatcherConfig.defaults();
    private HealthConfig health = HealthConfig.defaults();
    private boolean jmx = true;

    protected BalancedPoolBuilder() {}

    /** This builder, as what it is. */
    protected abstract B self();

    /**
     * The pool's name, in threads, messages and metrics; not blank. Defaults to the name that the wrapped library's own
     * configuration has for it, if any, else to the target's path.
     */
    @CanIgnoreReturnValue
    public final B name(String value) {
        if (value.isBlank()) {
            throw new IllegalArgumentException("name: \"" + value + "\" (expected: not blank)");
        }
        name = value;
        return self();
    }

    /**
     * Tells this process from the others that use the same Pods; must differ between them. Defaults to the environment
     * variable {@code HOSTNAME} (in Kubernetes the Pod's name), else the host's name, else a random one.
     */
    @CanIgnoreReturnValue
    public final B clientId(String value) {
        clientId = Objects.requireNonNull(value, "clientId");
        return self();
    }

    /**
     * The topology zone of this process. Defaults to the environment's ({@code EVENKEEL_ZONE}), else to that of any endpoint
     * on our node ({@code EVENKEEL_NODE}, {@code NODE_NAME}), else to unknown: then no zone is preferred.
     */
    @CanIgnoreReturnValue
    public final B zone(@Nullable String value) {
        balance.ownZone(value);
        return self();
    }

    /** Over how long the moves of one plan are spread. Defaults to 8 s; zero moves one after another without a pause. */
    @CanIgnoreReturnValue
    public final B moveWindow(Duration value) {
        balance.moveWindow(value);
        return self();
    }

    /** Over how long a Pod that joined grows to its full share. Defaults to zero: the move window paces already. */
    @CanIgnoreReturnValue
    public final B slowStart(Duration value) {
        balance.slowStart(value);
        return self();
    }

    /** Whatever else of the balance is to be set; see {@link RebalancerConfig.Builder}. */
    @CanIgnoreReturnValue
    public final B balance(Consumer<RebalancerConfig.Builder> settings) {
        settings.accept(balance);
        return self();
    }

    /** When what the source says is believed. Defaults to {@link WatcherConfig}'s defaults. */
    @CanIgnoreReturnValue
    public final B watch(WatcherConfig value) {
        watch = Objects.requireNonNull(value, "watch");
        return self();
    }

    /** When a Pod is ejected. Defaults to {@link HealthConfig}'s defaults. */
    @CanIgnoreReturnValue
    public final B health(HealthConfig value) {
        health = Objects.requireNonNull(value, "health");
        return self();
    }

    /** Is told what happens, on the pool's control thread. Defaults to nobody. */
    @CanIgnoreReturnValue
    public final B listener(EvenkeelListener value) {
        listener = Objects.requireNonNull(value, "listener");
        return self();
    }

    /** Counts what happens. Defaults to nothing. */
    @CanIgnoreReturnValue
    public final B metrics(MetricsRecorder value) {
        metrics = Objects.requireNonNull(value, "metrics");
        return self();
    }

    /** Whether the status can be seen over JMX, as {@code io.evenkeel:type=Pool,name="…"}. Defaults to true. */
    @CanIgnoreReturnValue
    public final B jmx(boolean value) {
        jmx = value;
        return self();
    }

    /** The name if it was set, else null. */
    protected final @Nullable String name() {
        return name;
    }

    /** What an adapter changes further before it asks for {@link #pool}. */
    protected final RebalancerConfig.Builder balance() {
        return balance;
    }

    /**
     * What was set, with this process's own id where none was; the pool's size is the adapter's to set.
     *
     * @throws IllegalArgumentException if a setting is out of its bounds
     */
    protected final PoolConfig.Builder pool(String pool, Target target) {
        RebalancerConfig balanced = balance.clientId(clientId != null ? clientId : ClientId.ofThisProcess())
                .build();
        return PoolConfig.builder(pool, target, balanced)
                .health(health)
                .watch(watch)
                .listener(listener)
                .metrics(metrics)
                .jmx(jmx);
    }
}
