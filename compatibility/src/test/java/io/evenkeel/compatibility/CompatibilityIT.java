package io.evenkeel.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.demo.EndpointFile;
import io.evenkeel.demo.amqp.broker.Broker;
import io.evenkeel.demo.amqp.broker.QpidCluster;
import io.evenkeel.demo.postgres.PostgresPods;
import io.evenkeel.demo.postgres.PostgresServer;
import io.evenkeel.demo.process.ProcessGuard;
import io.evenkeel.demo.rsocket.Behaviour;
import io.evenkeel.demo.rsocket.RSocketCluster;
import io.evenkeel.demo.rsocket.RSocketPod;
import io.evenkeel.endpoint.Endpoint;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Small applications, each with dependencies of its own as Maven resolves them from its own pom, on real servers: each connects
 * to two Pods, follows when a third is added, and closes. The table in docs/compatibility.md is what was run here.
 */
class CompatibilityIT {
    private static final Path CELLS = Path.of(System.getProperty("cells"));
    private static final Path DOCUMENTATION =
            Path.of("").toAbsolutePath().resolveSibling("docs").resolve("compatibility.md");

    /** As slf4j-simple writes a line of the log, and other frameworks as they are started here. */
    private static final Pattern OURS = Pattern.compile("^\\[[^]]+] (INFO|WARN|ERROR) io\\.evenkeel\\..*");

    /** A complaint about our meters: of Micrometer, of what binds them, or of one that a pool could not report to. */
    private static final Pattern ABOUT_METERS =
            Pattern.compile("^\\[[^]]+] (WARN|ERROR) (io\\.micrometer\\.|io\\.evenkeel\\.(micrometer|spring)\\.|"
                    + "io\\.evenkeel\\..*(?i:meter|metric)).*");

    private static PostgresPods postgres;
    private static QpidCluster brokers;
    private static RSocketCluster services;

    @TempDir
    private Path directory;

    @BeforeAll
    static void start() throws IOException {
        try {
            postgres = PostgresPods.create();
        } catch (IOException unavailable) {
            if (Boolean.getBoolean("evenkeel.it.required")) {
                throw unavailable;
            }
            System.out.println("skipped: " + unavailable.getMessage());
            Assumptions.abort(unavailable.getMessage());
        }
        for (int i = 0; i < 3; i++) {
            PostgresServer server = postgres.start("pg-" + i);
            try {
                server.execute("create table batch (n int)");
                server.execute("grant all on batch to " + PostgresPods.USER);
                server.execute("create schema cell authorization " + PostgresPods.USER);
            } catch (java.sql.SQLException e) {
                throw new IOException("the schema of " + server, e);
            }
        }
        brokers = QpidCluster.start(3);
        services = RSocketCluster.create(7, 3, Behaviour.immediate());
    }

    @AfterAll
    static void stop() throws IOException {
        if (services != null) {
            services.close();
        }
        if (brokers != null) {
            brokers.close();
        }
        if (postgres != null) {
            postgres.close();
        }
    }

    /** One application on one JDK. */
    record Cell(String application, String jdk, Path java) {
        /** As its framework starts it: by a jar that it was packaged into, or by its classes and what Maven resolved. */
        List<String> program() throws IOException {
            Path packaged = target().resolve("quarkus-app/quarkus-run.jar");
            return Files.exists(packaged)
                    ? List.of("-jar", packaged.toString())
                    : List.of("-cp", target().resolve("classes") + ":" + resolved(), "app.App");
        }

        private String resolved() throws IOException {
            return Files.readString(target().resolve("classpath")).strip();
        }

        private Path target() {
            return CELLS.resolve(application).resolve("target");
        }

        @Override
        public String toString() {
            return application + " on JDK " + jdk;
        }
    }

    static Stream<Cell> cells() throws IOException {
        List<Cell> cells = new ArrayList<>();
        for (String application : applications()) {
            jdks().forEach((version, java) -> cells.add(new Cell(application, version, java)));
        }
        return cells.stream();
    }

