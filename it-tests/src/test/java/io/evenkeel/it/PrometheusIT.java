package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.sun.net.httpserver.HttpServer;
import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.demo.EndpointFile;
import io.evenkeel.demo.loopback.LoopbackAddresses;
import io.evenkeel.demo.postgres.PostgresPods;
import io.evenkeel.demo.postgres.PostgresServer;
import io.evenkeel.demo.process.ProcessGuard;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.jdbc.EvenkeelDataSource;
import io.evenkeel.micrometer.EvenkeelAmqpMetrics;
import io.evenkeel.micrometer.EvenkeelHikariMetrics;
import io.evenkeel.micrometer.EvenkeelMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real Prometheus scrapes a real pool's meters, knows the alert rules, and answers every query of the dashboard. */
@RequiresPostgres
class PrometheusIT {
    private static final String HOST = "127.0.0.1";
    private static final Path DEPLOY = Path.of("").toAbsolutePath().resolveSibling("deploy");

    @TempDir
    private Path directory;

    private final HttpClient client = HttpClient.newHttpClient();

    private static Path program(String name) {
        Optional<Path> found = Stream.of("/usr/bin", "/usr/local/bin", "/opt/prometheus")
                .map(place -> Path.of(place, name))
                .filter(Files::isExecutable)
                .findFirst();
        if (found.isEmpty()) {
            String reason = name + ": not installed (expected: Debian's package prometheus)";
            if (Boolean.getBoolean("evenkeel.it.required")) {
                throw new IllegalStateException(reason);
            }
            System.out.println("skipped PrometheusIT: " + reason);
            Assumptions.abort(reason);
        }
        return found.get();
    }

