package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.jdbc.EvenkeelDataSource;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** MariaDB's and MySQL's drivers on real MariaDB servers whose Service no resolver knows. */
@RequiresMariaDb
class MariaDbIT {
    private static final String SERVICE = "db.evenkeel.test";
    private static final Duration SOON = Duration.ofSeconds(15);

    @TempDir
    static Path directory;

    private static TestCertificate certificate;
    private static Path trustStore;
    private static MariaDbServers servers;
    private static List<MariaDbServers.Server> pods;

    @BeforeAll
    static void start() throws Exception {
        certificate = TestCertificate.create(directory, SERVICE);
        trustStore = trustStore();
        servers = MariaDbServers.create(certificate);
        pods = List.of(servers.start("db-0"), servers.start("db-1"));
        for (MariaDbServers.Server pod : pods) {
            pod.execute("create table " + MariaDbServers.DATABASE + ".orders (id int primary key)");
        }
    }

    private static Path trustStore() throws Exception {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        try (InputStream in = Files.newInputStream(certificate.authority())) {
            trusted.setCertificateEntry(
                    "ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        Path file = directory.resolve("trust.p12");
        try (OutputStream out = Files.newOutputStream(file)) {
            trusted.store(out, "changeit".toCharArray());
        }
        return file;
    }

    @AfterAll
    static void stop() throws Exception {
        if (servers != null) {
            servers.close();
        }
    }

    private static HikariConfig hikari(String driver, int size) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:" + driver + "://" + SERVICE + ":3306/" + MariaDbServers.DATABASE);
        config.setUsername(MariaDbServers.USER);
        config.setPassword(MariaDbServers.PASSWORD);
        config.setMaximumPoolSize(size);
        config.setConnectionTimeout(10_000);
        // Callers are to see what is wrong, not only build().
        config.setInitializationFailTimeout(-1);
        config.addDataSourceProperty("connectTimeout", "3000");
        if (driver.equals("mysql")) {
            config.addDataSourceProperty("allowPublicKeyRetrieval", "true");
            config.addDataSourceProperty("sslMode", "DISABLED");
        } else {
            config.addDataSourceProperty("sslMode", "disable");
        }
        return config;
    }

    private static HikariConfig verifyingName(String driver, String service) {
        HikariConfig config = hikari(driver, 2);
        config.setJdbcUrl("jdbc:" + driver + "://" + service + ":3306/" + MariaDbServers.DATABASE);
        config.setConnectionTimeout(3_000);
        if (driver.equals("mysql")) {
            config.addDataSourceProperty("sslMode", "VERIFY_IDENTITY");
            config.addDataSourceProperty(
                    "trustCertificateKeyStoreUrl", trustStore.toUri().toString());
            config.addDataSourceProperty("trustCertificateKeyStoreType", "PKCS12");
            config.addDataSourceProperty("trustCertificateKeyStorePassword", "changeit");
        } else {
            config.addDataSourceProperty("sslMode", "verify-full");
            config.addDataSourceProperty(
                    "serverSslCert", certificate.authority().toString());
        }
        return config;
    }

    private static EvenkeelDataSource open(HikariConfig config) {
        return EvenkeelDataSource.builder()
                .hikari(config)
                .name("mariadb-it")
                .target(servers.target())
                .maxConnectionAge(Duration.ZERO)
                .build();
    }

    @ParameterizedTest
    @ValueSource(strings = {"mysql", "mariadb"})
    void connections_spread_although_no_resolver_knows_the_service(String driver) throws Exception {
        try (EvenkeelDataSource dataSource = open(hikari(driver, 4))) {
            await().atMost(SOON)
                    .untilAsserted(() ->
                            assertThat(dataSource.status().endpoints()).allMatch(endpoint -> endpoint.open() == 2));
            assertThat(podsSeen(dataSource, 4)).containsOnly("db-0", "db-1");
        }
    }

    private static List<String> podsSeen(EvenkeelDataSource dataSource, int count) throws SQLException {
        List<Connection> held = new ArrayList<>();
        List<String> seen = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                Connection connection = dataSource.getConnection();
                held.add(connection);
                seen.add(DataSourceBed.ask(connection, "select @@report_host"));
            }
        } finally {
            for (Connection connection : held) {
                connection.close();
            }
        }
        return seen;
    }

    @ParameterizedTest
    @ValueSource(strings = {"mysql", "mariadb"})
    void tls_verifies_the_services_name_through_a_pods_address(String driver) throws Exception {
        try (EvenkeelDataSource dataSource = open(verifyingName(driver, SERVICE));
                Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement();
                var row = statement.executeQuery("show session status like 'Ssl_cipher'")) {
            assertThat(row.next()).isTrue();
            assertThat(row.getString(2)).as("the session's cipher").isNotEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"mysql", "mariadb"})
    void tls_refuses_a_server_whose_certificate_has_another_name(String driver) {
        try (EvenkeelDataSource dataSource = open(verifyingName(driver, "other.evenkeel.test"))) {
            assertThatThrownBy(dataSource::getConnection)
                    .isInstanceOf(SQLException.class)
                    .hasStackTraceContaining("other.evenkeel.test");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"mysql", "mariadb"})
    void a_cancel_reaches_the_server_that_runs_the_query(String driver) throws Exception {
        try (EvenkeelDataSource dataSource = open(hikari(driver, 4))) {
            for (int i = 0; i < 4; i++) {
                try (Connection connection = dataSource.getConnection();
                        Statement statement = connection.createStatement()) {
                    CompletableFuture<Long> slept = CompletableFuture.supplyAsync(() -> sleep(statement));
                    // A cancel before the query has begun does nothing.
                    while (!slept.isDone()) {
                        statement.cancel();
                        Thread.sleep(50);
                    }
                    assertThat(slept.get())
                            .as("nanoseconds until the query ended")
                            .isLessThan(20_000_000_000L);
                }
            }
        }
    }

    private static long sleep(Statement statement) {
        long start = System.nanoTime();
        try {
            statement.execute("select sleep(30)");
        } catch (SQLException cancelled) {
            return System.nanoTime() - start;
        }
        return System.nanoTime() - start;
    }

    @ParameterizedTest
    @ValueSource(strings = {"mysql", "mariadb"})
    void after_an_abort_the_next_caller_is_served(String driver) throws Exception {
        try (EvenkeelDataSource dataSource = open(hikari(driver, 1))) {
            for (int i = 0; i < 5; i++) {
                Connection aborted = dataSource.getConnection();
                aborted.abort(Runnable::run);
                try (Connection next = dataSource.getConnection()) {
                    assertThat(DataSourceBed.ask(next, "select 1"))
                            .as("round %d", i)
                            .isEqualTo("1");
                }
            }
            assertThat(dataSource.status().endpoints()).allMatch(endpoint -> endpoint.ejectedFor() == null);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"mysql", "mariadb"})
    void a_killed_session_fails_once(String driver) throws Exception {
        try (EvenkeelDataSource dataSource = open(hikari(driver, 1))) {
            try (Connection connection = dataSource.getConnection()) {
                String pod = DataSourceBed.ask(connection, "select @@report_host");
                String id = DataSourceBed.ask(connection, "select connection_id()");
                server(pod).execute("kill " + id);
                assertThatThrownBy(() -> DataSourceBed.ask(connection, "select 1"))
                        .isInstanceOf(SQLException.class);
            }
            for (int i = 0; i < 5; i++) {
                try (Connection next = dataSource.getConnection()) {
                    assertThat(DataSourceBed.ask(next, "select 1")).isEqualTo("1");
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"mysql", "mariadb"})
    void a_session_that_was_killed_while_idle_is_never_handed_out(String driver) throws Exception {
        try (EvenkeelDataSource dataSource = open(hikari(driver, 1))) {
            for (int i = 0; i < 10; i++) {
                String pod;
                String id;
                try (Connection connection = dataSource.getConnection()) {
                    pod = DataSourceBed.ask(connection, "select @@report_host");
                    id = DataSourceBed.ask(connection, "select connection_id()");
                }
                server(pod).execute("kill " + id);
                Thread.sleep(20); // longer than what counts as just used, shorter than HikariCP's half second
                try (Connection next = dataSource.getConnection()) {
                    assertThat(DataSourceBed.ask(next, "select 1"))
                            .as("round %d", i)
                            .isEqualTo("1");
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"mysql", "mariadb"})
    void a_server_that_became_read_only_has_its_connections_evicted(String driver) throws Exception {
        try (EvenkeelDataSource dataSource = open(hikari(driver, 1))) {
            String id;
            try (Connection connection = dataSource.getConnection();
                    Statement statement = connection.createStatement()) {
                id = DataSourceBed.ask(connection, "select concat(@@report_host, connection_id())");
                setReadOnly(true);
                assertThatThrownBy(() -> statement.execute("insert into orders values (1)"))
                        .isInstanceOf(SQLException.class)
                        .hasMessageContaining("read-only");
            } finally {
                setReadOnly(false);
            }
            try (Connection next = dataSource.getConnection()) {
                assertThat(DataSourceBed.ask(next, "select concat(@@report_host, connection_id())"))
                        .isNotEqualTo(id);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"mysql", "mariadb"})
    void a_transaction_that_sql_made_read_only_evicts_nothing(String driver) throws Exception {
        try (EvenkeelDataSource dataSource = open(hikari(driver, 1))) {
            String id;
            try (Connection connection = dataSource.getConnection();
                    Statement statement = connection.createStatement()) {
                id = DataSourceBed.ask(connection, "select connection_id()");
                statement.execute("start transaction read only");
                assertThatThrownBy(() -> statement.execute("insert into orders values (1)"))
                        .isInstanceOf(SQLException.class);
                statement.execute("rollback");
            }
            try (Connection next = dataSource.getConnection()) {
                assertThat(DataSourceBed.ask(next, "select connection_id()")).isEqualTo(id);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"mysql", "mariadb"})
    void a_wrong_password_ejects_no_pod_and_is_said(String driver) throws Exception {
        HikariConfig config = hikari(driver, 2);
        config.setPassword("wrong");
        config.setConnectionTimeout(1_000);
        try (EvenkeelDataSource dataSource = open(config)) {
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(dataSource::getConnection).hasStackTraceContaining("Access denied");
            }
            assertThat(dataSource.status().endpoints()).allMatch(endpoint -> endpoint.ejectedFor() == null);
        }
    }

    private static void setReadOnly(boolean on) throws SQLException {
        for (MariaDbServers.Server pod : pods) {
            pod.execute("set global read_only = " + (on ? 1 : 0));
        }
    }

    private static MariaDbServers.Server server(String name) {
        return pods.stream().filter(pod -> pod.name().equals(name)).findFirst().orElseThrow();
    }
}
