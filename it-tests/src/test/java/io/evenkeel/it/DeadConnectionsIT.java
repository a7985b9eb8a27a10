package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.demo.postgres.PostgresPods;
import io.evenkeel.demo.postgres.PostgresServer;
import io.evenkeel.jdbc.EvenkeelDataSource;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What a Pod's end costs under load: only queries that were in flight, or begun within 5 ms of it, fail. Nothing is asked of
 * the servers to find that out.
 */
@RequiresPostgres
class DeadConnectionsIT {
    /** As many as the goal names; fewer make a quick run. */
    private static final int FAULTS = Integer.getInteger("evenkeel.it.faults", 20);

    private static final Duration WINDOW = Duration.ofMillis(5);
    private static final Duration SOON = Duration.ofSeconds(15);
    private static final String APPLICATION = "dead-connections";
    private static final int SERVERS = 3;
    private static final int CONNECTIONS = 9;
    private static final int THREADS = 6;

    private static PostgresPods pods;

    @BeforeAll
    static void start() throws IOException {
        pods = PostgresPods.create();
        for (int i = 0; i < SERVERS; i++) {
            pods.start("pg-" + i);
        }
    }

    @AfterAll
    static void stop() {
        pods.close();
    }

    /** How a Pod, or its sessions, end. Each returns when they have ended, of {@link System#nanoTime}. */
    enum Fault {
        KILL {
            @Override
            long strike(PostgresServer victim, ResettingProxy proxy) throws IOException {
                // not the moment of the signal: until a process has ended, its connections take queries
                return victim.kill();
            }
        },
        FAST_SHUTDOWN {
            @Override
            long strike(PostgresServer victim, ResettingProxy proxy) throws IOException {
                victim.stopFast();
                return System.nanoTime();
            }
        },
        IMMEDIATE_SHUTDOWN {
            @Override
            long strike(PostgresServer victim, ResettingProxy proxy) throws IOException {
                victim.stopImmediate();
                return System.nanoTime();
            }
        },
        TERMINATED_SESSIONS {
            @Override
            long strike(PostgresServer victim, ResettingProxy proxy) throws SQLException {
                // The second argument has the function wait until the session has ended.
                victim.execute("select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = '"
                        + APPLICATION + "'");
                return System.nanoTime();
            }
        },
        RESET {
            @Override
            long strike(PostgresServer victim, ResettingProxy proxy) throws IOException {
                return proxy.reset();
            }
        };

        abstract long strike(PostgresServer victim, ResettingProxy proxy) throws IOException, SQLException;
    }

    @ParameterizedTest
    @EnumSource(Fault.class)
    void only_what_was_in_flight_fails(Fault fault) throws Exception {
        List<String> late = new ArrayList<>();
        int inFlight = 0;
        int during = 0;
        for (int round = 0; round < FAULTS; round++) {
            PostgresServer victim = pods.servers().get(round % SERVERS);
            try (ResettingProxy proxy =
                            new ResettingProxy("127.0.14.1", new InetSocketAddress(victim.host(), victim.port()));
                    EvenkeelDataSource dataSource = dataSource(victim, fault == Fault.RESET ? proxy : null);
                    Workload load = Workload.start(dataSource, THREADS)) {
                await().atMost(SOON).until(() -> load.answersFrom(victim.name()) > 20);
                long began = System.nanoTime();
                long struck = fault.strike(victim, proxy);
                long answered = load.answered();
                await().atMost(SOON).until(() -> load.answered() > answered + 100);
                for (Workload.Failure failure : load.failures()) {
                    long after = failure.began() - struck;
                    if (after > WINDOW.toNanos()) {
                        late.add("round " + round + ": " + TimeUnit.NANOSECONDS.toMicros(after) + " µs after: "
                                + failure.cause());
                    } else {
                        inFlight++;
                        during += failure.began() - began > 0 ? 1 : 0;
                    }
                }
            }
            if (!victim.isRunning()) {
                victim.start();
            }
        }
        System.out.printf(
                "%s: %d faults, %d queries failed that were in flight (%d of them begun while the fault was under way),"
                        + " %d that began later%n",
                fault, FAULTS, inFlight, during, late.size());
        assertThat(late)
                .as("queries that failed and began more than 5 ms after %s", fault)
                .isEmpty();
        assertThat(inFlight).as("queries in flight that failed").isLessThanOrEqualTo(FAULTS * CONNECTIONS / SERVERS);
    }

    /** Each was used a moment ago, which is when a pool that tests only what was idle for long hands out dead ones. */
    @ParameterizedTest
    @EnumSource(Fault.class)
    void what_was_idle_fails_nothing(Fault fault) throws Exception {
        List<String> failures = new ArrayList<>();
        for (int round = 0; round < FAULTS; round++) {
            PostgresServer victim = pods.servers().get(round % SERVERS);
            try (ResettingProxy proxy =
                            new ResettingProxy("127.0.14.1", new InetSocketAddress(victim.host(), victim.port()));
                    EvenkeelDataSource dataSource = dataSource(victim, fault == Fault.RESET ? proxy : null)) {
                await().atMost(SOON)
                        .untilAsserted(() -> assertThat(askAll(dataSource))
                                .filteredOn(victim.name()::equals)
                                .hasSize(CONNECTIONS / SERVERS));
                fault.strike(victim, proxy);
                TimeUnit.NANOSECONDS.sleep(WINDOW.toNanos());
                for (int i = 0; i < 3 * CONNECTIONS; i++) {
                    try (Connection connection = dataSource.getConnection()) {
                        DataSourceBed.podOf(connection);
                    } catch (SQLException e) {
                        failures.add("round " + round + ", query " + i + ": " + e);
                    }
                }
            }
            if (!victim.isRunning()) {
                victim.start();
            }
        }
        System.out.printf("%s while idle: %d faults, %d queries failed%n", fault, FAULTS, failures.size());
        assertThat(failures)
                .as("queries that failed on connections that were idle at %s", fault)
                .isEmpty();
    }

    /** Who answers on each of the connections. */
    private static List<String> askAll(EvenkeelDataSource dataSource) throws SQLException {
        List<Connection> held = new ArrayList<>();
        List<String> answers = new ArrayList<>();
        try {
            for (int i = 0; i < CONNECTIONS; i++) {
                Connection connection = dataSource.getConnection();
                held.add(connection);
                answers.add(DataSourceBed.podOf(connection));
            }
        } finally {
            for (Connection connection : held) {
                connection.close();
            }
        }
        return answers;
    }

    private static EvenkeelDataSource dataSource(PostgresServer victim, ResettingProxy proxy) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:postgresql://" + DataSourceBed.SERVICE + ":5432/postgres");
        config.setUsername(PostgresPods.USER);
        config.setPassword(pods.password());
        config.addDataSourceProperty("ApplicationName", APPLICATION);
        config.addDataSourceProperty("connectTimeout", "2");
        config.setMaximumPoolSize(CONNECTIONS);
        config.setConnectionTimeout(10_000);
        List<String> addresses = new ArrayList<>();
        for (PostgresServer server : pods.servers()) {
            boolean proxied = proxy != null && server == victim;
            addresses.add(proxied ? proxy.host() + ":" + proxy.port() : server.host() + ":" + server.port());
        }
        return EvenkeelDataSource.builder()
                .hikari(config)
                .target("static:///" + String.join(",", addresses))
                .name(APPLICATION)
                .maxConnectionAge(Duration.ZERO)
                .build();
    }
}
