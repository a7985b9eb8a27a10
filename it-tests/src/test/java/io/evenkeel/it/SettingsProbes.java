package io.evenkeel.it;

import static io.evenkeel.it.DataSourceBed.ask;
import static io.evenkeel.it.SettingsTrial.eventually;
import static io.evenkeel.it.SettingsTrial.tried;

import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.health.HealthCheckRegistry;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariCredentialsProvider;
import com.zaxxer.hikari.SQLExceptionOverride;
import com.zaxxer.hikari.metrics.IMetricsTracker;
import com.zaxxer.hikari.util.Credentials;
import io.evenkeel.it.SettingsTrial.Pool;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Hashtable;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import javax.management.ObjectName;
import javax.naming.Context;
import javax.naming.spi.InitialContextFactory;
import org.mariadb.jdbc.MariaDbDataSource;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * One for each property of {@code HikariConfig}: sets it to something else than its default and returns what becomes of it.
 * What HikariCP's documentation says of the property is the expectation, so that none passes because nothing was seen.
 */
final class SettingsProbes {
    /** Of the whole process: two servers' probes run at once. */
    private static final ReentrantLock PROCESS = new ReentrantLock();

    private SettingsProbes() {}

    /**
     * @param property its name, as in docs/hikari.md
     * @param expected what is seen with HikariCP
     */
    record Probe(String property, String expected, Trying trying) {}

    interface Trying {
        String run(SettingsTrial trial) throws Exception;
    }

    static List<Probe> all(SettingsBed bed) {
        List<Probe> all = new ArrayList<>();
        state(all, bed);
        statements(all, bed);
        sizes(all);
        times(all);
        whereTo(all, bed);
        who(all);
        observers(all);
        return all;
    }

    private static void add(List<Probe> all, String property, String expected, Trying trying) {
        all.add(new Probe(property, expected, trying));
    }

    // --- the state of a connection, and that a user's change of it is gone for the next one ---

