package io.evenkeel.jdbc;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariConfigMXBean;
import com.zaxxer.hikari.HikariDataSource;
import io.evenkeel.balance.BalanceContext;
import io.evenkeel.balance.Rebalancer;
import io.evenkeel.balance.RebalancerConfig;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.Target;
import io.evenkeel.source.EndpointSources;
import io.evenkeel.status.JmxStatus;
import io.evenkeel.status.PoolStatus;
import io.evenkeel.time.SystemScheduler;
import io.evenkeel.time.Ticker;
import io.evenkeel.watch.EndpointWatchers;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One running data source: watch, control thread, rebalancer and per-Pod pools, made and ended in order.
 *
 * <p>Ends in the opposite direction to the flow: first no more news of endpoints, then no more steps of the rebalancer, then
 * the control thread, then the connections.
 */
final class DataSourceRuntime implements EvenkeelDataSource.Runtime {

    private static final Logger LOG = LoggerFactory.getLogger(EvenkeelDataSource.class);
    private static final Duration THREAD_END = Duration.ofSeconds(5);

    private final String pool;
    private final LiveConfig live;
    private final SystemScheduler control;
    private final Rebalancer rebalancer;
    private final JdbcConnections connections;
    private final EndpointWatchers.Subscription subscription;
    private final @Nullable JmxStatus jmx;
    private final Duration closeTimeout;
    private final int surge;

    private DataSourceRuntime(
            String pool,
            Target target,
            LiveConfig live,
            Function<Endpoint, DataSource> drivers,
            EvenkeelDataSourceBuilder settings) {
        this.pool = pool;
        this.live = live;
        this.closeTimeout = settings.closeTimeout;
        HikariConfig config = live.settings();
        // Checked before any thread is started.
        RebalancerConfig balance = balance(settings, live);
        // Connections are renewed by the rebalancer, which knows where the next one is to go.
        config.setMaxLifetime(0);
        this.surge = balance.surge();
        this.control = new SystemScheduler("evenkeel-" + pool + "-control");
        long seed = new SecureRandom().nextLong();
        BalanceContext context = new BalanceContext(
                Ticker.system(), control, new SplittableRandom(seed), settings.listener, settings.metrics);
        int size = config.getMaximumPoolSize();
        this.rebalancer = new Rebalancer(pool, target.toString(), size, balance, settings.health, context);
        this.connections = new JdbcConnections(
                poolConfig(config, balance.surge()),
                config,
                drivers,
                rebalancer.signals(),
                settings.metrics,
                Ticker.system(),
                seed);
        rebalancer.start(connections);
        live.onChange(this::changed);
        this.subscription = subscribe(target, settings);
        this.jmx = settings.jmx ? JmxStatus.register(pool, rebalancer::status) : null;
    }

    /** From here on connections are opened: not before those of the pool that this one replaces are closed. */
    private EndpointWatchers.Subscription subscribe(Target target, EvenkeelDataSourceBuilder settings) {
        CountDownLatch replaced = new CountDownLatch(1);
        control.execute(() -> await(replaced));
        try {
            EndpointWatchers.Subscription subscribed =
                    EndpointWatchers.shared().subscribe(target, settings.watch, rebalancer::endpoints);
            closeWrapped(pool, settings.wrapped);
            return subscribed;
        } catch (RuntimeException e) {
            connections.close(Duration.ZERO);
            control.close();
            throw e;
        } finally {
            replaced.countDown();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            // The control thread is being ended.
            Thread.currentThread().interrupt();
        }
    }

    static EvenkeelDataSource start(EvenkeelDataSourceBuilder settings) {
        HikariConfig template = settings.template;
        if (template == null) {
            throw new IllegalArgumentException(
                    "hikari: null (expected: a HikariConfig with the URL, user and pool size)");
        }
        requireUnused(settings.wrapped);
        HikariConfig copy = new HikariConfig();
        template.copyStateTo(copy);
        LiveConfig live = new LiveConfig(copy);
        DriverTemplate driver = settings.connections == null ? DriverTemplate.from(copy) : null;
        Function<Endpoint, DataSource> drivers = settings.connections;
        if (driver != null) {
            drivers = endpoint -> driver.dataSource(endpoint, copy::getCredentials);
        }
        Target target = target(settings, driver);
        String pool = name(settings, copy, target);
        copy.setPoolName(pool);
        return new EvenkeelDataSource(
                pool, new DataSourceRuntime(pool, target, live, Objects.requireNonNull(drivers), settings));
    }