    @Test
    void the_alert_rules_are_valid() throws Exception {
        Process check = new ProcessBuilder(
                        program("promtool").toString(),
                        "check",
                        "rules",
                        DEPLOY.resolve("prometheus/evenkeel-alerts.yaml").toString())
                .redirectErrorStream(true)
                .start();
        String verdict = new String(check.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(check.waitFor()).as(verdict).isZero();
        assertThat(verdict).contains("SUCCESS: 8 rules found");
    }

    @Test
    void every_query_of_the_dashboard_has_data() throws Exception {
        Path prometheus = program("prometheus");
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        EvenkeelMetrics metrics = EvenkeelMetrics.create();
        metrics.bindTo(registry);
        HttpServer meters = HttpServer.create(new InetSocketAddress(HOST, 0), 0);
        meters.createContext("/metrics", exchange -> {
            byte[] page = registry.scrape().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "text/plain; version=0.0.4");
            exchange.sendResponseHeaders(200, page.length);
            exchange.getResponseBody().write(page);
            exchange.close();
        });
        meters.start();
        int port = LoopbackAddresses.freePort(HOST);
        Process process = start(prometheus, port, meters.getAddress().getPort());
        EndpointFile file = EndpointFile.at(directory.resolve("pods.json"));
        try (PostgresPods pods = PostgresPods.create()) {
            List<Endpoint> endpoints = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                PostgresServer pod = pods.start("pg-" + i);
                endpoints.add(Endpoint.of(pod.name(), pod.host(), pod.port()));
            }
            file.write(endpoints.subList(0, 2));
            try (EvenkeelDataSource pool = pool(file.target(), pods.password(), metrics)) {
                work(pool, 2);
                recordWhatNeedsAFault(metrics, pool.name());
                file.write(endpoints);
                Awaitility.await().atMost(Duration.ofMinutes(1)).untilAsserted(() -> {
                    work(pool, 3);
                    assertThat(value(port, "sum(evenkeel_pods{state=\"serving\"})"))
                            .isEqualTo(3);
                });
                // so that a rate sees both ends of what a counter did
                recordWhatNeedsAFault(metrics, pool.name());
                Awaitility.await().atMost(Duration.ofMinutes(1)).untilAsserted(() -> {
                    work(pool, 3);
                    for (String query : dashboardQueries()) {
                        assertThat(results(port, query)).as(query).isPositive();
                    }
                });
            }
            assertThat(get(port, "/api/v1/rules").toString())
                    .contains("EvenkeelSourceStale")
                    .doesNotContain("\"health\":\"err\"");
        } finally {
            process.destroy();
            meters.stop(0);
        }
    }

    private Process start(Path prometheus, int port, int metersPort) throws IOException {
        Path configuration = Files.writeString(directory.resolve("prometheus.yml"), """
                global: {scrape_interval: 1s, evaluation_interval: 1s}
                rule_files: ["%s"]
                scrape_configs:
                - job_name: orders
                  static_configs: [{targets: ["%s:%d"]}]
                """.formatted(
                        DEPLOY.resolve("prometheus/evenkeel-alerts.yaml"), HOST, metersPort));
        return ProcessGuard.ofThisJvm()
                .start(new ProcessBuilder(
                                prometheus.toString(),
                                "--config.file=" + configuration,
                                "--storage.tsdb.path=" + directory.resolve("data"),
                                "--web.listen-address=" + HOST + ":" + port)
                        .redirectErrorStream(true)
                        .redirectOutput(directory.resolve("prometheus.log").toFile()));
    }

    private static EvenkeelDataSource pool(String target, String password, EvenkeelMetrics metrics) {
        HikariConfig hikari = new HikariConfig();
        hikari.setJdbcUrl("jdbc:postgresql://pg.default:5432/" + PostgresPods.DATABASE);
        hikari.setUsername(PostgresPods.USER);
        hikari.setPassword(password);
        hikari.setMaximumPoolSize(6);
        EvenkeelHikariMetrics.observe(hikari, metrics);
        return EvenkeelDataSource.builder()
                .hikari(hikari)
                .target(target)
                .name("orders")
                .moveWindow(Duration.ZERO)
                .metrics(metrics)
                .build();
    }

    private static void work(EvenkeelDataSource pool, int pods) throws SQLException {
        for (int i = 0; i < pods * 10; i++) {
            try (Connection connection = pool.getConnection()) {
                connection.isValid(1);
            }
        }
    }

    /** Its meters are there only after one. */
    private static void recordWhatNeedsAFault(EvenkeelMetrics metrics, String pool) {
        EndpointKey pod = new EndpointKey("pg-0", HOST, 5432);
        Duration some = Duration.ofMillis(20);
        metrics.acquireWaited(pool, some, true);
        metrics.acquireWaited(pool, some, false);
        metrics.connectionFailed(pool, pod);
        metrics.connectionMoved(pool, pod, pod);
        metrics.endpointEjected(pool, pod);
        metrics.endpointReadmitted(pool, pod);
        metrics.drained(pool, pod, some, true);
        EvenkeelAmqpMetrics amqp = EvenkeelAmqpMetrics.of(metrics);
        amqp.rolledBack(pool, pod, pod, "a broker");
        amqp.publisherPaused(pool, some);
        amqp.consumerGap(pool, some);
        amqp.recovered(pool, pod, some);
    }

    private static List<String> dashboardQueries() throws IOException {
        JsonObject dashboard = JsonParser.parseString(Files.readString(DEPLOY.resolve("grafana/evenkeel.json")))
                .getAsJsonObject();
        List<String> queries = new ArrayList<>();
        for (JsonElement panel : dashboard.getAsJsonArray("panels")) {
            for (JsonElement target : panel.getAsJsonObject().getAsJsonArray("targets")) {
                queries.add(target.getAsJsonObject()
                        .get("expr")
                        .getAsString()
                        .replace("$pool", "orders")
                        .replace("$job", ".*")
                        .replace("$__rate_interval", "1m"));
            }
        }
        return queries;
    }

    private int results(int port, String query) throws Exception {
        return get(port, "/api/v1/query?query=" + URLEncoder.encode(query, StandardCharsets.UTF_8))
                .getAsJsonObject("data")
                .getAsJsonArray("result")
                .size();
    }

    private double value(int port, String query) throws Exception {
        JsonArray result = get(port, "/api/v1/query?query=" + URLEncoder.encode(query, StandardCharsets.UTF_8))
                .getAsJsonObject("data")
                .getAsJsonArray("result");
        // Before the first scrape there is none.
        assertThat(result).as(query).isNotEmpty();
        return result.get(0).getAsJsonObject().getAsJsonArray("value").get(1).getAsDouble();
    }

    private JsonObject get(int port, String path) throws Exception {
        URI uri = URI.create("http://" + HOST + ":" + port + path);
        HttpResponse<String> response =
                client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).as(path).isEqualTo(200);
        return JsonParser.parseString(response.body()).getAsJsonObject();
    }
}
