package io.evenkeel.jdbc.pool;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.SQLExceptionOverride;
import com.zaxxer.hikari.metrics.IMetricsTracker;
import io.evenkeel.CapturedLog;
import io.evenkeel.FaultInjector;
import io.evenkeel.FaultInjector.Kind;
import io.evenkeel.balance.BalanceContext;
import io.evenkeel.balance.Rebalancer;
import io.evenkeel.balance.RebalancerConfig;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.endpoint.EndpointSet;
import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.health.HealthConfig;
import io.evenkeel.jdbc.driver.Credentials;
import io.evenkeel.jdbc.handle.FaultClassifier;
import io.evenkeel.spi.EndpointSignals;
import io.evenkeel.spi.SeatPolicy;
import io.evenkeel.status.EndpointStatus;
import io.evenkeel.time.ManualScheduler;
import io.evenkeel.watch.SourceHealth;
import io.evenkeel.watch.WatchSnapshot;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whichever call of foreign code fails, and however, the pool goes on: a scenario over core's rebalancer, this engine and
 * stub servers (start, scale-out, drain, renewal, ejection, resize, close) is run once for each call of the driver, the
 * connection function, the credentials, the override, the listener and the recorders, and each way in which it can fail.
 */
@Tag("slow")
@Timeout(300)
class ForeignCodeTest {

    /** How the pool opens its connections. */
    enum Way {
        FIXED(6, 0),
        OPEN_FIRST(6, 1),
        ELASTIC(2, 0);

        private final int minimumIdle;
        private final int surge;

        Way(int minimumIdle, int surge) {
            this.minimumIdle = minimumIdle;
            this.surge = surge;
        }
    }

    /** Which calls fail: {@code k/n} is every n-th from the k-th on, and 1/1 to n/n together are all of them. */
    private static final CallShard SHARD = CallShard.ofProperty("1/29");

    /** More calls than one task makes: a task that begins so long before the one that never returns has no thread. */
    private static final int NEAR = 200;

    /** Calls without which there is no connection; their failure is the endpoint's last error. */
    private static final Set<String> SHOWN =
            Set.of("apply", "get", "getConnection", "isReadOnly", "getAutoCommit", "getTransactionIsolation");

    @ParameterizedTest
    @EnumSource(Way.class)
    void whichever_call_fails_in_whichever_way_the_pool_serves_again(Way way) {
        FaultInjector counting = FaultInjector.none();
        new Scenario(way, counting, new Never()).run();
        List<String> failures = new ArrayList<>();
        Map<Kind, Integer> tried = new EnumMap<>(Kind.class);
        Map<String, Integer> methods = new TreeMap<>();
        for (Kind kind : Kind.values()) {
            for (int n = SHARD.first(kind); n <= counting.calls(); n += SHARD.of()) {
                Never never = new Never();
                FaultInjector injector =
                        kind == Kind.NEVER_COMPLETES ? FaultInjector.blocking(n, never) : new FaultInjector(n, kind);
                try (CapturedLog log = new CapturedLog()) {
                    new Scenario(way, injector, kind == Kind.NEVER_COMPLETES ? never : null).run();
                } catch (AssertionError failure) {
                    failures.add(injector + ": " + failure.getMessage());
                }
                if (injector.failed() != null) {
                    tried.merge(kind, 1, Integer::sum);
                    methods.merge(injector.failed(), 1, Integer::sum);
                }
            }
        }
        System.out.printf(
                "foreign code, JDBC, %s, shard %s: %d calls in the scenario, %s; %d runs, %d failed, by method %s%n",
                way,
                SHARD,
                counting.calls(),
                tried,
                tried.values().stream().mapToInt(Integer::intValue).sum(),
                failures.size(),
                methods);
        assertThat(failures).as("%s, shard %s", way, SHARD).isEmpty();
        assertThat(tried).containsOnlyKeys(Kind.values());
        assertThat(methods)
                .containsKeys("close", "createStatement", "execute", "get", "isValid", "on", "setNetworkTimeout");
    }

    /** What blocks a call that never returns, once there are threads that may be blocked. */
    private static final class Never implements Runnable {
        private @Nullable SteppedThreads threads;

        @Override
        public void run() {
            if (threads != null) {
                threads.block();
            }
        }
    }

    private static final class Scenario {
        private static final int PODS = 4;

        private final Way way;
        private final FaultInjector injector;
        private final boolean mayBlock;
        private final ManualScheduler scheduler = new ManualScheduler();
        private final SteppedThreads threads;
        private final AtomicInteger total = new AtomicInteger();
        private final AtomicInteger highest = new AtomicInteger();
        private final Map<String, StubServer> servers = new LinkedHashMap<>();
        private final List<Endpoint> pods = new ArrayList<>();
        private final HikariConfig config = new HikariConfig();
        private final Rebalancer rebalancer;
        private final SeatPool pool;
        private List<Endpoint> current = List.of();
        private int seats = 6;
        private int mostSeats = 6;
        private int stuckCallers;
        private boolean gone;
        private long version;
        private @Nullable String shown;

