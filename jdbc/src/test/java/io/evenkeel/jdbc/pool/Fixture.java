package io.evenkeel.jdbc.pool;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.EndpointConnections.OpenOutcome;
import io.evenkeel.spi.EndpointConnections.RetireOutcome;
import io.evenkeel.spi.EndpointConnections.RetireReason;
import io.evenkeel.spi.EndpointSignals;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.sql.DataSource;

/** A {@link ConnectionPool} over stub servers. */
final class Fixture implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(20);

    final AtomicInteger total = new AtomicInteger();
    final AtomicInteger highest = new AtomicInteger();
    final Map<EndpointKey, StubServer> servers = new LinkedHashMap<>();
    final List<String> signals = new CopyOnWriteArrayList<>();
    final HikariConfig template = new HikariConfig();
    final ConnectionPool pool;
    final Set<EndpointKey> makesNoDataSource = ConcurrentHashMap.newKeySet();
    private final Set<EndpointKey> routed = new HashSet<>();

    Fixture(Engine engine, int budget, int minimumIdle, Duration timeout, Consumer<HikariConfig> changes) {
        template.setPoolName("orders");
        template.setMaximumPoolSize(budget);
        template.setMinimumIdle(minimumIdle);
        template.setConnectionTimeout(timeout.toMillis());
        changes.accept(template);
        pool = engine.pool(template, this::dataSource, new Recorded());
    }

    private DataSource dataSource(Endpoint endpoint) {
        if (makesNoDataSource.contains(endpoint.key())) {
            throw new IllegalStateException("no data source for " + endpoint.key());
        }
        return servers.get(endpoint.key()).dataSource();
    }

    int waiting() {
        return pool.counts().waiting();
    }

    /** Where a connection leads. */
    static String podOf(Connection connection) {
        try {
            return connection.unwrap(StubServer.Marked.class).stub().pod();
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    static EndpointKey key(int pod) {
        return new EndpointKey("pod-" + pod, "127.0.0." + pod, 5432);
    }

    StubServer server(int pod) {
        return servers.get(key(pod));
    }

    /** A Pod with so many seats, routed. */
    Fixture pod(int pod, int seats) {
        EndpointKey key = key(pod);
        servers.put(key, new StubServer("pod-" + pod, total, highest));
        pool.join(Endpoint.of(key.identity(), key.host(), key.port()));
        for (int i = 0; i < seats; i++) {
            open(pod);
        }
        route(key);
        return this;
    }

    void route(EndpointKey key) {
        routed.add(key);
        pool.route(Set.copyOf(routed));
    }

    void unroute(int pod) {
        routed.remove(key(pod));
        pool.route(Set.copyOf(routed));
    }

    OpenOutcome open(int pod) {
        CompletableFuture<OpenOutcome> done = new CompletableFuture<>();
        pool.open(key(pod), done::complete);
        return await(done);
    }

    CompletableFuture<RetireOutcome> retire(int pod, RetireReason reason) {
        CompletableFuture<RetireOutcome> done = new CompletableFuture<>();
        pool.retire(key(pod), reason, outcome -> {
            signals.add("retired " + key(pod).identity());
            if (!done.complete(outcome)) {
                throw new IllegalStateException("a second outcome: " + outcome);
            }
        });
        return done;
    }

    /** Until all seats of all Pods have a connection that can be had. */
    Fixture settled(int seats) {
        until(() -> pool.counts().idle() == seats, pool::toString);
        return this;
    }

    Connection acquire() throws SQLException {
        return pool.acquire(PATIENCE.toNanos());
    }

    static <T> T await(CompletableFuture<T> future) {
        try {
            return future.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (Exception e) {
            throw new AssertionError("no outcome", e);
        }
    }

    static void until(BooleanSupplier condition) {
        until(condition, () -> "");
    }

    static void until(BooleanSupplier condition, Supplier<String> state) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                throw new AssertionError("the condition did not come true: " + state.get());
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    List<String> complaints() {
        return servers.values().stream().flatMap(s -> s.complaints.stream()).toList();
    }

    @Override
    public void close() {
        pool.close(Duration.ofSeconds(2));
    }

    private final class Recorded implements EndpointSignals {
        @Override
        public void opened(EndpointKey endpoint, Duration took) {
            signals.add("opened " + endpoint.identity());
        }

        @Override
        public void closed(EndpointKey endpoint) {
            signals.add("closed " + endpoint.identity());
        }

        @Override
        public void failed(EndpointKey endpoint, Throwable cause) {
            signals.add("failed " + endpoint.identity());
        }

        @Override
        public int successesWanted(EndpointKey endpoint) {
            return 3;
        }

        @Override
        public void succeeded(EndpointKey endpoint) {
            signals.add("succeeded " + endpoint.identity());
        }
    }
}
