package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evenkeel.demo.postgres.PostgresServer;
import io.evenkeel.jdbc.EvenkeelDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that was away is used again soon after it answers, by each of twenty data sources under load. */
@RequiresPostgres
class ReturnIT {

    private static final int TRIALS = 20;
    private static final int SIZE = 4;
    /** Far above what is printed, so that a slow machine does not fail it; a probe after 30 s would. */
    private static final Duration SOON = Duration.ofSeconds(15);

    @ParameterizedTest
    @ValueSource(ints = {2, 20})
    void a_server_that_was_away_is_used_within_seconds(int seconds) throws Exception {
        ScheduledExecutorService load = Executors.newScheduledThreadPool(TRIALS);
        try (DataSourceBed bed = DataSourceBed.start("returns", 2)) {
            PostgresServer victim = bed.server(0);
            List<ConcurrentMap<String, Long>> latest = new ArrayList<>();
            for (int i = 0; i < TRIALS; i++) {
                String name = "returns-" + i;
                EvenkeelDataSource dataSource = bed.dataSource(
                        SIZE, builder -> builder.name(name).clientId(name).jmx(false));
                ConcurrentMap<String, Long> used = new ConcurrentHashMap<>();
                latest.add(used);
                load.scheduleWithFixedDelay(() -> ask(dataSource, used), 0, 20, TimeUnit.MILLISECONDS);
            }
            bed.awaitEven(TRIALS * SIZE, bed.pods().servers(), SOON);
            await().atMost(SOON).until(() -> latest.stream().allMatch(used -> used.containsKey(victim.name())));
            victim.kill();
            await().pollDelay(Duration.ofSeconds(seconds))
                    .atMost(Duration.ofSeconds(seconds + 30L))
                    .until(() -> true);
            // What was answered before it died is of no interest from here on.
            latest.forEach(used -> used.remove(victim.name()));
            victim.start();
            long back = System.nanoTime();
            await().atMost(SOON)
                    .pollInterval(Duration.ofMillis(20))
                    .until(() -> latest.stream().allMatch(used -> used.containsKey(victim.name())));
            List<Double> took = latest.stream()
                    .map(used -> Math.max(0, (used.get(victim.name()) - back) / 1e9))
                    .sorted()
                    .toList();
            assertThat(took).hasSize(TRIALS);
            ReturnTimes.print("away for " + seconds + " s: used again", took);
            load.shutdown();
            assertThat(load.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
        } finally {
            load.shutdownNow();
        }
    }

    /** Notes when each server answered first. */
    private static void ask(EvenkeelDataSource dataSource, ConcurrentMap<String, Long> used) {
        try (Connection connection = dataSource.getConnection()) {
            used.putIfAbsent(DataSourceBed.podOf(connection), System.nanoTime());
        } catch (SQLException e) {
            // The connections of the server that was killed: the next one is asked in 20 ms.
        }
    }
}
