package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.demo.postgres.PostgresServer;
import io.evenkeel.demo.postgres.PostgresSettings;
import io.evenkeel.jdbc.EvenkeelDataSource;
import io.evenkeel.status.EndpointStatus;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Servers that die, hang, refuse and shut down under load. */
@RequiresPostgres
class FaultsIT {
    private static final Duration SOON = Duration.ofSeconds(15);
    /** An ejection lasts 30 s, then a probe, then the lost connections are opened again. */
    private static final Duration RECOVERED = Duration.ofSeconds(60);

    @Test
    void a_killed_server_fails_only_what_it_had_and_the_pool_recovers() throws Exception {
        try (DataSourceBed bed = DataSourceBed.start("faults-kill", 3)) {
            EvenkeelDataSource dataSource = bed.dataSource(9);
            bed.awaitEven(9, bed.pods().servers(), SOON);
            PostgresServer victim = bed.server(1);
            try (Workload load = Workload.start(dataSource, 6)) {
                await().until(() -> load.answersFrom(victim.name()) > 20);
                victim.kill();
                long answered = load.answered();
                await().atMost(SOON).until(() -> load.answered() > answered + 300);
                assertThat(load.failures())
                        .as("failures: no more than the connections that died, all of them the killed server's")
                        .hasSizeLessThanOrEqualTo(3)
                        .allMatch(failure -> victim.name().equals(failure.pod()));
                int failed = load.failures().size();
                victim.start();
                bed.awaitEven(9, bed.pods().servers(), RECOVERED);
                long again = load.answersFrom(victim.name());
                await().atMost(RECOVERED).until(() -> load.answersFrom(victim.name()) > again + 20);
                assertThat(load.failures()).hasSize(failed);
            }
        }
    }

    @Test
    void a_frozen_server_delays_only_its_own_and_the_others_serve() throws Exception {
        try (DataSourceBed bed = DataSourceBed.start("faults-freeze", 3)) {
            EvenkeelDataSource dataSource = bed.dataSource(9);
            bed.awaitEven(9, bed.pods().servers(), SOON);
            PostgresServer victim = bed.server(1);
            try (Workload load = Workload.start(dataSource, 6)) {
                await().until(() -> load.answersFrom(victim.name()) > 20);
                victim.freeze();
                // In-flight queries of the frozen server hang for the driver's socketTimeout, 3 s.
                for (int second = 0; second < 12; second++) {
                    long before = load.answered();
                    await().atMost(Duration.ofSeconds(4)).until(() -> load.answered() > before + 20);
                }
                assertThat(load.failures()).allMatch(failure -> victim.name().equals(failure.pod()));
                assertThat(load.longestWait())
                        .as("longest wait for a connection")
                        .isLessThan(Duration.ofSeconds(4));
                victim.resume();
                long from = load.answersFrom(victim.name());
                await().atMost(RECOVERED.plusSeconds(60)).until(() -> load.answersFrom(victim.name()) > from + 20);
            }
        }
    }

    /** A frozen server's sockets are open and silent, as all idle ones are: only asking tells. */
    @Test
    void idle_connections_to_a_frozen_server_go_while_a_query_there_has_not_timed_out() throws Exception {
        try (DataSourceBed bed = DataSourceBed.start("faults-silent", 1)) {
            HikariConfig hikari = bed.hikari(4);
            hikari.addDataSourceProperty("socketTimeout", "60");
            EvenkeelDataSource dataSource = bed.dataSource(hikari, builder -> {});
            PostgresServer server = bed.server(0);
            bed.awaitEven(4, List.of(server), SOON);
            CompletableFuture<String> answer;
            try (Connection connection = dataSource.getConnection()) {
                server.freeze();
                answer = CompletableFuture.supplyAsync(() -> {
                    try {
                        return DataSourceBed.podOf(connection);
                    } catch (SQLException e) {
                        throw new AssertionError(e);
                    }
                });
                await().atMost(SOON)
                        .untilAsserted(() -> assertThat(statusOf(dataSource, server))
                                .satisfies(status -> assertThat(status.open() - status.inUse())
                                        .as("idle connections, of %s", status)
                                        .isZero()));
                assertThat(answer).isNotDone();
                server.resume();
                assertThat(answer.get(30, TimeUnit.SECONDS)).isEqualTo(server.name());
            }
            bed.awaitEven(4, List.of(server), SOON);
        }
    }

    @Test
    void a_server_at_its_connection_limit_is_passed_by_and_named() throws Exception {
        try (DataSourceBed bed = DataSourceBed.start("faults-full", 2)) {
            PostgresServer full = bed.addReady(PostgresSettings.defaults().withMaxConnections(2));
            EvenkeelDataSource dataSource = bed.dataSource(12);
            try (Workload load = Workload.start(dataSource, 6)) {
                await().atMost(Duration.ofSeconds(15)).untilAsserted(() -> {
                    assertThat(load.answered()).isGreaterThan(300);
                    assertThat(statusOf(dataSource, full).lastError())
                            .containsAnyOf("too many clients", "connection slots are reserved");
                });
                assertThat(load.failures()).isEmpty();
                assertThat(bed.sessions(full)).isLessThanOrEqualTo(2);
            }
        }
    }

    @Test
    void a_server_that_shuts_down_breaks_only_queries_in_flight_and_comes_back() throws Exception {
        try (DataSourceBed bed = DataSourceBed.start("faults-57P01", 3)) {
            EvenkeelDataSource dataSource = bed.dataSource(9);
            bed.awaitEven(9, bed.pods().servers(), SOON);
            PostgresServer victim = bed.server(2);
            try (Workload load = Workload.start(dataSource, 6)) {
                await().until(() -> load.answersFrom(victim.name()) > 20);
                victim.stopFast();
                long answered = load.answered();
                await().atMost(SOON).until(() -> load.answered() > answered + 300);
                assertThat(load.failures())
                        .hasSizeLessThanOrEqualTo(3)
                        .allMatch(failure -> victim.name().equals(failure.pod()));
                victim.start();
                bed.awaitEven(9, bed.pods().servers(), RECOVERED);
            }
        }
    }

    private static EndpointStatus statusOf(EvenkeelDataSource dataSource, PostgresServer server) {
        return dataSource.status().endpoints().stream()
                .filter(endpoint -> endpoint.endpoint().identity().equals(server.name()))
                .findFirst()
                .orElseThrow();
    }
}
