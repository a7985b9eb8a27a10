package io.evenkeel.jdbc.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.endpoint.Endpoint;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class DriverTemplateTest {
    /** A port where nothing listens: a driver that went where its URL says would fail. */
    private static final String NOWHERE = "pg.invalid:1";

    private static final Supplier<Credentials> NOBODY = () -> Credentials.of(null, null);

    @Test
    void postgres_reaches_the_endpoint_and_not_the_host_in_the_url() throws Exception {
        DriverTemplate template = template(postgresUrl());
        try (FakeDatabase one = new FakeDatabase.Postgres("127.0.0.1");
                FakeDatabase two = new FakeDatabase.Postgres("127.0.0.1")) {
            connect(template, two.endpoint(), () -> Credentials.of("ann", "x")).close();
            assertThat(two.seen).contains("user ann");
            assertThat(one.seen).isEmpty();
        }
    }

    @Test
    void a_connection_comes_with_the_probe_of_its_socket() throws Exception {
        DriverTemplate template = template(postgresUrl());
        FakeDatabase.Postgres server = new FakeDatabase.Postgres("127.0.0.1");
        DataSource dataSource = template.dataSource(server.endpoint(), NOBODY);
        dataSource.setLoginTimeout(30); // pgjdbc then connects on a thread of its own
        DriverConnection opened = DriverTemplate.connect(dataSource, null, null);
        assertThat(opened.probe().peek()).isEqualTo(Liveness.ALIVE);
        assertThat(Dial.underWay()).as("dials that are remembered").isZero();
        server.close();
        Liveness seen = opened.probe().peek();
        while (seen == Liveness.ALIVE) {
            Thread.onSpinWait();
            seen = opened.probe().peek();
        }
        assertThat(seen).isEqualTo(Liveness.DEAD);
        opened.connection().close();
    }

    @Test
    void postgres_cancels_at_the_same_endpoint() throws Exception {
        DriverTemplate template = template(postgresUrl());
        try (FakeDatabase.Postgres other = new FakeDatabase.Postgres("127.0.0.1");
                FakeDatabase.Postgres reached = new FakeDatabase.Postgres("127.0.0.1");
                Connection connection = connect(template, reached.endpoint(), NOBODY);
                Statement statement = connection.createStatement()) {
            CompletableFuture<Void> cancelling = CompletableFuture.runAsync(() -> cancelOnce(reached, statement));
            assertThatThrownBy(() -> statement.execute("select pg_sleep(60)"))
                    .isInstanceOf(SQLException.class)
                    .extracting(e -> ((SQLException) e).getSQLState())
                    .isEqualTo("57014");
            cancelling.join();
            assertThat(reached.seen).contains("cancel");
            assertThat(other.seen).isEmpty();
        }
    }

    private static void cancelOnce(FakeDatabase.Postgres server, Statement statement) {
        try {
            server.querying.await();
            statement.cancel();
        } catch (InterruptedException | SQLException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void postgres_reaches_an_ipv6_endpoint() throws Exception {
        try (FakeDatabase server = ipv6()) {
            assertThat(server.endpoint().address()).startsWith("[");
            connect(template(postgresUrl()), server.endpoint(), () -> Credentials.of("ann", "x"))
                    .close();
            assertThat(server.seen).contains("user ann");
        }
    }

    private static FakeDatabase ipv6() {
        try {
            return new FakeDatabase.Postgres("::1");
        } catch (IOException e) {
            return Assumptions.abort("no IPv6 here: " + e);
        }
    }

    @Test
    void postgres_data_source_class_and_its_properties_are_used() throws Exception {
        HikariConfig config = new HikariConfig();
        config.setDataSourceClassName("org.postgresql.ds.PGSimpleDataSource");
        config.addDataSourceProperty("serverName", "pg.invalid");
        config.addDataSourceProperty("portNumber", 6000);
        config.addDataSourceProperty("databaseName", "shop");
        config.addDataSourceProperty("user", "bob");
        config.addDataSourceProperty("assumeMinServerVersion", "18");
        config.addDataSourceProperty("sslMode", "disable");
        DriverTemplate template = DriverTemplate.from(config);
        assertThat(template.host()).isEqualTo("pg.invalid");
        assertThat(template.port()).isEqualTo(6000);
        try (FakeDatabase server = new FakeDatabase.Postgres("127.0.0.1")) {
            connect(template, server.endpoint(), NOBODY).close();
            assertThat(server.seen).contains("user bob").doesNotContain("tls?");
        }
    }

    @Test
    void verification_asked_for_is_not_weakened() throws Exception {
        DriverTemplate template = template("jdbc:postgresql://" + NOWHERE + "/shop?sslmode=verify-full");
        try (FakeDatabase server = new FakeDatabase.Postgres("127.0.0.1")) {
            assertThatThrownBy(() -> connect(template, server.endpoint(), NOBODY))
                    .hasMessageContaining("does not support SSL");
            assertThat(server.seen).contains("tls?");
        }
    }

    @Test
    void credentials_are_read_at_every_connect() throws Exception {
        AtomicReference<Credentials> live = new AtomicReference<>(Credentials.of("old", "x"));
        try (FakeDatabase server = new FakeDatabase.Postgres("127.0.0.1")) {
            DataSource dataSource = template(postgresUrl()).dataSource(server.endpoint(), live::get);
            dataSource.getConnection().close();
            live.set(Credentials.of("new", "y"));
            dataSource.getConnection().close();
            dataSource.getConnection("other", "z").close();
            assertThat(server.seen).containsSubsequence("user old", "user new", "user other");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"jdbc:mysql://db.invalid:1/shop?sslMode=DISABLED", "jdbc:mariadb://db.invalid:1/shop"})
    void mysql_and_mariadb_reach_the_endpoint(String url) throws Exception {
        DriverTemplate template = template(url);
        try (FakeDatabase one = new FakeDatabase.MySql("127.0.0.1");
                FakeDatabase two = new FakeDatabase.MySql("127.0.0.1")) {
            assertThatThrownBy(() -> connect(template, two.endpoint(), NOBODY))
                    .hasStackTraceContaining("refused by the fake");
            assertThat(two.seen).contains("connected");
            assertThat(one.seen).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"com.mysql.cj.jdbc.MysqlDataSource", "org.mariadb.jdbc.MariaDbDataSource"})
    void mysql_and_mariadb_data_source_classes_reach_the_endpoint(String className) throws Exception {
        HikariConfig config = new HikariConfig();
        config.setDataSourceClassName(className);
        if (className.contains("mysql")) {
            config.addDataSourceProperty("serverName", "db.invalid");
            config.addDataSourceProperty("portNumber", 1);
            config.addDataSourceProperty("databaseName", "shop");
            config.addDataSourceProperty("sslMode", "DISABLED");
        } else {
            config.addDataSourceProperty("url", "jdbc:mariadb://db.invalid:1/shop");
        }
        DriverTemplate template = DriverTemplate.from(config);
        assertThat(template.port()).isEqualTo(1);
        try (FakeDatabase server = new FakeDatabase.MySql("127.0.0.1")) {
            assertThatThrownBy(() -> connect(template, server.endpoint(), NOBODY))
                    .hasStackTraceContaining("refused by the fake");
            assertThat(server.seen).contains("connected");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jdbc:postgresql://db.invalid:1/shop",
                "jdbc:mysql://db.invalid:1/shop?sslMode=DISABLED",
                "jdbc:mariadb://db.invalid:1/shop"
            })
    void a_login_time_out_ends_the_wait_for_a_frozen_server(String url) throws Exception {
        try (FakeDatabase server = new FakeDatabase.Silent("127.0.0.1")) {
            DataSource dataSource = template(url).dataSource(server.endpoint(), NOBODY);
            dataSource.setLoginTimeout(1);
            assertThatThrownBy(dataSource::getConnection).isInstanceOf(SQLException.class);
            assertThat(server.seen).contains("connected");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "jdbc:postgresql://pg.default/shop, pg.default, 5432",
        "jdbc:postgresql://pg.default:6432/shop?ssl=true, pg.default, 6432",
        "jdbc:postgresql:shop, localhost, 5432",
        "jdbc:postgresql:/, localhost, 5432",
        "jdbc:postgresql:///shop, localhost, 5432",
        "'jdbc:postgresql://[fd00::1]:6432/shop', fd00::1, 6432",
        "'jdbc:postgresql://[::1]/shop', ::1, 5432",
        "jdbc:mysql://db, db, 3306",
        "jdbc:mysql://ann:secret@db:3307/shop, db, 3307",
        "jdbc:mysql://db/shop?permitMysqlScheme, db, 3306",
        "jdbc:mariadb://db.prod:3308/shop, db.prod, 3308"
    })
    void host_and_port_come_from_the_url(String url, String host, int port) {
        DriverTemplate template = template(url);
        assertThat(template.host()).isEqualTo(host);
        assertThat(template.port()).isEqualTo(port);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jdbc:postgresql://a,b/shop",
                "jdbc:postgresql://a:5432,b:5432/shop?targetServerType=any",
                "jdbc:mysql://a,b/shop",
                "jdbc:mysql:loadbalance://a,b/shop",
                "jdbc:mysql:replication://a,b/shop",
                "jdbc:mysql+srv://a/shop",
                "jdbc:mysql://address=(host=a)(port=1)/shop",
                "jdbc:mysql://(host=a,port=1)/shop",
                "jdbc:mysql://[a,b]/shop",
                "jdbc:mysql://db/shop?dnsSrv=true",
                "jdbc:mysql://db/shop?socketFactory=com.mysql.cj.protocol.NamedPipeSocketFactory",
                "jdbc:mariadb:sequential://a,b/shop",
                "jdbc:mariadb:loadbalance://a/shop",
                "jdbc:mariadb:replication://a,b/shop",
                "jdbc:mariadb://db/shop?localSocket=/run/db.sock",
                "jdbc:postgresql://db/shop?socketFactory=org.newsclub.net.unix.AFUNIXSocketFactory$FactoryArg",
                "jdbc:aws-wrapper:postgresql://db/shop",
                "jdbc:sqlserver://db;databaseName=shop",
                "jdbc:oracle:thin:@//db:1521/shop"
            })
    void a_url_that_cannot_be_led_to_an_endpoint_is_refused_with_advice(String url) {
        assertThatThrownBy(() -> template(url))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("EvenkeelDataSource.builder()");
    }

    @Test
    void a_refusal_shows_no_password() {
        assertThatThrownBy(() -> template("jdbc:mysql://ann:secret@a,b/shop?password=secret"))
                .message()
                .contains("jdbc:mysql://...@a,b/shop?...")
                .doesNotContain("secret");
    }

    @Test
    void other_sources_of_connections_are_refused_with_advice() {
        DataSource opaque = (DataSource) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, args) -> null);
        assertRefused(config -> config.setDataSource(opaque), "dataSource: ");
        assertRefused(config -> config.setDataSourceJNDI("java:comp/env/db"), "dataSourceJNDI: java:comp/env/db");
        assertRefused(
                config -> config.setDataSourceClassName("org.postgresql.xa.PGXADataSource"),
                "dataSourceClassName: org.postgresql.xa.PGXADataSource (expected: not an XA data source");
        assertRefused(
                config -> config.setDataSourceClassName("com.microsoft.sqlserver.jdbc.SQLServerDataSource"),
                "dataSourceClassName: com.microsoft");
        assertRefused(
                config -> {
                    config.setJdbcUrl("jdbc:postgresql://db/shop");
                    config.setDriverClassName("org.h2.Driver");
                },
                "driverClassName: org.h2.Driver");
        assertRefused(
                config -> {
                    config.setJdbcUrl("jdbc:postgresql://db/shop");
                    config.addDataSourceProperty("socketFactory", "mine");
                },
                "socketfactory: ");
        assertRefused(config -> {}, "jdbcUrl: null");
    }

    private static void assertRefused(Consumer<HikariConfig> change, String message) {
        HikariConfig config = new HikariConfig(new Properties());
        try {
            change.accept(config);
        } catch (RuntimeException e) {
            // HikariCP loads a driver class when it is told of it, and goes no further where there is none
            assertThat(e).hasMessageContaining("org.h2.Driver");
            return;
        }
        assertThatThrownBy(() -> DriverTemplate.from(config))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(message);
    }

    @Test
    void the_data_source_says_where_it_leads() {
        DataSource dataSource = template("jdbc:postgresql://pg.default/shop?password=secret")
                .dataSource(Endpoint.of("pg-0", "10.0.0.1", 5432), NOBODY);
        assertThat(dataSource).hasToString("jdbc:postgresql://pg.default/shop?... at pg-0@10.0.0.1:5432");
    }

    private static String postgresUrl() {
        return "jdbc:postgresql://" + NOWHERE + "/shop?assumeMinServerVersion=18";
    }

    @ParameterizedTest
    @CsvSource({
        "jdbc:postgresql://pg:5432/shop?password=s, jdbc:postgresql://pg:5432/shop?...",
        "jdbc:mysql://ann:s@db:3306/shop, jdbc:mysql://...@db:3306/shop",
        "jdbc:mysql://ann:s@t@db/shop?x=y, jdbc:mysql://...@db/shop?...",
        "jdbc:mysql://ann:s?t@db/shop, jdbc:mysql://...",
        "jdbc:postgresql://pg/shop?password=s@t, jdbc:postgresql://...",
        "jdbc:oracle:thin:ann/s@db:1521/shop, jdbc:oracle:...@db:1521/shop",
        "jdbc:sqlserver://db;user=ann;password=s, jdbc:sqlserver://db;...",
        "jdbc:mysql:replication://ann:s@db/shop, jdbc:mysql:...@db/shop",
        "postgresql, postgresql"
    })
    void a_url_is_shown_without_what_may_be_a_password(String url, String shown) {
        assertThat(JdbcUrl.shown(url)).isEqualTo(shown);
    }

    private static DriverTemplate template(String url) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        return DriverTemplate.from(config);
    }

    private static Connection connect(DriverTemplate template, Endpoint endpoint, Supplier<Credentials> credentials)
            throws SQLException {
        return template.dataSource(endpoint, credentials).getConnection();
    }
}
