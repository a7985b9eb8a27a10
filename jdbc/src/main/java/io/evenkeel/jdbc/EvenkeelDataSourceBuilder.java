package io.evenkeel.jdbc;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.evenkeel.adapter.BalancedPoolBuilder;
import io.evenkeel.adapter.PoolConfig;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.Target;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Collects the settings of an {@link EvenkeelDataSource}. Not thread-safe. */
public final class EvenkeelDataSourceBuilder extends BalancedPoolBuilder<EvenkeelDataSourceBuilder> {

    static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(10);

    @Nullable
    HikariConfig template;

    @Nullable
    HikariDataSource wrapped;

    @Nullable
    String target;

    @Nullable
    Function<Endpoint, DataSource> connections;

    Duration closeTimeout = CLOSE_TIMEOUT;

    EvenkeelDataSourceBuilder() {}

    @Override
    protected EvenkeelDataSourceBuilder self() {
        return this;
    }

    /**
     * The template: JDBC URL or data source class, user, pool size, time-outs. Copied by {@link #build()}; a later change of
     * it has no effect ({@link EvenkeelDataSource#config()} has what can be changed). Its sizes are for all Pods together.
     * Must be set, here or by {@link #wrap}.
     */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder hikari(HikariConfig value) {
        template = Objects.requireNonNull(value, "hikari");
        wrapped = null;
        return this;
    }

    /** The template is an existing pool, which {@link #build()} closes if it was started; nothing of it may be in use. */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder wrap(HikariDataSource value) {
        template = Objects.requireNonNull(value, "wrap");
        wrapped = value;
        return this;
    }

    /**
     * Where the Pods are: {@code k8s:///pg.default:5432}, {@code dns:///pg-headless.default.svc:5432},
     * {@code static:///10.0.0.1:5432,10.0.0.2:5432} or {@code file:///etc/evenkeel/pg.json}. Defaults to the host and port of
     * the JDBC URL: a Service's name inside a cluster means {@code k8s:}, else {@code dns:}.
     */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder target(String value) {
        target = Objects.requireNonNull(value, "target");
        return this;
    }

    /**
     * How to connect to one Pod, for drivers that Evenkeel doesn't know. The data sources it returns must not pool. Defaults
     * to the template's driver (pgjdbc, MySQL Connector/J, MariaDB Connector/J) with the Pod's address beneath the name in
     * the URL. Needs a {@link #target}.
     */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder connections(Function<Endpoint, DataSource> value) {
        connections = Objects.requireNonNull(value, "connections");
        return this;
    }

    /**
     * 0 (the default) closes the old connection of a move first and never exceeds {@code maximumPoolSize}; 1 opens the new
     * one first, which takes one connection more at the servers for a moment.
     */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder surge(int value) {
        balance().surge(value);
        return this;
    }

    /** Over how long the idle connections of a leaving Pod are given up, at most. Defaults to 5 s; zero for at once. */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder drainSpread(Duration value) {
        balance().drainSpread(value);
        return this;
    }

    /** After how long a drain is reported as overrun. Defaults to 25 s. Connections in use are not closed by it. */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder drainDeadline(Duration value) {
        balance().drainDeadline(value);
        return this;
    }

    /**
     * After how long a connection is replaced, each at its own moment within 25 % of this. Defaults to four fifths of the
     * template's {@code maxLifetime}, so that none gets older than that: 24 min if it isn't set; zero for never.
     */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder maxConnectionAge(Duration value) {
        balance().maxConnectionAge(value);
        return this;
    }

    /** How long {@link EvenkeelDataSource#close()} waits for connections in use. Defaults to 10 s; zero aborts them at once. */
    @CanIgnoreReturnValue
    public EvenkeelDataSourceBuilder closeTimeout(Duration value) {
        if (value.isNegative()) {
            throw new IllegalArgumentException("closeTimeout: " + value + " (expected: zero or more)");
        }
        closeTimeout = value;
        return this;
    }

    /**
     * Starts the pool; connects nothing yet.
     *
     * @throws IllegalArgumentException if a setting is missing, out of its bounds, or can't be split over Pods; the message
     *     says what to do instead
     */
    public EvenkeelDataSource build() {
        return DataSourceRuntime.start(this);
    }

    /** The pool's name, of which the template may have one. */
    String poolName(HikariConfig config, Target where) {
        String set = name() != null ? name() : config.getPoolName();
        return Objects.requireNonNullElse(set, where.path());
    }

    /** @param age of connections, where none was set */
    PoolConfig poolConfig(String pool, Target where, int seats, Duration age) {
        balance().orMaxConnectionAge(age);
        return pool(pool, where).seats(seats).build();
    }
}
