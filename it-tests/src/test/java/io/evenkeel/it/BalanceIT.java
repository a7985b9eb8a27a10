package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.demo.postgres.PostgresServer;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.jdbc.EvenkeelDataSource;
import io.evenkeel.status.EndpointStatus;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Where the connections are, counted at the servers. */
@RequiresPostgres
class BalanceIT {
    private static final Duration SOON = Duration.ofSeconds(15);
    /** Settling 1 s, polling the file 1 s, the move window 10 s, and some room. */
    private static final Duration MOVED = Duration.ofSeconds(20);

    @Test
    void connections_are_even_after_start() throws Exception {
        try (DataSourceBed bed = DataSourceBed.start("balance-start", 3)) {
            EvenkeelDataSource dataSource = bed.dataSource(10);
            bed.awaitEven(10, bed.pods().servers(), SOON);
            assertThat(dataSource.status().endpoints())
                    .extracting(EndpointStatus::open)
                    .allMatch(open -> open == 3 || open == 4);
        }
    }

    @Test
    void scaling_3_to_4_to_2_under_load_fails_no_query_and_moves_the_minimum() throws Exception {
        try (DataSourceBed bed = DataSourceBed.start("balance-scale", 3)) {
            EvenkeelDataSource dataSource = bed.dataSource(12);
            bed.awaitEven(12, bed.pods().servers(), SOON);
            assertThat(bed.accepted()).isEqualTo(12);
            try (Workload load = Workload.start(dataSource, 8)) {
                bed.addReady();
                bed.awaitEven(12, bed.pods().servers(), MOVED);
                assertThat(bed.accepted()).as("sessions opened for 3 → 4").isEqualTo(12 + 3);
                bed.set(bed.server(0), EndpointCondition.TERMINATING);
                bed.set(bed.server(1), EndpointCondition.TERMINATING);
                bed.awaitEven(12, List.of(bed.server(2), bed.server(3)), MOVED);
                assertThat(bed.accepted()).as("sessions opened for 4 → 2").isEqualTo(12 + 3 + 6);
                long before = load.answered();
                await().until(() -> load.answered() > before + 100);
                assertThat(load.failures()).isEmpty();
            }
        }
    }

    @Test
    void a_rolling_update_under_load_lets_an_open_transaction_commit_and_fails_nothing() throws Exception {
        try (DataSourceBed bed = DataSourceBed.start("balance-rolling", 3)) {
            EvenkeelDataSource dataSource = bed.dataSource(9);
            List<PostgresServer> ready = new ArrayList<>(bed.pods().servers());
            bed.awaitEven(9, ready, SOON);
            try (Workload load = Workload.start(dataSource, 6);
                    Connection open = dataSource.getConnection()) {
                open.setAutoCommit(false);
                String pod = DataSourceBed.podOf(open);
                DataSourceBed.ask(open, "select set_config('evenkeel.mark', 'open', false)");
                PostgresServer held = serverNamed(ready, pod);
                for (PostgresServer old : List.copyOf(ready)) {
                    ready.set(ready.indexOf(old), bed.replace(old));
                    if (old == held) {
                        await().atMost(MOVED)
                                .untilAsserted(
                                        () -> assertThat(bed.sessions(old)).isEqualTo(1));
                        assertThat(DataSourceBed.ask(open, "select current_setting('evenkeel.mark')"))
                                .isEqualTo("open");
                        open.commit();
                        open.close();
                    }
                    await().atMost(MOVED)
                            .untilAsserted(() -> assertThat(bed.sessions(old)).isZero());
                    old.stopFast();
                    bed.remove(old);
                }
                bed.awaitEven(9, ready, MOVED);
                assertThat(load.failures()).isEmpty();
            }
            assertThat(bed.accepted())
                    .as("sessions opened: the first 9 and one for each of them")
                    .isEqualTo(18);
        }
    }

    private static PostgresServer serverNamed(List<PostgresServer> servers, String name) {
        return servers.stream()
                .filter(server -> server.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void a_pool_smaller_than_the_number_of_pods_uses_as_many_as_it_has_connections() throws Exception {
        try (DataSourceBed bed = DataSourceBed.start("balance-small", 5)) {
            EvenkeelDataSource dataSource = bed.dataSource(2);
            bed.awaitEven(2, bed.pods().servers(), SOON);
            try (Workload load = Workload.start(dataSource, 4)) {
                await().until(() -> load.answered() > 200);
                assertThat(load.failures()).isEmpty();
                assertThat(load.answersByPod()).hasSize(2);
            }
        }
    }

    @Test
    void with_minimum_idle_0_connections_come_on_demand_over_all_pods_and_never_too_many() throws Exception {
        try (DataSourceBed bed = DataSourceBed.start("balance-idle", 3)) {
            HikariConfig hikari = bed.hikari(9);
            hikari.setMinimumIdle(0);
            hikari.setIdleTimeout(10_000);
            EvenkeelDataSource dataSource = bed.dataSource(hikari, builder -> {});
            try (Connection first = dataSource.getConnection()) {
                assertThat(first.isValid(1)).isTrue();
                assertThat(total(bed.sessions())).isBetween(1, 3);
            }
            try (Workload load = Workload.start(dataSource, 20, Duration.ofMillis(50), Duration.ZERO)) {
                await().atMost(MOVED).until(() -> bed.sessions().size() == 3 && load.answered() > 500);
                assertThat(total(bed.sessions())).isEqualTo(9);
                assertThat(load.failures()).isEmpty();
            }
            // HikariCP looks for idle connections every 30 s.
            await().atMost(Duration.ofSeconds(75))
                    .untilAsserted(() -> assertThat(bed.sessions()).isEmpty());
            try (Connection again = dataSource.getConnection()) {
                assertThat(again.isValid(1)).isTrue();
            }
        }
    }

    @Test
    void a_resize_at_run_time_adds_and_removes_only() throws Exception {
        try (DataSourceBed bed = DataSourceBed.start("balance-resize", 3)) {
            EvenkeelDataSource dataSource = bed.dataSource(6);
            bed.awaitEven(6, bed.pods().servers(), SOON);
            dataSource.config().setMaximumPoolSize(12);
            dataSource.config().setMinimumIdle(12);
            bed.awaitEven(12, bed.pods().servers(), SOON);
            dataSource.config().setMaximumPoolSize(5);
            bed.awaitEven(5, bed.pods().servers(), SOON);
            assertThat(bed.accepted()).isEqualTo(12);
        }
    }

    private static int total(Map<String, Integer> counts) {
        return counts.values().stream().mapToInt(Integer::intValue).sum();
    }
}
