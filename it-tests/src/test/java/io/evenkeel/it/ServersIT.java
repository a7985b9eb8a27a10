package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.evenkeel.demo.postgres.PostgresPods;
import io.evenkeel.demo.postgres.PostgresServer;
import io.evenkeel.demo.postgres.PostgresSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The servers do what the other tests rely on. */
@RequiresPostgres
class ServersIT {
    private static final String CLIENT = "servers-it";

    private static PostgresPods pods;
    private static PostgresServer first;
    private static PostgresServer second;

    @BeforeAll
    static void start() throws IOException {
        pods = PostgresPods.create();
        first = pods.start("pg-0");
        second = pods.start("pg-1");
    }

    @AfterAll
    static void stop() {
        pods.close();
    }

    @Test
    void each_server_says_its_own_name() throws SQLException {
        try (Connection toFirst = connect(first);
                Connection toSecond = connect(second)) {
            assertThat(whoAnswers(toFirst)).isEqualTo("pg-0");
            assertThat(whoAnswers(toSecond)).isEqualTo("pg-1");
        }
    }

    @Test
    void two_servers_never_share_an_address() {
        assertThat(first.host() + ":" + first.port()).isNotEqualTo(second.host() + ":" + second.port());
    }

    @Test
    void server_counts_sessions_by_application_name() throws Exception {
        long before = first.accepted().getOrDefault(CLIENT, 0L);
        try (Connection one = connect(first);
                Connection two = connect(first)) {
            assertThat(whoAnswers(one)).isEqualTo(whoAnswers(two));
            assertThat(first.connections(CLIENT)).isEqualTo(2);
            assertThat(first.accepted()).containsEntry(CLIENT, before + 2);
        }
        await().untilAsserted(() -> assertThat(first.connections(CLIENT)).isZero());
    }

    @Test
    void killed_server_refuses_at_once_and_comes_back_at_its_address() throws Exception {
        PostgresServer server = pods.start("pg-killed");
        try (Connection open = connect(server)) {
            server.kill();
            assertThat(server.isRunning()).isFalse();
            assertThatThrownBy(() -> whoAnswers(open)).isInstanceOf(SQLException.class);
            assertThatThrownBy(() -> connect(server)).hasMessageContaining("refused");
        }
        server.start();
        try (Connection again = connect(server)) {
            assertThat(whoAnswers(again)).isEqualTo("pg-killed");
        }
        server.stopFast();
    }

    @Test
    void frozen_server_answers_nobody_until_it_is_resumed() throws Exception {
        PostgresServer server = pods.start("pg-frozen");
        try (Connection open = connect(server)) {
            server.freeze();
            assertThatThrownBy(() -> connect(server)).isInstanceOf(SQLException.class);
            open.setNetworkTimeout(Runnable::run, 300);
            assertThatThrownBy(() -> whoAnswers(open)).isInstanceOf(SQLException.class);
            server.resume();
        }
        try (Connection again = connect(server)) {
            assertThat(whoAnswers(again)).isEqualTo("pg-frozen");
        }
        server.stopFast();
    }

    @Test
    void fast_shutdown_breaks_sessions_off_with_57P01() throws Exception {
        PostgresServer server = pods.start("pg-stopped");
        try (Connection open = connect(server)) {
            server.stopFast();
            assertThatThrownBy(() -> whoAnswers(open))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("57P01"));
        }
    }

    @Test
    void smart_shutdown_waits_for_the_last_session() throws Exception {
        PostgresServer server = pods.start("pg-smart");
        try (Connection open = connect(server)) {
            server.stopSmart();
            await().untilAsserted(() -> assertThatThrownBy(() -> connect(server))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("57P03")));
            assertThat(whoAnswers(open)).isEqualTo("pg-smart");
        }
        assertThat(server.awaitStopped(Duration.ofSeconds(5))).isTrue();
    }

    @Test
    void server_at_max_connections_refuses_with_53300_and_still_counts() throws Exception {
        PostgresServer server =
                pods.start("pg-full", PostgresSettings.defaults().withMaxConnections(5));
        List<Connection> all = new ArrayList<>();
        try {
            for (int i = 0; i < 5; i++) {
                all.add(connect(server));
            }
            assertThatThrownBy(() -> connect(server))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("53300"));
            assertThat(server.connections(CLIENT)).isEqualTo(5);
        } finally {
            for (Connection connection : all) {
                connection.close();
            }
        }
        server.stopFast();
    }

    @Test
    void server_with_a_certificate_proves_its_name(@TempDir Path directory) throws Exception {
        TestCertificate certificate = TestCertificate.create(directory, "localhost");
        PostgresServer server = pods.start(
                "pg-tls", PostgresSettings.defaults().withTls(certificate.certificate(), certificate.privateKey()));
        Properties properties = properties();
        properties.setProperty("sslrootcert", certificate.authority().toString());
        properties.setProperty("sslmode", "verify-ca");
        try (Connection connection = DriverManager.getConnection(server.jdbcUrl(), properties)) {
            assertThat(whoAnswers(connection)).isEqualTo("pg-tls");
        }
        properties.setProperty("sslmode", "verify-full");
        assertThatThrownBy(() -> DriverManager.getConnection(server.jdbcUrl(), properties))
                .as("the certificate is for localhost, not for %s", server.host())
                .isInstanceOf(SQLException.class);
        server.stopFast();
    }

    @Test
    void closed_pods_leave_no_process_and_no_directory() throws Exception {
        PostgresServer frozen;
        try (PostgresPods others = PostgresPods.create()) {
            others.start("pg-running");
            frozen = others.start("pg-frozen");
            frozen.freeze();
        }
        assertThat(frozen.isRunning()).isFalse();
        assertThat(ProcessHandle.current().descendants())
                .noneMatch(process -> process.info().commandLine().orElse("").contains("pg-frozen"));
    }

    private static Connection connect(PostgresServer server) throws SQLException {
        return DriverManager.getConnection(server.jdbcUrl(), properties());
    }

    private static Properties properties() {
        Properties properties = new Properties();
        properties.setProperty("user", PostgresPods.USER);
        properties.setProperty("password", pods.password());
        properties.setProperty("ApplicationName", CLIENT);
        properties.setProperty("assumeMinServerVersion", "15");
        properties.setProperty("loginTimeout", "1");
        return properties;
    }

    private static String whoAnswers(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select current_setting('cluster_name')")) {
            row.next();
            return row.getString(1);
        }
    }
}
