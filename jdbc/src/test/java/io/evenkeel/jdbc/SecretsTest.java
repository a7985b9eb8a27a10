package io.evenkeel.jdbc;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.PlantedSecrets;
import java.io.PrintStream;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Plants passwords wherever a configuration can hold one, and looks for them in everything that comes out: every log at
 * TRACE, exceptions, texts, the status, JMX and events.
 */
@Timeout(120)
class SecretsTest {
    private static final List<String> SECRETS =
            List.of("SECRET-field", "SECRET-url", "SECRET-user-info", "SECRET-sslpassword", "SECRET-rotated");

    @ParameterizedTest
    @EnumSource(Pooling.class)
    void no_password_comes_out(Pooling pooling, @TempDir Path directory) throws Exception {
        HikariVersion.assumeCan(pooling);
        PlantedSecrets.assertNoneComesOut(
                Scenario.class,
                SECRETS,
                List.of("status: ", "event: ", "refused: ", "jmx: "),
                directory,
                "-Dpooling=" + pooling.name());
    }

    /** What an application and its operators do with a pool that works, and with one that is refused. */
    static final class Scenario {
        private static final PrintStream OUT = System.out;

        private Scenario() {}

        public static void main(String[] arguments) throws Exception {
            Pooling pooling = Pooling.valueOf(System.getProperty("pooling"));
            works(pooling);
            refused(pooling);
            misconfigured();
            OUT.println(PlantedSecrets.ENDED);
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
                PlantedSecrets.printMBeans(OUT, "secrets");
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
    }
}
