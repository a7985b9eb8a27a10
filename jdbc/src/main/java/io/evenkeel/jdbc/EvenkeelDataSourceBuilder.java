package io.evenkeel.jdbc;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.evenkeel.adapter.PoolSettings;
import io.evenkeel.balance.RebalancerConfig;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.health.HealthConfig;
import io.evenkeel.time.Durations;
import io.evenkeel.watch.WatcherConfig;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Collects the settings of an {@link EvenkeelDataSource}. Not thread-safe. */
public final class EvenkeelDataSourceBuilder {

    private final PoolSettings settings = PoolSettings.create();

    @Nullable
    HikariConfig template;

    @Nullable
    HikariDataSource wrapped;

    @Nullable
    Function<Endpoint, DataSource> connections;

    Pooling pooling = Pooling.SEATS;

    EvenkeelDataSourceBuilder() {}

    /**
     * The template: JDBC URL or data source class, user, pool size, time-outs. Copied by {@link #build()}; a later
     * change of it has no effect ({@link EvenkeelDataSource#config()} has what can be changed). Its sizes are for all
     * Pods together. Must be set, here or by {@link #wrap}.
     */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder hikari(HikariConfig value) {
        template = Objects.requireNonNull(value, "hikari");
        wrapped = null;
        return this;
    }

    /**
     * The template is an existing pool, which {@link #build()} closes if it was started; nothing of it may be in use.
     */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder wrap(HikariDataSource value) {
        template = Objects.requireNonNull(value, "wrap");
        wrapped = value;
        return this;
    }

    /**
     * How to connect to one Pod, for drivers that Evenkeel doesn't know. The data sources it returns must not pool.
     * Defaults to the template's driver (pgjdbc, MySQL Connector/J, MariaDB Connector/J) with the Pod's address
     * beneath the name in the URL. Needs a {@link #target}.
     */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder connections(Function<Endpoint, DataSource> value) {
        connections = Objects.requireNonNull(value, "connections");
        return this;
    }

    /** What holds the connections. Defaults to {@link Pooling#SEATS}. */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder pooling(Pooling value) {
        pooling = Objects.requireNonNull(value, "pooling");
        return this;
    }

    /**
     * Where the Pods are: {@code k8s:///pg.default:5432}, {@code dns:///pg-headless.default.svc:5432},
     * {@code static:///10.0.0.1:5432,10.0.0.2:5432} or {@code file:///etc/evenkeel/pg.json}. Defaults to the host and
     * port of the JDBC URL: a Service's name inside a cluster means {@code k8s:}, else {@code dns:}.
     *
     * @throws io.evenkeel.endpoint.InvalidTargetException if it is not a target
     */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder target(String value) {
        settings.target(value);
        return this;
    }

    /**
     * The pool's name in threads, messages, metrics and JMX, and a part of the plan: two pools of one process that
     * use the same Pods spread better with two names. Not blank. Defaults to the template's {@code poolName}, else to
     * the Service's name in the target.
     */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder name(String value) {
        settings.name(value);
        return this;
    }

    /**
     * Distinguishes this process from the others that use the same Pods; must differ between them. Not blank.
     * Defaults to the environment variable {@code HOSTNAME} (in Kubernetes the Pod's name), else the host's name,
     * else a random one.
     */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder clientId(String value) {
        settings.clientId(value);
        return this;
    }

    /**
     * The topology zone of this process. Defaults to the environment's ({@code EVENKEEL_ZONE}), else to that of any
     * Pod on our node, else to unknown: then no zone is preferred.
     */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder zone(@Nullable String value) {
        settings.zone(value);
        return this;
    }

    /**
     * The node of this process, by which its zone is found. Defaults to the environment's ({@code EVENKEEL_NODE}, else
     * {@code NODE_NAME}), else to unknown.
     */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder node(@Nullable String value) {
        settings.node(value);
        return this;
    }

    /**
     * Over how long the moves of one plan are spread. Defaults to 8 s; zero moves one after another without a pause.
     */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder moveWindow(Duration value) {
        settings.moveWindow(value);
        return this;
    }

