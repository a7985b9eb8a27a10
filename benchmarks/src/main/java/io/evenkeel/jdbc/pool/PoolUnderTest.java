package io.evenkeel.jdbc.pool;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.jdbc.driver.DriverTemplate;
import io.evenkeel.jdbc.handle.FaultClassifier;
import io.evenkeel.jdbc.hikari.JdbcConnections;
import io.evenkeel.spi.EndpointConnections.OpenOutcome;
import io.evenkeel.spi.EndpointSignals;
import io.evenkeel.time.Ticker;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import javax.sql.DataSource;

/** The acquire path without discovery and rebalancing: so many connections, evenly over so many endpoints. */
public final class PoolUnderTest implements AutoCloseable {
    private final ConnectionPool connections;
    private final long timeoutNanos;

    /** Evenly over so many Pods, to which one driver leads. */
    public static PoolUnderTest over(HikariConfig template, int endpoints, DataSource driver, boolean hikari)
            throws InterruptedException {
        List<Endpoint> pods = new ArrayList<>();
        for (int i = 0; i < endpoints; i++) {
            pods.add(Endpoint.of("pod-" + i, "127.0.0." + (i + 1), 5432));
        }
        return new PoolUnderTest(template, pods, endpoint -> driver, hikari);
    }

    /** Evenly over these servers, as the driver of the template's URL is led to each of them. */
    public static PoolUnderTest over(HikariConfig template, List<Endpoint> servers, boolean hikari)
            throws InterruptedException {
        DriverTemplate driver = DriverTemplate.from(template);
        return new PoolUnderTest(
                template, servers, endpoint -> driver.dataSource(endpoint, HikariAccess.credentials(template)), hikari);
    }

    /** @param hikari whether a HikariCP pool per Pod holds the connections, rather than the engine */
    private PoolUnderTest(
            HikariConfig template, List<Endpoint> pods, Function<Endpoint, DataSource> drivers, boolean hikari)
            throws InterruptedException {
        int size = template.getMaximumPoolSize();
        template.setPoolName("benchmark");
        HikariSettings settings = HikariSettings.of(template, 0);
        timeoutNanos = TimeUnit.MILLISECONDS.toNanos(settings.connectionTimeout());
        connections = hikari ? overHikari(settings, template, drivers) : seats(settings, template, drivers);
        Set<EndpointKey> keys = new HashSet<>();
        CountDownLatch open = new CountDownLatch(size);
        for (Endpoint endpoint : pods) {
            connections.join(endpoint);
            keys.add(endpoint.key());
            for (int seat = 0; seat < size / pods.size(); seat++) {
                connections.open(endpoint.key(), outcome -> count(open, outcome));
            }
        }
        connections.route(keys);
        if (!open.await(30, TimeUnit.SECONDS)) {
            throw new IllegalStateException(open.getCount() + " of " + size + " connections missing");
        }
        // The pools beneath take their connections over one by one, 30 ms apart.
        for (int i = 0; i < 300 && connections.counts().idle() < size; i++) {
            Thread.sleep(30);
        }
        if (connections.counts().idle() < size) {
            throw new IllegalStateException(connections.counts().idle() + " of " + size + " connections taken over");
        }
    }

    private static ConnectionPool seats(
            HikariSettings settings, HikariConfig template, Function<Endpoint, DataSource> drivers) {
        return new SeatPool(
                settings,
                new PoolParts(
                        drivers,
                        HikariAccess.credentials(template),
                        new Silent(),
                        MetricsRecorder.none(),
                        new Observers("benchmark", Ticker.system()),
                        FaultClassifier.STANDARD,
                        null,
                        Ticker.system(),
                        42));
    }

    private static ConnectionPool overHikari(
            HikariSettings settings, HikariConfig template, Function<Endpoint, DataSource> drivers) {
        return new JdbcConnections(
                settings, template, drivers, new Silent(), MetricsRecorder.none(), Ticker.system(), 42);
    }

    private static void count(CountDownLatch open, OpenOutcome outcome) {
        if (outcome instanceof OpenOutcome.Failed failed) {
            throw new IllegalStateException(failed.cause());
        }
        open.countDown();
    }

    public Connection getConnection() throws SQLException {
        return connections.acquire(timeoutNanos);
    }

    @Override
    public void close() {
        connections.close(Duration.ofSeconds(1));
    }

    private static final class Silent implements EndpointSignals {
        @Override
        public void opened(EndpointKey endpoint, Duration took) {}

        @Override
        public void closed(EndpointKey endpoint) {}

        @Override
        public void failed(EndpointKey endpoint, Throwable cause) {}

        @Override
        public void succeeded(EndpointKey endpoint) {}
    }
}