    private static void requireUnused(@Nullable HikariDataSource wrapped) {
        if (wrapped != null && wrapped.isRunning()) {
            int active = wrapped.getHikariPoolMXBean().getActiveConnections();
            if (active > 0) {
                throw new IllegalStateException("wrap: pool " + wrapped.getPoolName() + " has " + active
                        + " connections in use (expected: none, since closing it would abort them; wrap it before its first"
                        + " use, or build from its HikariConfig and close it yourself)");
            }
        }
    }

    private static JdbcPoolConfig poolConfig(HikariConfig config, int surge) {
        int size = config.getMaximumPoolSize();
        int idle = config.getMinimumIdle();
        return new JdbcPoolConfig(
                config.getPoolName(),
                size,
                surge,
                // Unset means a pool of fixed size, as it does to HikariCP.
                idle < 0 || idle > size ? size : idle,
                Duration.ofMillis(config.getConnectionTimeout()));
    }

    private static Target target(EvenkeelDataSourceBuilder settings, @Nullable DriverTemplate driver) {
        if (settings.target != null) {
            return Target.parse(settings.target);
        }
        if (driver == null) {
            throw new IllegalArgumentException(
                    "target: null (expected: where the Pods are, since connections(…) says how to"
                            + " connect to one; for example dns:///pg-headless.default.svc:5432)");
        }
        DerivedTarget derived = DerivedTarget.of(
                driver.host(),
                driver.port(),
                DerivedTarget.Surroundings.of(System::getenv, ownNamespace(), EndpointSources.schemes()));
        LOG.info("Target {}, since {}", derived.target(), derived.why());
        return derived.target();
    }

    private static @Nullable String ownNamespace() {
        Path file = Path.of("/var/run/secrets/kubernetes.io/serviceaccount/namespace");
        try {
            return Files.isReadable(file) ? Files.readString(file).strip() : null;
        } catch (IOException e) {
            LOG.warn("The Pod's own namespace is unknown: {} cannot be read", file, e);
            return null;
        }
    }

    private static String name(EvenkeelDataSourceBuilder settings, HikariConfig config, Target target) {
        if (settings.name != null) {
            return settings.name;
        }
        return config.getPoolName() != null ? config.getPoolName() : target.path();
    }

    private static RebalancerConfig balance(EvenkeelDataSourceBuilder settings, LiveConfig config) {
        // With the jitter of 25 % no connection gets older than maxLifetime, which may be a server's own limit.
        Duration bounded = Duration.ofMillis(config.getMaxLifetime() * 4 / 5);
        return settings.balance
                .clientId(settings.clientId != null ? settings.clientId : ownName())
                .maxConnectionAge(settings.maxConnectionAge != null ? settings.maxConnectionAge : bounded)
                .build();
    }

    private static String ownName() {
        String hostName = System.getenv("HOSTNAME");
        if (hostName != null && !hostName.isBlank()) {
            return hostName;
        }
        try {
            String host = InetAddress.getLocalHost().getHostName();
            if (!host.equals("localhost")) {
                return host;
            }
        } catch (UnknownHostException e) {
            LOG.debug("This host has no name", e);
        }
        String random = UUID.randomUUID().toString();
        LOG.info("This host has no name of its own: the client id is {}", random);
        return random;
    }

    private static void closeWrapped(String pool, @Nullable HikariDataSource wrapped) {
        if (wrapped != null && !wrapped.isClosed()) {
            if (wrapped.isRunning()) {
                LOG.info("Pool {}: closes the pool that it replaces, {}", pool, wrapped.getPoolName());
            }
            wrapped.close();
        }
    }

    private void changed(HikariConfig settings) {
        connections.configure(poolConfig(settings, surge));
        rebalancer.resize(settings.getMaximumPoolSize());
    }

    @Override
    public Connection acquire() throws SQLException {
        return connections.acquire(live.connectionTimeoutNanos());
    }

    @Override
    public PoolStatus status() {
        return rebalancer.status();
    }

    @Override
    public HikariConfigMXBean config() {
        return live;
    }

    @Override
    public void close() {
        LOG.info("Pool {}: closing", pool);
        if (jmx != null) {
            jmx.close();
        }
        subscription.close();
        rebalancer.close();
        control.close();
        // Before the connections: a round under way may still be joining a Pod. It can't end here where a listener
        // closes us.
        if (!control.awaitEnd(THREAD_END)) {
            LOG.debug("Pool {}: its control thread goes on until this call returns", pool);
        }
        connections.close(closeTimeout);
        LOG.info("Pool {}: closed", pool);
    }
}
