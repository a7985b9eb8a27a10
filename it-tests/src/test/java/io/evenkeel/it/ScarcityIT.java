package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.jdbc.EvenkeelDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** More callers than connections. */
@RequiresPostgres
class ScarcityIT {
    private static final int CALLERS = 50;

    @Test
    void fifty_threads_share_five_connections_for_a_minute_and_nobody_starves() throws Exception {
        try (DataSourceBed bed = DataSourceBed.start("scarcity", 3)) {
            EvenkeelDataSource dataSource = bed.dataSource(5);
            bed.awaitEven(5, bed.pods().servers(), Duration.ofSeconds(15));
            AtomicIntegerArray served = new AtomicIntegerArray(CALLERS);
            AtomicInteger failed = new AtomicInteger();
            AtomicLong longestWait = new AtomicLong();
            AtomicBoolean over = new AtomicBoolean();
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < CALLERS; i++) {
                int caller = i;
                Thread thread = new Thread(
                        () -> {
                            while (!over.get()) {
                                long began = System.nanoTime();
                                try (Connection connection = dataSource.getConnection()) {
                                    longestWait.accumulateAndGet(System.nanoTime() - began, Math::max);
                                    DataSourceBed.ask(connection, "select pg_sleep(0.002)");
                                    served.incrementAndGet(caller);
                                } catch (SQLException e) {
                                    failed.incrementAndGet();
                                }
                            }
                        },
                        "caller-" + i);
                threads.add(thread);
                thread.start();
            }
            Thread.sleep(Duration.ofMinutes(1).toMillis());
            over.set(true);
            for (Thread thread : threads) {
                thread.join();
            }
            int[] counts = new int[CALLERS];
            Arrays.setAll(counts, served::get);
            System.out.printf(
                    "50 callers on 5 connections for 60 s: %d served, fewest %d, most %d per caller, longest wait %d ms%n",
                    Arrays.stream(counts).sum(),
                    Arrays.stream(counts).min().orElseThrow(),
                    Arrays.stream(counts).max().orElseThrow(),
                    longestWait.get() / 1_000_000);
            assertThat(failed).hasValue(0);
            double mean = Arrays.stream(counts).average().orElseThrow();
            assertThat(Arrays.stream(counts).min().orElseThrow())
                    .as("served to the caller with fewest, of a mean of %s", mean)
                    .isGreaterThan((int) (mean / 2));
        }
    }

    @Test
    void a_time_out_says_how_many_connections_each_pod_has_and_what_to_change() throws Exception {
        try (DataSourceBed bed = DataSourceBed.start("scarcity-message", 2)) {
            HikariConfig hikari = bed.hikari(2);
            hikari.setConnectionTimeout(500);
            EvenkeelDataSource dataSource = bed.dataSource(hikari, builder -> {});
            bed.awaitEven(2, bed.pods().servers(), Duration.ofSeconds(15));
            try (Connection one = dataSource.getConnection();
                    Connection two = dataSource.getConnection()) {
                assertThat(DataSourceBed.podOf(one)).isNotEqualTo(DataSourceBed.podOf(two));
                assertThatThrownBy(dataSource::getConnection)
                        .isInstanceOf(SQLTransientConnectionException.class)
                        .hasMessageContaining("scarcity-message")
                        .hasMessageContaining("pg-0")
                        .hasMessageContaining("pg-1")
                        .hasMessageContaining("maximumPoolSize");
            }
        }
    }
}