        Scenario(Way way, FaultInjector injector, @Nullable Never never) {
            this.way = way;
            this.injector = injector;
            this.mayBlock = never != null;
            threads = new SteppedThreads(scheduler, () -> mayBlock && injector.isDueWithin(NEAR));
            if (never != null) {
                never.threads = threads;
            }
            for (int i = 1; i <= PODS; i++) {
                pods.add(Endpoint.of("pod-" + i, "127.0.0." + i, 5432));
                servers.put("pod-" + i, new StubServer("pod-" + i, total, highest));
            }
            rebalancer = rebalancer();
            configure();
            pool = pool();
            rebalancer.start(pool);
        }

        private Rebalancer rebalancer() {
            AtomicBoolean stuck = new AtomicBoolean();
            // As the pool's one thread for events: one that is stuck takes no more.
            BalanceContext context = new BalanceContext(
                    scheduler.ticker(),
                    scheduler,
                    new SplittableRandom(42),
                    injector.wrap(EvenkeelListener.class, event -> {}),
                    injector.wrap(MetricsRecorder.class, new MetricsRecorder() {}),
                    task -> scheduler.execute(() -> {
                        if (!stuck.get()) {
                            int before = threads.blocked();
                            threads.run(task);
                            stuck.set(threads.blocked() > before);
                        }
                    }));
            return new Rebalancer(
                    "orders",
                    "static:///test",
                    SeatPolicy.budgeted(seats),
                    RebalancerConfig.builder()
                            .clientId("client-1")
                            .maxConnectionAge(Duration.ofSeconds(30))
                            .moveWindow(Duration.ofSeconds(2))
                            .moveDeadline(Duration.ofSeconds(5))
                            .drainSpread(Duration.ofSeconds(2))
                            .drainDeadline(Duration.ofSeconds(10))
                            .surge(way.surge)
                            .build(),
                    HealthConfig.defaults(),
                    context);
        }

        private void configure() {
            config.setPoolName("orders");
            config.setMaximumPoolSize(seats);
            config.setMinimumIdle(way.minimumIdle);
            config.setConnectionTimeout(1_000);
            config.setValidationTimeout(1_000);
            config.setConnectionInitSql("set up");
            config.setReadOnly(false);
            config.setKeepaliveTime(30_000);
            config.setLeakDetectionThreshold(2_000);
            config.setMetricsTrackerFactory(
                    (name, stats) -> injector.wrap(IMetricsTracker.class, new IMetricsTracker() {}));
        }

        private SeatPool pool() {
            ForeignDriver driver = new ForeignDriver(injector);
            Function<Endpoint, DataSource> drivers = endpoint -> driver.of(servers.get(endpoint.identity()));
            Supplier<Credentials> credentials = () -> Credentials.of("orders", null);
            Observers observers = new Observers("orders", threads.ticker());
            SeatPool made = new SeatPool(
                    HikariSettings.of(config, way.surge),
                    new PoolParts(
                            injector.wrap(Function.class, drivers),
                            injector.wrap(Supplier.class, credentials),
                            watched(rebalancer.signals()),
                            rebalancer.metrics(),
                            observers,
                            new FaultClassifier(
                                    injector.wrap(SQLExceptionOverride.class, new SQLExceptionOverride() {})),
                            null,
                            threads.ticker(),
                            7),
                    threads);
            observers.record(config, made::counts, made::settings);
            made.configure(HikariSettings.of(config, way.surge));
            return made;
        }

        /** Looks at the status after each failure that is reported: the next success at the Pod may be a moment later. */
        private EndpointSignals watched(EndpointSignals signals) {
            return (EndpointSignals) Proxy.newProxyInstance(
                    ForeignCodeTest.class.getClassLoader(),
                    new Class<?>[] {EndpointSignals.class},
                    (self, method, arguments) -> {
                        Object result = method.invoke(signals, arguments);
                        if (Set.of("failed", "refused").contains(method.getName())) {
                            look();
                            scheduler.execute(this::look);
                        }
                        return result;
                    });
        }

        void run() {
            publish(pods.subList(0, 2));
            pass(2);
            boolean before = injector.failed() != null;
            pass(3);
            publish(pods.subList(0, 3));
            pass(5);
            drain(pods.get(0));
            // A Pod that has left before the deadline of what never returned there has no status any more.
            gone = mayBlock && !before && injector.failed() != null;
            wait(40);
            eject(pods.get(1));
            resize(9);
            pass(4);
            resize(4);
            pass(4);
            publish(pods);
            pass(5);
            settle();
            close();
        }

        private void drain(Endpoint leaving) {
            publish(List.of(leaving.withCondition(EndpointCondition.TERMINATING), pods.get(1), pods.get(2)));
            pass(4);
            wait(10);
            publish(List.of(pods.get(1), pods.get(2)));
            pass(1);
        }