    /**
     * How long a move waits for a connection in use to be returned, before it is tried later. Defaults to 30 s; more
     * than zero.
     */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder moveDeadline(Duration value) {
        settings.moveDeadline(value);
        return this;
    }

    /**
     * After how long a Pod that leaves and still has connections in use is reported, in the log and as an event. They
     * are not closed by it. Defaults to 25 s, inside the 30 s of grace that a Pod has by default; to the drain spread
     * where that is longer.
     */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder drainWarnAfter(Duration value) {
        settings.drainDeadline(Durations.moreThanZero("drainWarnAfter", value));
        return this;
    }

    /**
     * Over how long the idle connections of a leaving Pod are retired, at most. Defaults to 5 s, to
     * {@link #drainWarnAfter} where that is shorter; zero for at once.
     */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder drainSpread(Duration value) {
        settings.drainSpread(value);
        return this;
    }

    /**
     * After how long a connection is replaced, each at its own moment within 25 % of this. Defaults to four fifths of
     * the template's {@code maxLifetime}, so that none gets older than that: 24 min if it isn't set; zero for never.
     */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder maxConnectionAge(Duration value) {
        settings.maxConnectionAge(value);
        return this;
    }

    /** Over how long a Pod that joined grows to its full share. Defaults to zero: the move window paces already. */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder slowStart(Duration value) {
        settings.slowStart(value);
        return this;
    }

    /**
     * 0 (the default) closes the old connection of a move first and never exceeds {@code maximumPoolSize}; 1 opens
     * the new one first, which takes one connection more at the servers for a moment.
     */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder surge(int value) {
        settings.surge(value);
        return this;
    }

    /**
     * The remaining settings of the balance; see {@link RebalancerConfig.Builder}. If it throws, no setting has
     * changed.
     */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder balance(Consumer<RebalancerConfig.Builder> value) {
        settings.balance(value);
        return this;
    }

    /** How changes of the source settle. Defaults to {@link WatcherConfig}'s defaults. */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder watch(WatcherConfig value) {
        settings.watch(value);
        return this;
    }

    /** When a Pod is ejected. Defaults to {@link HealthConfig}'s defaults. */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder health(HealthConfig value) {
        settings.health(value);
        return this;
    }

    /** Receives the pool's events. Defaults to none. */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder listener(EvenkeelListener value) {
        settings.listener(value);
        return this;
    }

    /** Records what all adapters measure. Defaults to none. */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder metrics(MetricsRecorder value) {
        settings.metrics(value);
        return this;
    }

    /** Whether the status is shown over JMX, as {@code io.evenkeel:type=Pool,name="…"}. Defaults to true. */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder jmx(boolean value) {
        settings.jmx(value);
        return this;
    }

    /**
     * How long {@link EvenkeelDataSource#close()} waits for connections in use. Defaults to 10 s; zero aborts them at
     * once.
     */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder closeTimeout(Duration value) {
        settings.closeTimeout(value);
        return this;
    }

    /** Changes several of the settings that all adapters have, such as those that are bound from a file. */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder settings(Consumer<PoolSettings> changes) {
        changes.accept(settings);
        return this;
    }

    /**
     * Starts the pool. Waits for a first connection as HikariCP does, where the template's
     * {@code initializationFailTimeout} is 0 (start in any case) or more (fail with the reason; its default), unless
     * the template is a {@link HikariDataSource}.
     *
     * @throws IllegalArgumentException if a setting is missing, out of its bounds, or can't be split over Pods; the
     *     message says what to do instead
     * @throws com.zaxxer.hikari.pool.HikariPool.PoolInitializationException if no Pod can be reached, with the reason
     *     as cause
     */
    public EvenkeelDataSource build() {
        return DataSourceRuntime.start(this);
    }

    /** The settings as they are now: what {@link #build()} derives is not kept here. */
    PoolSettings settings() {
        return settings.copy();
    }
}