    private static List<String> applications() throws IOException {
        try (Stream<Path> found = Files.list(CELLS)) {
            return found.filter(cell -> Files.exists(cell.resolve("pom.xml")))
                    .map(cell -> cell.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    /** The one that runs this test, and the newest other one that is installed in one of the usual places. */
    private static Map<String, Path> jdks() throws IOException {
        Map<String, Path> jdks = new TreeMap<>();
        Path own = Path.of(System.getProperty("java.home"));
        jdks.put(feature(own), own.resolve("bin/java"));
        for (String place : List.of("/usr/lib/jvm", "/opt/java")) {
            if (Files.isDirectory(Path.of(place))) {
                try (Stream<Path> homes = Files.list(Path.of(place))) {
                    homes.filter(home -> Files.isExecutable(home.resolve("bin/java"))
                                    && Files.exists(home.resolve("release")))
                            .forEach(home -> jdks.putIfAbsent(feature(home), home.resolve("bin/java")));
                }
            }
        }
        jdks.keySet().removeIf(version -> Integer.parseInt(version) < 17);
        return jdks;
    }

    private static String feature(Path home) {
        try {
            return Files.readAllLines(home.resolve("release")).stream()
                    .filter(line -> line.startsWith("JAVA_VERSION="))
                    .map(line -> line.replaceAll("^JAVA_VERSION=\"(\\d+).*", "$1"))
                    .findFirst()
                    .orElse("0");
        } catch (IOException e) {
            return "0";
        }
    }

    @ParameterizedTest
    @MethodSource("cells")
    void an_application_connects_follows_a_scale_out_and_closes(Cell cell) throws Exception {
        EndpointFile pods = EndpointFile.at(directory.resolve("postgres.json"));
        EndpointFile amqp = EndpointFile.at(directory.resolve("brokers.json"));
        EndpointFile rsocket = EndpointFile.at(directory.resolve("services.json"));
        report(2, pods, amqp, rsocket);
        List<String> command = new ArrayList<>(List.of(
                cell.java().toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-Djdbc.target=" + pods.target(),
                "-Djdbc.url=" + postgres.servers().get(0).jdbcUrl(),
                "-Djdbc.database=" + PostgresPods.DATABASE,
                "-Djdbc.schema=cell",
                "-Djdbc.user=" + PostgresPods.USER,
                "-Djdbc.password=" + postgres.password(),
                "-Damqp.target=" + amqp.target(),
                "-Damqp.user=" + brokers.user(),
                "-Damqp.password=" + brokers.password(),
                "-Drsocket.target=" + rsocket.target(),
                // Spring's and Quarkus's applications write their log as slf4j-simple does.
                "-Dlogging.pattern.console=[%thread] %level %logger - %msg%n",
                "-Dquarkus.log.console.format=[%t] %p %c - %s%e%n"));
        command.addAll(cell.program());
        Process application = ProcessGuard.ofThisJvm().start(new ProcessBuilder(command).redirectErrorStream(true));
        List<String> said = new ArrayList<>();
        try (BufferedReader output = application.inputReader()) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                said.add(line);
                if (line.equals("CONNECTED")) {
                    report(3, pods, amqp, rsocket);
                }
            }
        } finally {
            application.destroyForcibly();
        }
        assertThat(said).as(() -> cell + ":\n" + String.join("\n", said)).contains("CONNECTED", "SCALED", "CLOSED");
        assertThat(application.waitFor()).as("exit status").isZero();
        assertThat(said.stream().filter(line -> ABOUT_METERS.matcher(line).matches()))
                .as("complaints about meters, %s", cell)
                .isEmpty();
        if (said.stream().noneMatch(line -> line.startsWith("SLF4J: Failed to load class"))) {
            // Else it is written otherwise than expected, and no complaint would be found in it.
            assertThat(said)
                    .as(cell.toString())
                    .anyMatch(line -> OURS.matcher(line).matches());
        }
        said.stream()
                .filter(line -> line.startsWith("ENDPOINT") || line.startsWith("HEALTH"))
                .forEach(System.out::println);
    }

    @Test
    void the_documentation_lists_what_is_run() throws IOException {
        String documentation = Files.readString(DOCUMENTATION);
        for (String application : applications()) {
            assertThat(documentation).contains("| `" + application + "` |");
        }
    }

    private static void report(int count, EndpointFile pods, EndpointFile amqp, EndpointFile rsocket)
            throws IOException {
        pods.write(postgres.servers().subList(0, count).stream()
                .map(server -> Endpoint.of(server.name(), server.host(), server.port()))
                .toList());
        amqp.write(brokers.brokers().subList(0, count).stream()
                .map(Broker::endpoint)
                .toList());
        rsocket.write(services.pods().subList(0, count).stream()
                .map(RSocketPod::endpoint)
                .toList());
    }
}