        private void eject(Endpoint endpoint) {
            StubServer server = servers.get(endpoint.identity());
            server.refusing = true;
            server.connections.forEach(connection -> connection.broken = true);
            pass(4);
            server.refusing = false;
            wait(6);
        }

        private void resize(int size) {
            seats = size;
            mostSeats = Math.max(mostSeats, size);
            config.setMaximumPoolSize(size);
            if (way.minimumIdle == 6) {
                config.setMinimumIdle(size);
            }
            pool.configure(HikariSettings.of(config, way.surge));
            rebalancer.resize(SeatPolicy.budgeted(size));
        }

        private void publish(List<Endpoint> endpoints) {
            current = endpoints;
            rebalancer.endpoints(new WatchSnapshot(
                    EndpointSet.of(++version, endpoints),
                    SourceHealth.HEALTHY,
                    scheduler.ticker().nanos(),
                    "endpoints changed"));
        }

        /** Three callers a second, who hold their connections for a moment each. */
        private void pass(int seconds) {
            for (int i = 0; i < seconds; i++) {
                List<Connection> held = new ArrayList<>();
                for (int caller = 0; caller < 3; caller++) {
                    call(() -> acquire(held));
                }
                scheduler.advance(Duration.ofMillis(500));
                for (Connection connection : held) {
                    call(() -> use(connection));
                }
                scheduler.advance(Duration.ofMillis(500));
                look();
            }
        }

        /** Without callers, whose connections would keep the engine's clock running. */
        private void wait(int seconds) {
            for (int i = 0; i < seconds; i++) {
                scheduler.advance(Duration.ofSeconds(1));
                look();
            }
        }

        /** On a caller's thread: one that does not come back keeps its connection, which is in use. */
        private void call(Runnable caller) {
            int before = threads.blocked();
            threads.run(caller);
            stuckCallers += threads.blocked() - before;
        }

        private void acquire(List<Connection> held) {
            try {
                held.add(pool.acquire(0));
            } catch (SQLException | RuntimeException | Error e) {
                // It is the caller's; what becomes of the others is the question.
            }
        }

        private void use(Connection connection) {
            try (connection;
                    Statement statement = connection.createStatement()) {
                statement.execute("ask");
            } catch (SQLException | RuntimeException | Error e) {
                // As above.
            }
        }

        private void look() {
            if (injector.failed() == null || shown != null) {
                return;
            }
            for (EndpointStatus endpoint : rebalancer.status().endpoints()) {
                String error = endpoint.lastError();
                if (error != null && (error.contains(FaultInjector.MESSAGE) || error.contains("did not complete"))) {
                    shown = error;
                }
            }
        }

        /** Every deadline is over, every back-off at its end, every move made. */
        private void settle() {
            injector.disarm();
            pass(2);
            wait(60);
            pass(2);
            servers.values().forEach(server -> server.statements.clear());
            pass(12);
            assertThat(current)
                    .as("Pods that serve, of %s, %s", pool, rebalancer.status())
                    .filteredOn(pod -> servers.get(pod.identity()).statements.contains("ask"))
                    .hasSizeGreaterThanOrEqualTo(current.size() - notServing());
            assertThat(highest.get())
                    .as("most connections at once")
                    .isLessThanOrEqualTo(mostSeats + way.surge + leftOpen());
            if (way != Way.ELASTIC) {
                assertThat(total.get())
                        .as("connections that servers see, of %s", pool)
                        .isBetween(seats, seats + leftOpen());
            }
            String failed = injector.failed();
            if (failed != null && SHOWN.contains(failed) && !gone) {
                assertThat(shown)
                        .as("the cause of a failed %s in the status, %s, %s", failed, pool, rebalancer.status())
                        .isNotNull();
            }
            assertThat(threads.calledOutside())
                    .as("calls that may block, on the control thread or the housekeeper")
                    .isZero();
        }

        /** The Pod whose only connection a caller keeps for ever, or that lacks one since the budget holds. */
        private int notServing() {
            return stuckCallers == 0 ? 0 : 1;
        }

        /** Those that the driver itself has left open: it connected and then threw, or did not close. */
        private int leftOpen() {
            return Set.of("getConnection", "close").contains(String.valueOf(injector.failed())) ? 1 : 0;
        }

        private void close() {
            rebalancer.close();
            scheduler.runDue();
            threads.beginClose();
            long start = threads.ticker().nanos();
            pool.close(Duration.ofSeconds(2));
            assertThat(Duration.ofNanos(threads.ticker().nanos() - start))
                    .as("how long close() took")
                    .isLessThanOrEqualTo(Duration.ofSeconds(3));
            assertThat(total.get())
                    .as("connections that servers see after close(), of %s", pool)
                    .isLessThanOrEqualTo(leftOpen());
            assertThat(threads.blocked()).as("threads that are left").isZero();
        }
    }
}
