package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.demo.postgres.PostgresServer;
import io.evenkeel.demo.postgres.PostgresSettings;
import io.evenkeel.jdbc.EvenkeelDataSource;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Credentials that change and certificates that name the Service. */
@RequiresPostgres
class SecurityIT {
    private static final Duration SOON = Duration.ofSeconds(15);

    @Test
    void a_changed_password_is_used_for_new_connections_without_a_restart() throws Exception {
        try (DataSourceBed bed = DataSourceBed.start("security-rotation", 2)) {
            createRole(bed, "create role rotated login password 'first'");
            HikariConfig hikari = bed.hikari(4);
            hikari.setUsername("rotated");
            hikari.setPassword("first");
            EvenkeelDataSource dataSource = bed.dataSource(hikari, builder -> {});
            bed.awaitEven(4, bed.pods().servers(), SOON);
            createRole(bed, "alter role rotated password 'second'");
            dataSource.config().setPassword("second");
            dataSource.config().setMaximumPoolSize(8);
            dataSource.config().setMinimumIdle(8);
            bed.awaitEven(8, bed.pods().servers(), SOON);
            try (Connection connection = dataSource.getConnection()) {
                assertThat(DataSourceBed.ask(connection, "select current_user")).isEqualTo("rotated");
            }
        }
    }

    private static void createRole(DataSourceBed bed, String sql) throws SQLException {
        for (PostgresServer server : bed.pods().servers()) {
            server.execute(sql);
        }
    }

    @Test
    void a_wrong_password_is_said_and_ejects_nobody() throws Exception {
        try (DataSourceBed bed = DataSourceBed.start("security-wrong", 2)) {
            HikariConfig hikari = bed.hikari(2);
            hikari.setPassword("wrong");
            hikari.setConnectionTimeout(1000);
            // It would refuse to start, with the same cause.
            hikari.setInitializationFailTimeout(-1);
            EvenkeelDataSource dataSource = bed.dataSource(hikari, builder -> {});
            assertThatThrownBy(dataSource::getConnection)
                    .isInstanceOf(SQLException.class)
                    .hasStackTraceContaining("password authentication failed");
            assertThat(dataSource.status().endpoints()).allMatch(endpoint -> endpoint.ejectedFor() == null);
        }
    }

    @Test
    void verify_full_verifies_the_services_name_through_a_pods_address(@TempDir Path directory) throws Exception {
        TestCertificate certificate = TestCertificate.create(directory, DataSourceBed.SERVICE);
        PostgresSettings tls = PostgresSettings.defaults().withTls(certificate.certificate(), certificate.privateKey());
        try (DataSourceBed bed = DataSourceBed.start("security-tls", 2, tls)) {
            EvenkeelDataSource dataSource = bed.dataSource(verifyFull(bed, certificate), builder -> {});
            bed.awaitEven(4, bed.pods().servers(), SOON);
            try (Connection connection = dataSource.getConnection()) {
                assertThat(DataSourceBed.ask(
                                connection, "select ssl::text from pg_stat_ssl where pid = pg_backend_pid()"))
                        .isEqualTo("true");
            }
        }
    }

    @Test
    void verify_full_refuses_a_server_whose_certificate_has_another_name(@TempDir Path directory) throws Exception {
        TestCertificate certificate = TestCertificate.create(directory, "other.evenkeel.test");
        PostgresSettings tls = PostgresSettings.defaults().withTls(certificate.certificate(), certificate.privateKey());
        try (DataSourceBed bed = DataSourceBed.start("security-name", 2, tls)) {
            HikariConfig hikari = verifyFull(bed, certificate);
            hikari.setConnectionTimeout(1000);
            hikari.setInitializationFailTimeout(-1);
            EvenkeelDataSource dataSource = bed.dataSource(hikari, builder -> {});
            assertThatThrownBy(dataSource::getConnection)
                    .isInstanceOf(SQLException.class)
                    .hasStackTraceContaining(DataSourceBed.SERVICE);
            await().during(Duration.ofSeconds(1))
                    .untilAsserted(() -> assertThat(bed.sessions()).isEmpty());
        }
    }

    private static HikariConfig verifyFull(DataSourceBed bed, TestCertificate certificate) {
        HikariConfig hikari = bed.hikari(4);
        hikari.addDataSourceProperty("sslmode", "verify-full");
        hikari.addDataSourceProperty("sslrootcert", certificate.authority().toString());
        return hikari;
    }
}
