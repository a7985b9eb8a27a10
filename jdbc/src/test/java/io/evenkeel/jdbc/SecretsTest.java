package io.evenkeel.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Plants passwords wherever a configuration can hold one, and looks for them in everything that comes out: every log at
 * TRACE, exceptions, texts, the status, JMX and events. In a JVM of its own, since a log's level is fixed when it starts.
 */
@Timeout(120)
class SecretsTest {
    private static final List<String> SECRETS =
            List.of("SECRET-field", "SECRET-url", "SECRET-user-info", "SECRET-sslpassword", "SECRET-rotated");

    @ParameterizedTest
    @EnumSource(Pooling.class)
    void no_password_comes_out(Pooling pooling, @TempDir Path directory) throws Exception {
        HikariVersion.assumeCan(pooling);
        Path output = directory.resolve("output");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Dorg.slf4j.simpleLogger.defaultLogLevel=trace",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Scenario.class.getName(),
                        pooling.name())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        boolean ended = process.waitFor(60, TimeUnit.SECONDS);
        process.destroyForcibly();
        String seen = Files.readString(output);
        assertThat(ended).as("ended in time:%n%s", seen).isTrue();
        assertThat(seen)
                .as("that there was something to look at")
                .contains("the scenario ended", "DEBUG", "status: ", "event: ", "refused: ", "jmx: ");
        for (String secret : SECRETS) {
            assertThat(seen.lines().filter(line -> line.contains(secret)))
                    .as("lines with %s", secret)
                    .isEmpty();
        }
    }

    /** What an application and its operators do with a pool that works, and with one that is refused. */
    static final class Scenario {
        private static final PrintStream OUT = System.out;

        private Scenario() {}

        public static void main(String[] arguments) throws Exception {
            Pooling pooling = Pooling.valueOf(arguments[0]);
            works(pooling);
            refused(pooling);
            misconfigured();
            OUT.println("the scenario ended");
        }

        private static HikariConfig config(String url) {
            HikariConfig config = new HikariConfig();
            config.setJdbcUrl(url);
            config.setUsername("ann");
            config.setPassword("SECRET-field");
            config.setMaximumPoolSize(2);
            config.setConnectionTimeout(2_000);
            config.setRegisterMbeans(true);
            config.addDataSourceProperty("sslpassword", "SECRET-sslpassword");
            return config;
        }

        private static EvenkeelDataSourceBuilder builder(Pooling pooling, HikariConfig config) {
            return EvenkeelDataSource.builder()
                    .hikari(config)
                    .pooling(pooling)
                    .jmx(true)
                    .name("secrets")
                    .target("static:///127.0.0.1:1")
                    .listener(event -> OUT.println("event: " + event));
        }

        private static void works(Pooling pooling) throws Exception {
            String url = "jdbc:postgresql://pg.invalid:1/shop?sslmode=disable&password=SECRET-url";
            JdbcDataSource database = new JdbcDataSource();
            database.setURL("jdbc:h2:mem:secrets");
            HikariConfig config = config(url);
            // With time enough for the database to be loaded.
            config.setConnectionTimeout(30_000);
            try (EvenkeelDataSource dataSource =
                    builder(pooling, config).connections(endpoint -> database).build()) {
                try (Connection connection = dataSource.getConnection()) {
                    OUT.println("connection: " + connection + " " + connection.unwrap(Connection.class));
                }
                dataSource.config().setPassword("SECRET-rotated");
                OUT.println("data source: " + dataSource + " " + dataSource.config());
                OUT.println("status: " + dataSource.status());
                printMBeans();
            }
        }

        private static void refused(Pooling pooling) {
            String url = "jdbc:postgresql://pg.invalid:1/shop?sslmode=disable&password=SECRET-url";
            try (EvenkeelDataSource dataSource = builder(pooling, config(url)).build()) {
                dataSource.getConnection().close();
            } catch (SQLException | RuntimeException e) {
                OUT.println("refused: ");
                e.printStackTrace(OUT);
            }
        }

        private static void misconfigured() {
            for (String url : List.of(
                    "jdbc:postgresql://ann:SECRET-user-info@one.invalid,two.invalid/shop?password=SECRET-url",
                    "jdbc:mysql:replication://ann:SECRET-user-info@one.invalid/shop?password=SECRET-url",
                    "jdbc:oracle:thin:ann/SECRET-user-info@one.invalid:1521/shop",
                    "jdbc:mariadb://ann:SECRET-user-info@(host)/shop?password=SECRET-url")) {
                try {
                    EvenkeelDataSource.builder()
                            .hikari(config(url))
                            .target("static:///127.0.0.1:1")
                            .build()
                            .close();
                } catch (RuntimeException e) {
                    OUT.println("misconfigured: ");
                    e.printStackTrace(OUT);
                }
            }
        }

        private static void printMBeans() throws Exception {
            MBeanServer beans = ManagementFactory.getPlatformMBeanServer();
            for (ObjectName name : beans.queryNames(null, null)) {
                if (!name.toString().contains("secrets")) {
                    continue;
                }
                for (MBeanAttributeInfo attribute : beans.getMBeanInfo(name).getAttributes()) {
                    if (attribute.isReadable()) {
                        OUT.println("jmx: " + name + " " + attribute.getName() + "="
                                + beans.getAttribute(name, attribute.getName()));
                    }
                }
            }
        }
    }
}
