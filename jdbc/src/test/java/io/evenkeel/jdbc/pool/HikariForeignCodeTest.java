package io.evenkeel.jdbc.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.metrics.IMetricsTracker;
import io.evenkeel.CapturedLog;
import io.evenkeel.FaultInjector;
import io.evenkeel.FaultInjector.Kind;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.jdbc.EvenkeelDataSource;
import io.evenkeel.jdbc.Pooling;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * As {@link ForeignCodeTest}, for a HikariCP pool per Pod: HikariCP has threads and a clock of its own, so the scenario
 * (start, callers, a lost Pod, a resize, close) runs on real ones, and which call is the n-th differs from run to run.
 */
@Tag("slow")
@Timeout(300)
class HikariForeignCodeTest {

    private static final CallShard SHARD = CallShard.ofProperty("1/80");

    /** Of a scenario; what is counted beyond is the pool's own looking after connections that are idle. */
    private static final int CALLS = 400;

    private static final AtomicInteger NUMBER = new AtomicInteger();

    @ParameterizedTest
    @EnumSource(Kind.class)
    void whichever_call_fails_the_pools_serve_again_and_close_ends_them(Kind kind) throws Exception {
        assumeTrue(Engine.isNewestHikari(), "HikariCP per Pod needs HikariCP 7");
        Map<String, Integer> methods = new TreeMap<>();
        List<String> failures = new ArrayList<>();
        for (int n = SHARD.first(kind); n <= CALLS; n += SHARD.of()) {
            Scenario scenario = new Scenario(n, kind);
            try (CapturedLog log = new CapturedLog()) {
                scenario.run();
            } catch (AssertionError failure) {
                failures.add(scenario.injector + ": " + failure.getMessage());
            } finally {
                scenario.thaw.countDown();
            }
            if (scenario.injector.failed() != null) {
                methods.merge(scenario.injector.failed(), 1, Integer::sum);
            }
        }
        System.out.printf(
                "foreign code, JDBC, a HikariCP pool per Pod, shard %s, %s: %d runs, %d failed, by method %s%n",
                SHARD,
                kind,
                methods.values().stream().mapToInt(Integer::intValue).sum(),
                failures.size(),
                methods);
        assertThat(failures).isEmpty();
        assertThat(methods).isNotEmpty();
    }

    private static final class Scenario {
        private static final int PODS = 3;
        private static final int SEATS = 6;

        final FaultInjector injector;
        final CountDownLatch thaw = new CountDownLatch(1);
        private final Set<Thread> blocked = ConcurrentHashMap.newKeySet();
        private final AtomicInteger total = new AtomicInteger();
        private final AtomicInteger highest = new AtomicInteger();
        private final Map<String, StubServer> servers = new LinkedHashMap<>();
        private final EvenkeelDataSource dataSource;

        Scenario(int failAt, Kind kind) {
            injector = kind == Kind.NEVER_COMPLETES
                    ? FaultInjector.blocking(failAt, this::block)
                    : new FaultInjector(failAt, kind);
            for (int pod = 1; pod <= PODS; pod++) {
                servers.put("127.0.0." + pod, new StubServer("pod-" + pod, total, highest));
            }
            dataSource = dataSource();
        }

        private void block() {
            blocked.add(Thread.currentThread());
            try {
                thaw.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            blocked.remove(Thread.currentThread());
        }

        private EvenkeelDataSource dataSource() {
            ForeignDriver driver = new ForeignDriver(injector);
            Function<Endpoint, DataSource> drivers = endpoint -> driver.of(servers.get(endpoint.host()));
            return EvenkeelDataSource.builder()
                    .name("foreign-" + NUMBER.incrementAndGet())
                    .pooling(Pooling.HIKARI_PER_POD)
                    .hikari(config())
                    .target("static:///127.0.0.1:5432,127.0.0.2:5432,127.0.0.3:5432")
                    .connections(injector.wrap(Function.class, drivers))
                    .listener(injector.wrap(EvenkeelListener.class, event -> {}))
                    .metrics(injector.wrap(MetricsRecorder.class, new MetricsRecorder() {}))
                    .closeTimeout(Duration.ofMillis(300))
                    .build();
        }

        private HikariConfig config() {
            HikariConfig config = new HikariConfig();
            config.setMaximumPoolSize(SEATS);
            config.setConnectionTimeout(1_000);
            config.setValidationTimeout(250);
            config.setInitializationFailTimeout(-1);
            config.setConnectionInitSql("set up");
            config.setMetricsTrackerFactory(
                    (name, stats) -> injector.wrap(IMetricsTracker.class, new IMetricsTracker() {}));
            return config;
        }

        void run() throws Exception {
            call(10);
            servers.get("127.0.0.2").connections.forEach(connection -> connection.broken = true);
            call(10);
            dataSource.config().setMaximumPoolSize(SEATS - 2);
            call(10);
            injector.disarm();
            servers.values().forEach(server -> server.statements.clear());
            try {
                Fixture.until(this::serves, () -> "served by " + servingPods() + ", " + dataSource.status());
                assertThat(highest.get()).as("most connections at once").isLessThanOrEqualTo(SEATS + 1 + leftOpen());
            } finally {
                close();
            }
            thaw.countDown();
            Fixture.until(() -> total.get() <= leftOpen(), () -> total + " connections left");
        }

        /** One of probes is more than the budget, for a moment. */
        private int leftOpen() {
            return Set.of("getConnection", "close").contains(String.valueOf(injector.failed())) ? 1 : 0;
        }

        /** Three callers, one of whom may never come back. */
        private void call(int times) {
            List<Thread> callers = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                Thread caller = new Thread(() -> ask(times));
                caller.setDaemon(true);
                caller.start();
                callers.add(caller);
            }
            Fixture.until(() -> callers.stream().allMatch(caller -> !caller.isAlive() || blocked.contains(caller)));
        }

        private void ask(int times) {
            for (int i = 0; i < times; i++) {
                try (Connection connection = dataSource.getConnection();
                        Statement statement = connection.createStatement()) {
                    statement.execute("ask");
                } catch (SQLException | RuntimeException | Error e) {
                    // It is the caller's; what becomes of the others is the question.
                }
            }
        }

        /** Where a call never returns, the Pod that it is for may be without connections until it does. */
        private boolean serves() {
            call(3);
            return servingPods() >= PODS - (blocked.isEmpty() ? 0 : 1);
        }

        private long servingPods() {
            return servers.values().stream()
                    .filter(server -> server.statements.contains("ask"))
                    .count();
        }

        /** Before what never returns does: closing must not depend on it. */
        private void close() throws Exception {
            CompletableFuture<Void> closed = new CompletableFuture<>();
            Thread closing = new Thread(() -> {
                dataSource.close();
                closed.complete(null);
            });
            closing.setDaemon(true);
            closing.start();
            try {
                closed.get(Fixture.PATIENCE.toSeconds(), TimeUnit.SECONDS);
            } catch (java.util.concurrent.TimeoutException e) {
                throw new AssertionError("close() has not returned", e);
            }
        }
    }
}
