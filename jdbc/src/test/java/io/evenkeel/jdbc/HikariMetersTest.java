package io.evenkeel.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.metrics.IMetricsTracker;
import com.zaxxer.hikari.metrics.MetricsTrackerFactory;
import com.zaxxer.hikari.metrics.PoolStats;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What HikariCP's meters read of the whole pool: callers who wait, and those who waited in vain. */
@Timeout(60)
class HikariMetersTest {
    private final Recorder recorder = new Recorder();

    @Test
    void a_caller_who_waits_is_pending_until_it_is_served() throws Exception {
        try (EvenkeelDataSource dataSource = open(config(30_000), h2())) {
            CompletableFuture<Integer> served;
            try (Connection held = dataSource.getConnection()) {
                assertThat(recorder.stats().getPendingThreads()).isZero();
                served = CompletableFuture.supplyAsync(() -> {
                    try (Connection next = dataSource.getConnection()) {
                        return next.isClosed() ? 0 : 1;
                    } catch (SQLException e) {
                        throw new AssertionError(e);
                    }
                });
                until(() -> recorder.stats().getPendingThreads() == 1);
                assertThat(held.isClosed()).isFalse();
            }
            assertThat(served.get(20, TimeUnit.SECONDS)).isEqualTo(1);
            until(() -> recorder.stats().getPendingThreads() == 0);
            assertThat(recorder.timedOut).hasValue(0);
        }
    }

    @Test
    void a_caller_who_waited_in_vain_is_one_time_out_and_one_acquire_as_in_hikari() throws Exception {
        try (EvenkeelDataSource dataSource = open(config(30_000), h2());
                Connection held = dataSource.getConnection()) {
            dataSource.config().setConnectionTimeout(250);
            int before = recorder.acquired.get();
            assertThatThrownBy(dataSource::getConnection).isInstanceOf(SQLTransientConnectionException.class);
            assertThat(recorder.timedOut).hasValue(1);
            assertThat(recorder.acquired).hasValue(before + 1);
            assertThat(held.isClosed()).isFalse();
        }
    }

    /** No caller waits for what the pool itself tries while it starts. */
    @Test
    void a_start_that_takes_long_is_no_time_out() {
        HikariConfig config = config(30_000);
        config.setInitializationFailTimeout(30_000);
        AtomicInteger dials = new AtomicInteger();
        DataSource real = h2();
        // Refused three times, each pause twice as long as the one before: longer than the pool waits at a time.
        try (EvenkeelDataSource dataSource = open(config, answering(() -> {
            if (dials.incrementAndGet() <= 3) {
                throw new SQLException("the database system is starting up", "57P03");
            }
            return real.getConnection();
        }))) {
            assertThat(dials).hasValueGreaterThan(3);
            assertThat(recorder.timedOut).hasValue(0);
            assertThat(dataSource.status().timedOut()).isZero();
        }
    }

    private HikariConfig config(long connectionTimeout) {
        HikariConfig config = new HikariConfig();
        config.setMaximumPoolSize(1);
        config.setPoolName("meters");
        config.setConnectionTimeout(connectionTimeout);
        config.setMetricsTrackerFactory(recorder);
        return config;
    }

    private static EvenkeelDataSource open(HikariConfig config, DataSource pod) {
        return EvenkeelDataSource.builder()
                .hikari(config)
                .target("static:///127.0.0.1:1")
                .connections(endpoint -> pod)
                .build();
    }

    private static DataSource h2() {
        JdbcDataSource made = new JdbcDataSource();
        made.setURL("jdbc:h2:mem:meters;DB_CLOSE_DELAY=-1");
        return made;
    }

    private interface Dial {
        Connection open() throws SQLException;
    }

    private static DataSource answering(Dial dial) {
        return (DataSource) Proxy.newProxyInstance(
                HikariMetersTest.class.getClassLoader(),
                new Class<?>[] {DataSource.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("getConnection")) {
                        return dial.open();
                    }
                    return method.getReturnType() == int.class ? 0 : null;
                });
    }

    private static void until(java.util.function.BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static final class Recorder implements MetricsTrackerFactory, IMetricsTracker {
        final AtomicInteger timedOut = new AtomicInteger();
        final AtomicInteger acquired = new AtomicInteger();
        private final AtomicReference<PoolStats> stats = new AtomicReference<>();

        @Override
        public IMetricsTracker create(String pool, PoolStats newStats) {
            stats.set(newStats);
            return this;
        }

        PoolStats stats() {
            return stats.get();
        }

        @Override
        public void recordConnectionAcquiredNanos(long nanos) {
            acquired.incrementAndGet();
        }

        @Override
        public void recordConnectionTimeout() {
            timedOut.incrementAndGet();
        }
    }
}
