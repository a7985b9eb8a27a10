package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.demo.EndpointFile;
import io.evenkeel.demo.postgres.PostgresPods;
import io.evenkeel.demo.postgres.PostgresServer;
import io.evenkeel.demo.postgres.PostgresSettings;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.jdbc.EvenkeelDataSource;
import io.evenkeel.jdbc.EvenkeelDataSourceBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Real servers, a file that says which of them are ready, and data sources over them. Closing it closes the data sources and
 * fails the test if a thread or a session of theirs is left.
 */
final class DataSourceBed implements AutoCloseable {

    /** The name in the URLs: nobody resolves it, since the Pods' addresses are put beneath it. */
    static final String SERVICE = "pg.evenkeel.test";

    private final PostgresPods pods;
    private final Path directory;
    private final EndpointFile file;
    private final Map<PostgresServer, EndpointCondition> conditions = new LinkedHashMap<>();
    private final List<EvenkeelDataSource> dataSources = new ArrayList<>();
    private final String application;

    private DataSourceBed(String application) throws IOException {
        this.application = application;
        pods = PostgresPods.create();
        directory = Files.createTempDirectory("evenkeel-it-");
        file = EndpointFile.at(directory.resolve("pods.json"));
    }

    /** So many servers, all of them ready. */
    static DataSourceBed start(String application, int count) throws IOException {
        return start(application, count, PostgresSettings.defaults());
    }

    static DataSourceBed start(String application, int count, PostgresSettings settings) throws IOException {
        DataSourceBed bed = new DataSourceBed(application);
        try {
            for (int i = 0; i < count; i++) {
                bed.conditions.put(bed.pods.start("pg-" + i, settings), EndpointCondition.READY);
            }
            bed.publish();
            return bed;
        } catch (IOException | RuntimeException e) {
            bed.pods.close();
            throw e;
        }
    }

    PostgresPods pods() {
        return pods;
    }

    PostgresServer server(int index) {
        return pods.servers().get(index);
    }

    /** Starts one more server and says that it is ready. */
    PostgresServer addReady() throws IOException {
        return addReady(PostgresSettings.defaults());
    }

    PostgresServer addReady(PostgresSettings settings) throws IOException {
        PostgresServer server = pods.start("pg-" + pods.servers().size(), settings);
        set(server, EndpointCondition.READY);
        return server;
    }

    void set(PostgresServer server, EndpointCondition condition) throws IOException {
        conditions.put(server, condition);
        publish();
    }

    /** A new server is ready and an old one terminates, in one change. */
    PostgresServer replace(PostgresServer old) throws IOException {
        PostgresServer replacement = pods.start("pg-" + pods.servers().size());
        conditions.put(replacement, EndpointCondition.READY);
        set(old, EndpointCondition.TERMINATING);
        return replacement;
    }

    void remove(PostgresServer server) throws IOException {
        conditions.remove(server);
        publish();
    }

    private void publish() throws IOException {
        List<Endpoint> endpoints = new ArrayList<>();
        conditions.forEach((server, condition) -> endpoints.add(
                Endpoint.of(server.name(), server.host(), server.port()).withCondition(condition)));
        file.write(endpoints);
    }

    HikariConfig hikari(int size) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:postgresql://" + SERVICE + ":5432/postgres");
        config.setUsername(PostgresPods.USER);
        config.setPassword(pods.password());
        config.addDataSourceProperty("ApplicationName", application);
        // Makes the driver name the application in its first packet, where the server's log of sessions has it from.
        config.addDataSourceProperty("assumeMinServerVersion", "15");
        config.addDataSourceProperty("connectTimeout", "2");
        config.addDataSourceProperty("socketTimeout", "3");
        config.setMaximumPoolSize(size);
        config.setConnectionTimeout(10_000);
        return config;
    }

    EvenkeelDataSource dataSource(int size) {
        return dataSource(size, builder -> {});
    }

    /** Without renewal by age, which would blur the counts. */
    EvenkeelDataSource dataSource(int size, Consumer<EvenkeelDataSourceBuilder> settings) {
        return dataSource(hikari(size), settings);
    }

    EvenkeelDataSource dataSource(HikariConfig hikari, Consumer<EvenkeelDataSourceBuilder> settings) {
        EvenkeelDataSourceBuilder builder = EvenkeelDataSource.builder()
                .hikari(hikari)
                .target(file.target())
                .name(application)
                .clientId("client-0")
                .maxConnectionAge(Duration.ZERO);
        settings.accept(builder);
        EvenkeelDataSource dataSource = builder.build();
        dataSources.add(dataSource);
        return dataSource;
    }

    /** The sessions that the servers count, by server. */
    Map<String, Integer> sessions() throws SQLException {
        Map<String, Integer> counts = new TreeMap<>();
        for (PostgresServer server : pods.servers()) {
            if (server.isRunning() && !server.isFrozen()) {
                int sessions = server.connections(application);
                if (sessions > 0) {
                    counts.put(server.name(), sessions);
                }
            }
        }
        return counts;
    }

    int sessions(PostgresServer server) throws SQLException {
        return server.connections(application);
    }

    /** Sessions that the servers ever accepted. */
    long accepted() throws IOException {
        long accepted = 0;
        for (PostgresServer server : pods.servers()) {
            accepted += server.accepted().getOrDefault(application, 0L);
        }
        return accepted;
    }

    /** Waits until each of these has ⌊p/N⌋ or ⌈p/N⌉ sessions, together they have p, and nobody else has any. */
    void awaitEven(int size, Collection<PostgresServer> servers, Duration atMost) {
        await().atMost(atMost).pollInterval(Duration.ofMillis(200)).untilAsserted(() -> {
            Map<String, Integer> counts = sessions();
            assertThat(counts.values().stream().mapToInt(Integer::intValue).sum())
                    .as(
                            "sessions in all, of %s, by %s",
                            counts,
                            dataSources.stream().map(EvenkeelDataSource::status).toList())
                    .isEqualTo(size);
            for (PostgresServer server : servers) {
                assertThat(counts.getOrDefault(server.name(), 0))
                        .as("sessions at %s, of %s", server.name(), counts)
                        .isBetween(size / servers.size(), (size + servers.size() - 1) / servers.size());
            }
        });
    }

    static String ask(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    static String podOf(Connection connection) throws SQLException {
        return ask(connection, "select current_setting('cluster_name')");
    }

    @Override
    public void close() throws IOException {
        try {
            dataSources.forEach(EvenkeelDataSource::close);
            Leaks.assertNone(pods, application);
        } finally {
            pods.close();
            Files.deleteIfExists(file.path());
            Files.deleteIfExists(directory);
        }
    }
}
