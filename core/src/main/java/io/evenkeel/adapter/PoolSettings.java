package io.evenkeel.adapter;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.evenkeel.balance.RebalancerConfig;
import io.evenkeel.endpoint.InvalidTargetException;
import io.evenkeel.endpoint.Target;
import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.health.HealthConfig;
import io.evenkeel.source.EndpointSources;
import io.evenkeel.spi.SeatPolicy;
import io.evenkeel.time.Durations;
import io.evenkeel.watch.WatcherConfig;
import java.time.Duration;
import java.util.Objects;
import java.util.SortedSet;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The settings that the pools of all adapters have in common, under one name and with one default each. An adapter's
 * front door (its builder or factory) holds one, offers the setters that mean something there, and turns it into a
 * {@link PoolConfig}.
 *
 * <p>A setter refuses a value that is out of its bounds at once, with an {@link IllegalArgumentException} that names
 * the setting, the value and what was expected. Settings that contradict each other are refused by {@link #toConfig}: a
 * default follows the settings that were set, so that a setting which was never set is never the reason.
 *
 * <p>Mutable and not thread-safe; {@link #copy()} it before keeping it.
 */
public final class PoolSettings {

    /** What a close waits for by default. */
    public static final Duration DEFAULT_CLOSE_TIMEOUT = Duration.ofSeconds(10);

    private final boolean movesWhole;
    private RebalancerConfig.Builder balance = RebalancerConfig.builder();
    private @Nullable Target target;
    private @Nullable String name;
    private WatcherConfig watch = WatcherConfig.defaults();
    private HealthConfig health = HealthConfig.defaults();
    private EvenkeelListener listener = EvenkeelListener.none();
    private MetricsRecorder metrics = MetricsRecorder.none();
    private boolean jmx = true;
    private Duration closeTimeout = DEFAULT_CLOSE_TIMEOUT;

    private PoolSettings(boolean movesWhole) {
        this.movesWhole = movesWhole;
    }

    /** The defaults, of a pool that closes a connection and opens another one to move it. */
    public static PoolSettings create() {
        return new PoolSettings(false);
    }

    /**
     * The defaults, of a pool whose adapter moves a connection as a whole: the new one is always open before the old
     * one is left, so {@link #surge} is 1 and can't be 0.
     */
    public static PoolSettings movingWhole() {
        return new PoolSettings(true).surge(1);
    }

    /** Other settings with the same values. */
    public PoolSettings copy() {
        PoolSettings copy = new PoolSettings(movesWhole);
        copy.balance = balance.copy();
        copy.target = target;
        copy.name = name;
        copy.watch = watch;
        copy.health = health;
        copy.listener = listener;
        copy.metrics = metrics;
        copy.jmx = jmx;
        copy.closeTimeout = closeTimeout;
        return copy;
    }

    /**
     * Where the Pods are: {@code k8s:///pg.default:5432}, {@code dns:///pg-headless.default.svc:5432},
     * {@code static:///10.0.0.1:5432,10.0.0.2:5432} or {@code file:///etc/evenkeel/pg.json}. Defaults to one that the
     * adapter derives from the host that the wrapped library is configured with.
     *
     * @throws InvalidTargetException if it is not a target
     */
    @CanIgnoreReturnValue
    public PoolSettings target(String value) {
        target = Target.parse(Objects.requireNonNull(value, "target"));
        return this;
    }

    /** The target, unless one was set before. */
    @CanIgnoreReturnValue
    public PoolSettings orTarget(Supplier<Target> derived) {
        target = target == null ? derived.get() : target;
        return this;
    }

    /** When changes of the source are believed; as set, or the defaults. */
    public WatcherConfig watch() {
        return watch;
    }

    /** The target, or null while none is set. */
    public @Nullable Target target() {
        return target;
    }

    /**
     * The pool's name in threads, messages, metrics and JMX, and a part of the plan: two pools of one process that use
     * the same Pods spread better with two names. Not blank. Defaults to the name that the wrapped library's own
     * configuration has for it, if any, else to that of the Service in the target.
     */
    @CanIgnoreReturnValue
    public PoolSettings name(String value) {
        if (value.isBlank()) {
            throw new IllegalArgumentException("name: \"" + value + "\" (expected: not blank)");
        }
        name = value;
        return this;
    }

    /** The name, unless one was set before; null and blank are no name. */
    @CanIgnoreReturnValue
    public PoolSettings orName(@Nullable String value) {
        return name != null || value == null || value.isBlank() ? this : name(value);
    }

    /**
     * Distinguishes this process from the others that use the same Pods; must differ between them. Not blank. Defaults
     * to the environment variable {@code HOSTNAME} (in Kubernetes the Pod's name), else the host's name, else a random
     * one.
     */
    @CanIgnoreReturnValue
    public PoolSettings clientId(String value) {
        balance.clientId(value);
        return this;
    }

    /**
     * The topology zone of this process. Defaults to the environment's ({@code EVENKEEL_ZONE}), else to that of any
     * endpoint on our node, else to unknown: then no zone is preferred.
     */
    @CanIgnoreReturnValue
    public PoolSettings zone(@Nullable String value) {
        balance.zone(value);
        return this;
    }

    /**
     * The node of this process, by which its zone is found. Defaults to the environment's ({@code EVENKEEL_NODE}, else
     * {@code NODE_NAME}), else to unknown.
     */
    @CanIgnoreReturnValue
    public PoolSettings node(@Nullable String value) {
        balance.node(value);
        return this;
    }

    /**
     * Over how long the moves of one plan are spread. Defaults to 8 s; zero moves one after another without a pause.
     */
    @CanIgnoreReturnValue
    public PoolSettings moveWindow(Duration value) {
        balance.moveWindow(value);
        return this;
    }

    /**
     * How long a move waits for what is in the way, such as a connection in use, before it is tried later. Defaults to
     * 30 s; more than zero.
     */
    @CanIgnoreReturnValue
    public PoolSettings moveDeadline(Duration value) {
        balance.moveDeadline(value);
        return this;
    }

    /**
     * How long the connections of a leaving Pod have. Defaults to 25 s, inside the 30 s of grace that a Pod has by
     * default before it is killed; to the drain spread where that is longer.
     */
    @CanIgnoreReturnValue
    public PoolSettings drainDeadline(Duration value) {
        balance.drainDeadline(value);
        return this;
    }

    /**
     * Over how long the idle connections of a leaving Pod are retired, at most. Defaults to 5 s, to the drain deadline
     * where that is shorter; zero for at once.
     */
    @CanIgnoreReturnValue
    public PoolSettings drainSpread(Duration value) {
        balance.drainSpread(value);
        return this;
    }

    /**
     * After how long a connection is replaced, each at its own moment within 25 % of this. Defaults to 30 min; zero for
     * never.
     */
    @CanIgnoreReturnValue
    public PoolSettings maxConnectionAge(Duration value) {
        balance.maxConnectionAge(value);
        return this;
    }

    /** The maximum age, unless one was set before. */
    @CanIgnoreReturnValue
    public PoolSettings orMaxConnectionAge(Duration value) {
        balance.orMaxConnectionAge(value);
        return this;
    }

    /** Over how long a Pod that joined grows to its full share. Defaults to zero: the move window paces already. */
    @CanIgnoreReturnValue
    public PoolSettings slowStart(Duration value) {
        balance.slowStart(value);
        return this;
    }

    /**
     * 0 (the default) closes the old connection of a move first and never exceeds the pool's size; 1 opens the new one
     * first, which takes one connection more for a moment. Where connections move as a whole it is always 1.
     */
    @CanIgnoreReturnValue
    public PoolSettings surge(int value) {
        if (movesWhole && value == 0) {
            throw new IllegalArgumentException(
                    "surge: 0 (expected: 1; connections of this adapter move as a whole, so the"
                            + " new one is open before the old one is left)");
        }
        balance.surge(value);
        return this;
    }

    /**
     * The remaining settings of the balance; see {@link RebalancerConfig.Builder}. If it throws, no setting has
     * changed.
     */
    @CanIgnoreReturnValue
    public PoolSettings balance(Consumer<RebalancerConfig.Builder> settings) {
        RebalancerConfig.Builder changed = balance.copy();
        settings.accept(changed);
        balance = changed;
        return this;
    }

    /** How changes of the source settle. Defaults to {@link WatcherConfig}'s defaults. */
    @CanIgnoreReturnValue
    public PoolSettings watch(WatcherConfig value) {
        watch = Objects.requireNonNull(value, "watch");
        return this;
    }

    /** When a Pod is ejected. Defaults to {@link HealthConfig}'s defaults. */
    @CanIgnoreReturnValue
    public PoolSettings health(HealthConfig value) {
        health = Objects.requireNonNull(value, "health");
        return this;
    }

    /** Receives the pool's events. Defaults to none. */
    @CanIgnoreReturnValue
    public PoolSettings listener(EvenkeelListener value) {
        listener = Objects.requireNonNull(value, "listener");
        return this;
    }

    /** Records measurements. Defaults to none. */
    @CanIgnoreReturnValue
    public PoolSettings metrics(MetricsRecorder value) {
        metrics = Objects.requireNonNull(value, "metrics");
        return this;
    }

    /** Whether the status is shown over JMX, as {@code io.evenkeel:type=Pool,name="…"}. Defaults to true. */
    @CanIgnoreReturnValue
    public PoolSettings jmx(boolean value) {
        jmx = value;
        return this;
    }

    /** How long closing waits for work in progress. Defaults to 10 s; zero or more. */
    @CanIgnoreReturnValue
    public PoolSettings closeTimeout(Duration value) {
        closeTimeout = Durations.zeroOrMore("closeTimeout", value);
        return this;
    }

    /** What was set, and the defaults for the rest. Changes nothing here and starts nothing. */
    public PoolConfig toConfig(SeatPolicy size) {
        Target where = target;
        if (where == null) {
            throw new InvalidTargetException(
                    "target: null (expected: where the Pods are, such as k8s:///orders.default:7000"
                            + " or dns:///orders-headless.default.svc:7000)");
        }
        SortedSet<String> schemes = EndpointSources.schemes();
        if (!schemes.contains(where.scheme())) {
            throw EndpointSources.unknownScheme(where, schemes);
        }
        RebalancerConfig balanced =
                balance.copy().orClientId(ClientId::ofThisProcess).build();
        return new PoolConfig(
                name != null ? name : TargetName.of(where),
                where,
                size,
                balanced,
                health,
                watch,
                listener,
                metrics,
                jmx,
                closeTimeout);
    }
}