    private static void state(List<Probe> all, SettingsBed bed) {
        add(all, "autoCommit", "false, then false", trial -> {
            HikariConfig config = trial.config();
            config.setAutoCommit(false);
            return twice(trial, config, Connection::getAutoCommit, connection -> connection.setAutoCommit(true));
        });
        add(all, "readOnly", "true, then true", trial -> {
            HikariConfig config = trial.config();
            config.setReadOnly(true);
            return twice(trial, config, Connection::isReadOnly, connection -> connection.setReadOnly(false));
        });
        add(all, "transactionIsolation", "SERIALIZABLE, then SERIALIZABLE", trial -> {
            HikariConfig config = trial.config();
            config.setTransactionIsolation("TRANSACTION_SERIALIZABLE");
            return twice(
                    trial,
                    config,
                    connection -> ask(connection, trial.bed().isolation()),
                    connection -> connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED));
        });
        String database = bed.databaseAfter(SettingsBed.OTHER_DATABASE);
        add(all, "catalog", database + ", then " + database, trial -> {
            HikariConfig config = trial.config();
            config.setCatalog(SettingsBed.OTHER_DATABASE);
            return twice(
                    trial,
                    config,
                    connection -> ask(connection, trial.bed().currentDatabase()),
                    connection -> connection.setCatalog(trial.bed().database()));
        });
        String schema = bed.schemaAfter(SettingsBed.OTHER_DATABASE);
        add(all, "schema", schema + ", then " + schema, trial -> {
            HikariConfig config = trial.config();
            config.setSchema(SettingsBed.OTHER_DATABASE);
            return twice(trial, config, Connection::getSchema, connection -> connection.setSchema("public"));
        });
    }

    private interface Seen {
        Object of(Connection connection) throws SQLException;
    }

    private interface Change {
        void of(Connection connection) throws SQLException;
    }

    private static String twice(SettingsTrial trial, HikariConfig config, Seen seen, Change change) throws Exception {
        config.setMaximumPoolSize(1);
        Pool pool = trial.open(config);
        Object first;
        try (Connection connection = pool.get()) {
            first = seen.of(connection);
            if (!connection.getAutoCommit()) {
                connection.rollback();
            }
            change.of(connection);
        }
        try (Connection connection = pool.get()) {
            return first + ", then " + seen.of(connection);
        }
    }

    // --- statements of the pool's own ---

    private static void statements(List<Probe> all, SettingsBed bed) {
        add(all, "connectionInitSql", "ran", trial -> {
            HikariConfig config = trial.config();
            config.setConnectionInitSql(trial.bed().setSessionVariable("ran"));
            return trial.asked(config, trial.bed().sessionVariable());
        });
        add(all, "connectionTestQuery", "asked of what was idle for 0.6 s", trial -> {
            HikariConfig config = trial.config();
            config.setConnectionTestQuery(trial.bed().count());
            config.setMaximumPoolSize(1);
            Pool pool = trial.open(config);
            pool.get().close();
            long before = trial.bed().asked();
            TimeUnit.MILLISECONDS.sleep(600);
            pool.get().close();
            return trial.bed().asked() - before > 1
                    ? "asked of what was idle for 0.6 s"
                    : "not asked: its socket is open and silent";
        });
        add(all, "isolateInternalQueries", "0 rows without, 1 with", trial -> {
            long without = initialized(trial, false);
            return without + " rows without, " + initialized(trial, true) + " with";
        });
        add(all, "exceptionOverride", "kept: true, else false", trial -> {
            HikariConfig config = trial.config();
            config.setExceptionOverride(new Keep());
            return "kept: " + survives(trial, config) + ", else " + survives(trial, trial.config());
        });
        add(all, "exceptionOverrideClassName", "kept: true, else false", trial -> {
            HikariConfig config = trial.config();
            config.setExceptionOverrideClassName(Keep.class.getName());
            return "kept: " + survives(trial, config) + ", else " + survives(trial, trial.config());
        });
    }

    /** How many rows of the pool's own statement others see while autoCommit is off. */
    private static long initialized(SettingsTrial trial, boolean isolated) throws Exception {
        trial.bed().execute("delete from " + table(trial) + "init");
        HikariConfig config = trial.config();
        config.setMaximumPoolSize(1);
        config.setAutoCommit(false);
        config.setIsolateInternalQueries(isolated);
        config.setConnectionInitSql("insert into init values (1)");
        try (Connection connection = trial.open(config).get()) {
            connection.rollback();
        }
        trial.close();
        return Long.parseLong(trial.bed().ask("select count(*) from init"));
    }

    private static String table(SettingsTrial trial) {
        return trial.bed() instanceof SettingsBed.MariaDb ? trial.bed().database() + "." : "";
    }

    /** What HikariCP would evict by its SQLState is kept. */
    public static final class Keep implements SQLExceptionOverride {
        @java.lang.Override // the interface has a type of this name
        public Override adjudicate(SQLException failure) {
            return Override.DO_NOT_EVICT;
        }
    }

    /** Whether a connection stays in the pool after a failure with a SQLState that means it is lost. */
    private static boolean survives(SettingsTrial trial, HikariConfig config) throws Exception {
        config.setMaximumPoolSize(1);
        Pool pool = trial.open(config);
        String first;
        try (Connection connection = pool.get();
                Statement statement = connection.createStatement()) {
            first = ask(connection, trial.bed().session());
            try {
                statement.execute(trial.bed().failAsLost());
            } catch (SQLException intended) {
                // what the pool is to judge
            }
        } catch (SQLException closed) {
            // of a connection that the pool closed because of it
            return false;
        }
        return sessionOf(pool, trial).equals(first);
    }

    private static String sessionOf(Pool pool, SettingsTrial trial) throws SQLException {
        try (Connection connection = pool.get()) {
            return ask(connection, trial.bed().session());
        }
    }

    // --- how many ---

    private static void sizes(List<Probe> all) {
        add(all, "maximumPoolSize", "3, live 5", trial -> {
            HikariConfig config = trial.config();
            config.setMaximumPoolSize(3);
            // HikariCP has minimumIdle follow once, when it starts.
            Pool pool = trial.open(config);
            String before = eventually("3", () -> trial.bed().ask(trial.bed().sessions()));
            pool.config().setMaximumPoolSize(5);
            pool.config().setMinimumIdle(5);
            return before + ", live "
                    + eventually("5", () -> trial.bed().ask(trial.bed().sessions()));
        });
        add(all, "minimumIdle", "1 of 3, live 2", trial -> {
            HikariConfig config = trial.config();
            config.setMaximumPoolSize(3);
            config.setMinimumIdle(1);
            Pool pool = trial.open(config);
            // What was opened beyond that, for callers who waited for a moment.
            pool.config().setIdleTimeout(500);
            String before = eventually("1", () -> trial.bed().ask(trial.bed().sessions()));
            pool.config().setMinimumIdle(2);
            return before + " of 3, live "
                    + eventually("2", () -> trial.bed().ask(trial.bed().sessions()));
        });
        add(all, "idleTimeout", "1 is left of 3", trial -> {
            HikariConfig config = trial.config();
            config.setMaximumPoolSize(3);
            config.setMinimumIdle(1);
            Pool pool = trial.open(config);
            try (Connection one = pool.get();
                    Connection two = pool.get();
                    Connection three = pool.get()) {
                one.isValid(1);
                two.isValid(1);
                three.isValid(1);
            }
            String open = trial.bed().ask(trial.bed().sessions());
            // Live, since HikariCP puts less than 10 s back to its default when it starts.
            pool.config().setIdleTimeout(500);
            return eventually("1", () -> trial.bed().ask(trial.bed().sessions())) + " is left of " + open;
        });
        add(all, "allowPoolSuspension", "callers wait until it is resumed", trial -> {
            HikariConfig config = trial.config();
            config.setAllowPoolSuspension(true);
            Pool pool = trial.open(config);
            pool.bean().suspendPool();
            AtomicBoolean resumed = new AtomicBoolean();
            CompletableFuture<Boolean> caller = CompletableFuture.supplyAsync(() -> {
                try (Connection connection = pool.get()) {
                    return resumed.get() && connection.isValid(1);
                } catch (SQLException e) {
                    return false;
                }
            });
            TimeUnit.MILLISECONDS.sleep(200);
            resumed.set(true);
            pool.bean().resumePool();
            return caller.get(5, TimeUnit.SECONDS) ? "callers wait until it is resumed" : "callers don't wait";
        });
    }

    // --- when ---

    private static void times(List<Probe> all) {
        add(all, "connectionTimeout", "before 10 s, live before 10 s", trial -> {
            HikariConfig config = trial.config();
            config.setMaximumPoolSize(1);
            config.setConnectionTimeout(300);
            String first = refusedAfter(trial.open(config));
            config = trial.config();
            config.setMaximumPoolSize(1);
            Pool pool = trial.open(config);
            pool.config().setConnectionTimeout(300);
            // HikariCP's housekeeper reads it.
            TimeUnit.MILLISECONDS.sleep(700);
            return first + ", live " + refusedAfter(pool);
        });
        add(all, "validationTimeout", "a frozen server is noticed before a query", trial -> {
            HikariConfig config = trial.config();
            config.setMaximumPoolSize(1);
            config.setConnectionTimeout(1_000);
            config.setValidationTimeout(300);
            Pool pool = trial.open(config);
            pool.get().close();
            TimeUnit.MILLISECONDS.sleep(600);
            trial.bed().freeze();
            try {
                return tried(pool).equals("none in time")
                        ? "a frozen server is noticed before a query"
                        : "a connection whose socket is open and silent is handed out untested";
            } finally {
                trial.bed().resume();
            }
        });
        add(all, "maxLifetime", "renewed; live: accepted", trial -> {
            HikariConfig config = trial.config();
            config.setMaximumPoolSize(1);
            config.setMaxLifetime(1_500);
            Pool pool = trial.open(config);
            String first = sessionOf(pool, trial);
            String renewed = eventually("true", () -> !sessionOf(pool, trial).equals(first));
            return (renewed.equals("true") ? "renewed" : "kept") + "; live: " + live(pool);
        });
        add(all, "keepaliveTime", "asked while idle", trial -> {
            HikariConfig config = trial.config();
            config.setMaximumPoolSize(1);
            config.setKeepaliveTime(700);
            config.setConnectionTestQuery(trial.bed().count());
            trial.open(config).get().close();
            // Its own asking counts as well, so that what others add is what is left.
            long start = trial.bed().asked();
            AtomicInteger own = new AtomicInteger();
            return eventually("true", () -> trial.bed().asked() - start - own.incrementAndGet() >= 2)
                            .equals("true")
                    ? "asked while idle"
                    : "not asked";
        });
        add(all, "leakDetectionThreshold", "warned, then unleaked", trial -> {
            Pool pool = trial.open(trial.config());
            // Live, since HikariCP takes less than 2 s for none when it starts.
            pool.config().setLeakDetectionThreshold(300);
            TimeUnit.MILLISECONDS.sleep(700);
            return leak(pool);
        });
        add(all, "initializationFailTimeout", "fails by default, starts below 0", trial -> {
            HikariConfig config = trial.config();
            config.setPassword("wrong");
            config.setConnectionTimeout(500);
            String first;
            try {
                trial.open(config);
                first = "starts";
            } catch (SettingsTrial.Refused e) {
                first = "fails";
            }
            config = trial.config();
            config.setPassword("wrong");
            config.setConnectionTimeout(500);
            config.setInitializationFailTimeout(-1);
            trial.open(config);
            return first + " by default, starts below 0";
        });
    }

    private static String live(Pool pool) {
        try {
            pool.config().setMaxLifetime(60_000);
            return "accepted";
        } catch (UnsupportedOperationException e) {
            return "refused";
        }
    }

    /** While its one connection is in use. The default is 30 s. */
    private static String refusedAfter(Pool pool) throws SQLException {
        try (Connection used = pool.get()) {
            long start = System.nanoTime();
            String second = tried(pool);
            long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start);
            used.isValid(1);
            return second.equals("none in time") && seconds < 10 ? "before 10 s" : second + " after " + seconds + " s";
        }
    }

    private static String leak(Pool pool) throws Exception {
        PROCESS.lock();
        PrintStream before = System.err;
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
        try {
            String warned;
            try (Connection lost = pool.get()) {
                warned = eventually("true", () -> contains(log, "Connection leak detection triggered"));
                lost.isValid(1);
            }
            String returned = eventually("true", () -> contains(log, "(unleaked)"));
            return (warned.equals("true") ? "warned" : "silent") + ", then "
                    + (returned.equals("true") ? "unleaked" : "silent");
        } finally {
            System.setErr(before);
            PROCESS.unlock();
        }
    }

    private static boolean contains(ByteArrayOutputStream log, String text) {
        return log.toString(StandardCharsets.UTF_8)
                .toLowerCase(java.util.Locale.ROOT)
                .contains(text.toLowerCase(java.util.Locale.ROOT));
    }

    // --- where to, and by what driver ---

    private static void whereTo(List<Probe> all, SettingsBed bed) {
        add(all, "jdbcUrl", SettingsBed.OTHER_DATABASE, trial -> {
            HikariConfig config = trial.configWithoutUrl();
            config.setJdbcUrl(trial.bed().url(SettingsBed.OTHER_DATABASE));
            return trial.asked(config, trial.bed().currentDatabase());
        });
        add(all, "driverClassName", "this one connects, another fails", trial -> {
            HikariConfig config = trial.config();
            config.setDriverClassName(trial.bed().driverClass());
            trial.open(config).get().close();
            HikariConfig another = trial.config();
            another.setDriverClassName("org.h2.Driver");
            try {
                trial.open(another);
                return "this one connects, another too";
            } catch (SettingsTrial.Refused e) {
                return "this one connects, another fails";
            }
        });
        add(all, "dataSourceClassName", bed.database(), trial -> {
            HikariConfig config = trial.configWithoutUrl();
            config.setDataSourceClassName(trial.bed().dataSourceClass());
            trial.bed().dataSourceProperties().forEach(config::addDataSourceProperty);
            return trial.asked(config, trial.bed().currentDatabase());
        });
        add(all, "dataSourceProperties", "probe", trial -> {
            HikariConfig config = trial.config();
            Properties properties = new Properties();
            properties.setProperty(
                    trial.bed().driverProperty().getKey(),
                    trial.bed().driverProperty().getValue());
            config.setDataSourceProperties(properties);
            return trial.asked(config, trial.bed().sessionVariable());
        });
        add(all, "dataSource", bed.database(), trial -> {
            HikariConfig config = trial.configWithoutUrl();
            config.setDataSource(plain(trial.bed()));
            return trial.asked(config, trial.bed().currentDatabase());
        });
        add(all, "dataSourceJNDI", bed.database(), trial -> {
            PROCESS.lock();
            String before = System.getProperty(Context.INITIAL_CONTEXT_FACTORY);
            System.setProperty(Context.INITIAL_CONTEXT_FACTORY, OneName.class.getName());
            OneName.found = plain(trial.bed());
            try {
                HikariConfig config = trial.configWithoutUrl();
                config.setDataSourceJNDI("jdbc/probe");
                return trial.asked(config, trial.bed().currentDatabase());
            } finally {
                if (before == null) {
                    System.clearProperty(Context.INITIAL_CONTEXT_FACTORY);
                } else {
                    System.setProperty(Context.INITIAL_CONTEXT_FACTORY, before);
                }
                PROCESS.unlock();
            }
        });
    }

    private static javax.sql.DataSource plain(SettingsBed bed) throws SQLException {
        if (bed instanceof SettingsBed.MariaDb) {
            MariaDbDataSource made = new MariaDbDataSource(bed.url(bed.database()));
            made.setUser(bed.user());
            made.setPassword(bed.password());
            return made;
        }
        PGSimpleDataSource made = new PGSimpleDataSource();
        made.setURL(bed.url(bed.database()));
        return made;
    }

    /** A directory with one data source, whatever name is asked for. */
    public static final class OneName implements InitialContextFactory {
        private static volatile javax.sql.DataSource found;

        @Override
        public Context getInitialContext(Hashtable<?, ?> environment) {
            return (Context) Proxy.newProxyInstance(
                    OneName.class.getClassLoader(),
                    new Class<?>[] {Context.class},
                    (proxy, method, arguments) -> method.getName().equals("lookup") ? found : null);
        }
    }

    // --- who ---

    private static void who(List<Probe> all) {
        add(all, "username", SettingsBed.OTHER_USER, trial -> {
            HikariConfig config = trial.config();
            config.setUsername(SettingsBed.OTHER_USER);
            config.setPassword(SettingsBed.OTHER_PASSWORD);
            return trial.asked(config, trial.bed().currentUser());
        });
        add(all, "password", "live: another user after eviction", trial -> {
            HikariConfig config = trial.config();
            config.setMaximumPoolSize(1);
            Pool pool = trial.open(config);
            pool.config().setCredentials(other());
            pool.bean().softEvictConnections();
            return "live: "
                    + (eventually(SettingsBed.OTHER_USER, () -> userOf(pool, trial))
                                    .equals(SettingsBed.OTHER_USER)
                            ? "another user after eviction"
                            : "the same user");
        });
        add(all, "credentials", SettingsBed.OTHER_USER, trial -> {
            HikariConfig config = trial.config();
            config.setCredentials(other());
            return trial.asked(config, trial.bed().currentUser());
        });
        add(all, "credentialsProvider", SettingsBed.OTHER_USER, trial -> {
            HikariConfig config = trial.config();
            config.setCredentialsProvider(new Provider());
            return trial.asked(config, trial.bed().currentUser());
        });
        add(all, "credentialsProviderClassName", SettingsBed.OTHER_USER, trial -> {
            HikariConfig config = trial.config();
            config.setCredentialsProviderClassName(Provider.class.getName());
            return trial.asked(config, trial.bed().currentUser());
        });
    }

    private static String userOf(Pool pool, SettingsTrial trial) throws SQLException {
        try (Connection connection = pool.get()) {
            return ask(connection, trial.bed().currentUser());
        }
    }

    private static Credentials other() {
        return Credentials.of(SettingsBed.OTHER_USER, SettingsBed.OTHER_PASSWORD);
    }

    public static final class Provider implements HikariCredentialsProvider {
        @Override
        public Credentials getCredentials() {
            return other();
        }
    }

    // --- what observes it ---

    private static void observers(List<Probe> all) {
        add(all, "poolName", "in its threads and in what it throws", trial -> {
            HikariConfig config = trial.config();
            config.setPoolName(config.getPoolName() + "named");
            config.setMaximumPoolSize(1);
            config.setConnectionTimeout(300);
            Pool pool = trial.open(config);
            boolean threads = Thread.getAllStackTraces().keySet().stream()
                    .anyMatch(thread -> thread.getName().contains(config.getPoolName()));
            try (Connection used = pool.get();
                    Connection none = pool.get()) {
                return "handed out two of one: " + used + ", " + none;
            } catch (SQLException e) {
                return (threads ? "in its threads" : "in no thread")
                        + (e.getMessage().contains(config.getPoolName()) ? " and in what it throws" : " only");
            }
        });
        add(all, "threadFactory", "used", trial -> {
            HikariConfig config = trial.config();
            AtomicInteger made = new AtomicInteger();
            config.setThreadFactory(task -> {
                made.incrementAndGet();
                Thread thread = new Thread(task, "made-by-test");
                thread.setDaemon(true);
                return thread;
            });
            trial.open(config).get().close();
            return made.get() > 0 ? "used" : "not used";
        });
        add(all, "scheduledExecutor", "used", trial -> {
            ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1);
            try {
                HikariConfig config = trial.config();
                config.setScheduledExecutor(executor);
                trial.open(config).get().close();
                return executor.getTaskCount() > 0 ? "used" : "not used";
            } finally {
                trial.close();
                executor.shutdownNow();
            }
        });
        add(all, "registerMbeans", "2 connections, at most 2", trial -> {
            HikariConfig config = trial.config();
            config.setRegisterMbeans(true);
            Pool pool = trial.open(config);
            var server = ManagementFactory.getPlatformMBeanServer();
            ObjectName counts = new ObjectName("com.zaxxer.hikari:type=Pool (" + pool.name() + ")");
            ObjectName settings = new ObjectName("com.zaxxer.hikari:type=PoolConfig (" + pool.name() + ")");
            return eventually("2", () -> server.getAttribute(counts, "TotalConnections")) + " connections, at most "
                    + server.getAttribute(settings, "MaximumPoolSize");
        });
        add(all, "metricsTrackerFactory", "created, acquired, used, timed out, closed", trial -> {
            HikariConfig config = trial.config();
            Recorder recorder = new Recorder();
            config.setMetricsTrackerFactory((name, stats) -> recorder);
            config.setConnectionTimeout(300);
            oneTimesOut(trial.open(config));
            trial.close();
            return recorder.toString();
        });
        add(all, "metricRegistry", "10 meters; created, used, 3 acquired, 1 time-out", trial -> {
            HikariConfig config = trial.config();
            SimpleMeterRegistry registry = new SimpleMeterRegistry();
            config.setMetricRegistry(registry);
            config.setConnectionTimeout(300);
            Pool pool = trial.open(config);
            // What the start itself took is not compared.
            long before = registry.get("hikaricp.connections.acquire").timer().count();
            oneTimesOut(pool);
            long acquired = registry.get("hikaricp.connections.acquire").timer().count() - before;
            return registry.getMeters().stream()
                            .filter(meter -> meter.getId().getName().startsWith("hikaricp.connections"))
                            .count()
                    + " meters; "
                    + counted(registry, "creation", "created")
                    + counted(registry, "usage", "used")
                    + acquired
                    + " acquired, "
                    + (int) registry.get("hikaricp.connections.timeout")
                            .counter()
                            .count() + " time-out";
        });
        add(all, "healthCheckRegistry", "a check of its connectivity", trial -> {
            HikariConfig config = trial.config();
            HealthCheckRegistry registry = new HealthCheckRegistry();
            config.setHealthCheckRegistry(registry);
            trial.open(config);
            return registry.getNames().stream().anyMatch(name -> name.contains("ConnectivityCheck"))
                    ? "a check of its connectivity"
                    : "none";
        });
        add(all, "healthCheckProperties", "a check of its 99th percentile", trial -> {
            HikariConfig config = trial.config();
            HealthCheckRegistry registry = new HealthCheckRegistry();
            config.setMetricRegistry(new MetricRegistry());
            config.setHealthCheckRegistry(registry);
            config.addHealthCheckProperty("expected99thPercentileMs", "10");
            trial.open(config);
            return registry.getNames().stream().anyMatch(name -> name.contains("99"))
                    ? "a check of its 99th percentile"
                    : "none";
        });
    }

    private static String counted(SimpleMeterRegistry registry, String meter, String text) {
        return registry.get("hikaricp.connections." + meter).timer().count() > 0 ? text + ", " : "";
    }

    /** Of three callers at once, for two connections. */
    private static void oneTimesOut(Pool pool) throws Exception {
        eventually("2", () -> pool.bean().getTotalConnections());
        try (Connection one = pool.get();
                Connection two = pool.get()) {
            one.isValid(1);
            two.isValid(1);
            tried(pool);
        }
    }

    private static final class Recorder implements IMetricsTracker {
        private final AtomicBoolean created = new AtomicBoolean();
        private final AtomicBoolean acquired = new AtomicBoolean();
        private final AtomicBoolean used = new AtomicBoolean();
        private final AtomicBoolean timedOut = new AtomicBoolean();
        private final AtomicBoolean closed = new AtomicBoolean();

        @Override
        public void recordConnectionCreatedMillis(long millis) {
            created.set(true);
        }

        @Override
        public void recordConnectionAcquiredNanos(long nanos) {
            acquired.set(true);
        }

        @Override
        public void recordConnectionUsageMillis(long millis) {
            used.set(true);
        }

        @Override
        public void recordConnectionTimeout() {
            timedOut.set(true);
        }

        @Override
        public void close() {
            closed.set(true);
        }

        @Override
        public String toString() {
            return (created.get() ? "created, " : "")
                    + (acquired.get() ? "acquired, " : "")
                    + (used.get() ? "used, " : "")
                    + (timedOut.get() ? "timed out, " : "")
                    + (closed.get() ? "closed" : "open");
        }
    }
}
