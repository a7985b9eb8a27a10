package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.evenkeel.demo.postgres.PostgresPods;
import io.evenkeel.demo.postgres.PostgresServer;
import io.evenkeel.jdbc.EvenkeelDataSource;
import io.evenkeel.jdbc.EvenkeelDataSourceBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.ds.PGSimpleDataSource;
import org.postgresql.xa.PGXADataSource;

/**
 * The mistakes that users make, on real servers, and what each is answered with: the cause and what to change, in the message of
 * the exception that the caller sees.
 */
@RequiresPostgres
class MistakeMessagesIT {
    private static final String URL = "jdbc:postgresql://pg.default:5432/postgres";

    /** Nothing listens there. */
    private static final String DEAD = "127.0.1.250:5432";

    /** The table of what each mistake was answered with before, and is now. */
    private static final Path TABLE = Path.of("..", "docs", "adr", "0023-causes.md");

    private static final Pattern ROW = Pattern.compile("(?m)^\\| (\\d\\d) .* \\| ([^|]+) \\| [\\d.]+ \\|$");

    /**
     * Rows whose text depends on the machine (its resolver, what listens on localhost, what its network does with an
     * unknown address) or on the modules beside this test: those are held by their fragments alone.
     */
    private static final Set<String> OF_THE_MACHINE = Set.of("09", "10", "11", "13", "34");

    @TempDir
    private static Path directory;

    private static PostgresPods pods;
    private static String one;
    private static String two;

    /** What a caller does, and what the message of its exception has to say; nothing when it has to work. */
    record Mistake(String name, Attempt attempt, List<String> fragments) {
        /** Its number in the table; a mistake beside the table has a letter behind its number. */
        String number() {
            return name.substring(0, name.indexOf(' '));
        }

        @Override
        public String toString() {
            return name;
        }
    }

    interface Attempt {
        void run() throws Exception;
    }

    @BeforeAll
    static void start() throws IOException {
        pods = PostgresPods.create();
        one = address(pods.start("pg-0"));
        two = address(pods.start("pg-1"));
    }

    @AfterAll
    static void stop() {
        if (pods != null) {
            pods.close();
        }
    }

    private static String address(PostgresServer server) {
        return server.host() + ":" + server.port();
    }

    private static HikariConfig hikari(Consumer<HikariConfig> change) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(URL);
        config.setUsername(PostgresPods.USER);
        config.setPassword(pods.password());
        config.setMaximumPoolSize(6);
        config.setConnectionTimeout(2_000);
        change.accept(config);
        return config;
    }

    private static EvenkeelDataSourceBuilder builder(Consumer<HikariConfig> change) {
        return EvenkeelDataSource.builder().hikari(hikari(change)).closeTimeout(Duration.ZERO);
    }

    private static EvenkeelDataSourceBuilder at(String target) {
        return builder(config -> {}).target(target);
    }

    private static EvenkeelDataSourceBuilder with(Consumer<HikariConfig> change) {
        return builder(change).target("static:///" + one);
    }

    private static EvenkeelDataSourceBuilder url(String url) {
        return with(config -> config.setJdbcUrl(url));
    }

    private static void use(EvenkeelDataSourceBuilder builder) throws SQLException {
        try (EvenkeelDataSource dataSource = builder.build();
                Connection connection = dataSource.getConnection()) {
            assertThat(connection.isValid(2)).isTrue();
        }
    }

    private static Attempt target(String target) {
        return () -> use(at(target));
    }

    private static Attempt file(String name, String content) {
        return () -> {
            Path file = Files.writeString(directory.resolve(name), content);
            use(at("file://" + file));
        };
    }

    private static Mistake mistake(String name, Attempt attempt, String... fragments) {
        return new Mistake(name, attempt, List.of(fragments));
    }

    static Stream<Mistake> mistakes() {
        List<Mistake> mistakes = new ArrayList<>();
        mistakes.addAll(ofServers());
        mistakes.addAll(ofTargets());
        mistakes.addAll(ofFiles());
        mistakes.addAll(ofTemplates());
        mistakes.addAll(ofSettings());
        mistakes.addAll(ofCallers());
        return mistakes.stream();
    }

    private static List<Mistake> ofServers() {
        return List.of(
                mistake(
                        "01 wrong host",
                        () -> use(at("static:///" + DEAD)),
                        "Pool 127.0.1.250: no connection within",
                        "endpoints cannot be reached",
                        "ConnectException: Connection refused",
                        "check that the Pods run and listen on that port"),
                mistake(
                        "02 wrong port",
                        () -> use(at("static:///" + one.replaceAll(":.*", ":1"))),
                        "endpoints cannot be reached",
                        "127.0.1.1:1",
                        "check that the Pods run and listen on that port"),
                mistake(
                        "03 no such database",
                        () -> use(url("jdbc:postgresql://pg.default:5432/nosuch")),
                        "database \"nosuch\" does not exist",
                        "check its name and the user's rights"),
                mistake(
                        "04 wrong user",
                        () -> use(with(config -> config.setUsername("stranger"))),
                        "authentication is refused",
                        "user \"stranger\"",
                        "check the user name and the password"),
                mistake(
                        "04b wrong password",
                        () -> use(with(config -> config.setPassword("wrong"))),
                        "authentication is refused",
                        "user \"app\"",
                        "check the user name and the password"),
                mistake(
                        "34 a server that never answers",
                        MistakeMessagesIT::useOfSilentServer,
                        "no connection within 250 ms: connections are still being established",
                        "allow more time"),
                mistake("38 one of two down at the start", MistakeMessagesIT::useOfOneOfTwo),
                mistake(
                        "39 connectionInitSql",
                        () -> use(with(c -> c.setConnectionInitSql("selekt 1"))),
                        "the initial statement of each connection fails",
                        "syntax error at or near \"selekt\"",
                        "correct connectionInitSql"),
                mistake("40b schema", () -> use(with(config -> config.setSchema("nosuch")))),
                mistake(
                        "44 TLS that the server does not have",
                        () -> use(url(URL + "?sslmode=verify-full")),
                        "the server rejects the connection",
                        "The server does not support SSL",
                        "see in its message what it expects"));
    }

    private static List<Mistake> ofTargets() {
        return List.of(
                mistake(
                        "05 scheme",
                        target("stattic:///127.0.0.1:5432"),
                        "target: \"stattic:///127.0.0.1:5432\" has the scheme \"stattic\"",
                        "(expected: one of [",
                        "add the module that provides it"),
                mistake(
                        "06 two slashes",
                        target("static://127.0.0.1:5432"),
                        "target: \"static://127.0.0.1:5432\"",
                        "(expected: scheme:///what, such as static:///"),
                mistake(
                        "07 static without a port",
                        target("static:///127.0.0.1"),
                        "address: \"127.0.0.1\"",
                        "(expected: a port from 1 to 65535"),
                mistake(
                        "08 no scheme",
                        target("127.0.0.1:5432"),
                        "target: \"127.0.0.1:5432\"",
                        "(expected: scheme:///what, such as static:///"),
                mistake(
                        "09 k8s without its module",
                        target("k8s:///pg.default:5432"),
                        "The source k8s:///pg.default:5432",
                        "never answered"),
                mistake(
                        "10 derived from the URL, unknown",
                        () -> use(builder(config -> {})),
                        "the source fails",
                        "The source dns:///pg.default:5432",
                        "dns pg.default",
                        "(expected: "),
                mistake(
                        "11 a name that does not exist",
                        target("dns:///no-such-name.invalid:5432"),
                        "the source fails",
                        "dns no-such-name.invalid"),
                mistake(
                        "12 dns without a port",
                        target("dns:///localhost"),
                        "name: \"localhost\"",
                        "(expected: a port from 1 to 65535"),
                mistake(
                        "13 a name of /etc/hosts",
                        target("dns:///localhost:1"),
                        "127.0.0.1:1",
                        "Connection refused",
                        "check that the Pods run"),
                mistake(
                        "22 IPv6 without brackets",
                        target("static:///::1:5432"),
                        "address: \"::1:5432\"",
                        "IPv6 in brackets"),
                mistake(
                        "41 an endpoint twice",
                        () -> use(at("static:///" + one + "," + one)),
                        "stands twice",
                        "(expected: each address once"),
                mistake("42 spaces in a list", () -> use(at("static:///" + one + ", " + two))),
                mistake("47 blank", target(""), "target: \"\"", "(expected: scheme:///what"),
                mistake("49 https", target("https://foo"), "target: \"https://foo\"", "(expected: scheme:///what"));
    }

    private static List<Mistake> ofFiles() {
        return List.of(
                mistake(
                        "14 missing",
                        target("file:///nowhere/pg.json"),
                        "file /nowhere/pg.json: does not exist (expected: a JSON file with \"endpoints\")"),
                mistake(
                        "15 empty",
                        file("empty.json", ""),
                        "empty.json: $: nothing (expected: an object with \"endpoints\")"),
                mistake(
                        "16 broken",
                        file("broken.json", "{\"endpoints\": [{\"host\": \"127.0.0.1\", \"port\": 1}"),
                        "broken.json: not valid JSON: End of input at line 1 column"),
                mistake(
                        "17 field",
                        file("field.json", "{\"endpoints\": [{\"host\": \"127.0.0.1\", \"prt\": 1}]}"),
                        "endpoints[0].port: nothing (expected: a whole number from 1 to 65535)"),
                mistake(
                        "18 a bare list",
                        file("list.json", "[{\"host\": \"127.0.0.1\", \"port\": 5432}]"),
                        "list.json: $: [",
                        "(expected: an object with \"endpoints\")"));
    }

    private static List<Mistake> ofTemplates() {
        return List.of(
                mistake(
                        "19 several hosts",
                        () -> use(builder(c -> c.setJdbcUrl("jdbc:postgresql://a:5432,b:5432/app"))),
                        "jdbcUrl: jdbc:postgresql://a:5432,b:5432/app",
                        "(expected: one host, the Service's"),
                mistake(
                        "20 an XA data source",
                        () -> use(template(config -> config.setDataSourceClassName(PGXADataSource.class.getName()))),
                        "dataSourceClassName: org.postgresql.xa.PGXADataSource",
                        "(expected: not an XA data source"),
                mistake(
                        "21 a data source without a URL",
                        () -> use(template(config -> config.setDataSource(new PGSimpleDataSource()))),
                        "dataSource: org.postgresql.ds.PGSimpleDataSource",
                        "(expected: a URL",
                        "set jdbcUrl"),
                mistake(
                        "23 a driver without servers",
                        () -> use(url("jdbc:h2:mem:x")),
                        "jdbcUrl: jdbc:h2:mem:x",
                        "(expected: jdbc:postgresql:, jdbc:mysql: or jdbc:mariadb:"),
                mistake(
                        "30 a socketFactory",
                        () -> use(url(URL + "?socketFactory=foo")),
                        "socketfactory: set in jdbc:postgresql://pg.default:5432",
                        "(expected: not set"),
                mistake("31 targetServerType", () -> use(url(URL + "?targetServerType=primary&loadBalanceHosts=true"))),
                mistake(
                        "32 none",
                        () -> EvenkeelDataSource.builder()
                                .target("static:///127.0.0.1:1")
                                .build(),
                        "hikari: null",
                        "(expected: a HikariConfig with the URL"),
                mistake(
                        "33 no URL",
                        () -> use(template(config -> {}).target("static:///127.0.0.1:1")),
                        "jdbcUrl: null",
                        "(expected: a URL, such as jdbc:postgresql://"),
                mistake(
                        "48 another URL's driver",
                        () -> use(with(config -> config.setDriverClassName("org.mariadb.jdbc.Driver"))),
                        "jdbcUrl: jdbc:postgresql://pg.default:5432",
                        "(expected: one that org.mariadb.jdbc.Driver accepts; correct driverClassName"));
    }

    private static EvenkeelDataSourceBuilder template(Consumer<HikariConfig> change) {
        HikariConfig config = new HikariConfig();
        change.accept(config);
        return EvenkeelDataSource.builder().hikari(config);
    }

    private static List<Mistake> ofSettings() {
        return List.of(
                mistake(
                        "24 fewer connections than Pods",
                        () -> use(builder(c -> c.setMaximumPoolSize(1)).target("static:///" + one + "," + two))),
                mistake(
                        "35 moveWindow",
                        () -> at("static:///" + one).moveWindow(Duration.ofSeconds(-1)),
                        "moveWindow: PT-1S (expected: zero or more"),
                mistake("36 surge", () -> at("static:///" + one).surge(5), "surge: 5 (expected: 0 or 1)"),
                mistake(
                        "40 isolation",
                        () -> use(with(c -> c.setTransactionIsolation("TRANSACTION_FOO"))),
                        "transactionIsolation: TRANSACTION_FOO (expected: a constant of java.sql.Connection"));
    }

    private static List<Mistake> ofCallers() {
        return List.of(
                mistake(
                        "25 exhausted",
                        MistakeMessagesIT::exhaust,
                        "all connections are in use",
                        "return connections sooner, or raise maximumPoolSize (2) or connectionTimeout (2000 ms)",
                        "2 of 2 connections open, 2 in use"),
                mistake("26 leak detection", MistakeMessagesIT::holdLongerThanTheThreshold),
                mistake(
                        "27 a closed pool",
                        MistakeMessagesIT::useOfClosed,
                        "Pool 127.0.1.1: the pool is closed; ask for connections before close()"),
                mistake(
                        "28 closed beneath its user",
                        MistakeMessagesIT::closeBeneathUser,
                        "This connection has been closed"),
                mistake(
                        "29 a closed connection",
                        MistakeMessagesIT::useOfClosedConnection,
                        "connection is closed (pool 127.0.1.1, endpoint 127.0.1.1:"),
                mistake(
                        "37 wrap of a pool in use",
                        MistakeMessagesIT::wrapInUse,
                        "has 1 connections in use (expected: none",
                        "wrap it before its first use"),
                mistake("43 two of one name", MistakeMessagesIT::twoOfOneName),
                mistake(
                        "45 getConnection(user, password)",
                        MistakeMessagesIT::otherUser,
                        "getConnection(user, password) (expected: getConnection()",
                        "one EvenkeelDataSource per user"),
                mistake(
                        "46 unwrap",
                        MistakeMessagesIT::unwrapHikari,
                        "unwrap to com.zaxxer.hikari.HikariDataSource (expected: EvenkeelDataSource or HikariPoolMXBean"));
    }

    private static void useOfSilentServer() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getByName("127.0.1.250"))) {
            use(builder(config -> config.setConnectionTimeout(250))
                    .target("static:///127.0.1.250:" + silent.getLocalPort()));
        }
    }

    private static void useOfOneOfTwo() throws SQLException {
        try (EvenkeelDataSource dataSource = at("static:///" + one + "," + DEAD).build()) {
            for (int i = 0; i < 10; i++) {
                dataSource.getConnection().close();
            }
            assertThat(dataSource.status().toString()).doesNotContain("Lambda");
        }
    }

    private static void exhaust() throws SQLException {
        try (EvenkeelDataSource dataSource =
                        with(config -> config.setMaximumPoolSize(2)).build();
                Connection first = dataSource.getConnection();
                Connection second = dataSource.getConnection()) {
            assertThat(first).isNotSameAs(second);
            dataSource.getConnection();
        }
    }

    private static void holdLongerThanTheThreshold() throws Exception {
        try (EvenkeelDataSource dataSource =
                        with(config -> config.setLeakDetectionThreshold(2_000)).build();
                Connection connection = dataSource.getConnection()) {
            Thread.sleep(2_300);
            assertThat(connection.isValid(1)).isTrue();
        }
    }

    private static void useOfClosed() throws SQLException {
        EvenkeelDataSource dataSource = at("static:///" + one).build();
        dataSource.close();
        dataSource.getConnection();
    }

    private static void closeBeneathUser() throws SQLException {
        EvenkeelDataSource dataSource = at("static:///" + one).build();
        Connection connection = dataSource.getConnection();
        dataSource.close();
        connection.createStatement().execute("select 1");
    }

    private static void useOfClosedConnection() throws SQLException {
        try (EvenkeelDataSource dataSource = at("static:///" + one).build()) {
            Connection connection = dataSource.getConnection();
            connection.close();
            connection.createStatement();
        }
    }

    private static void wrapInUse() throws SQLException {
        try (HikariDataSource running = new HikariDataSource(
                        hikari(config -> config.setJdbcUrl("jdbc:postgresql://" + one + "/" + PostgresPods.DATABASE)));
                Connection connection = running.getConnection()) {
            assertThat(connection.isValid(1)).isTrue();
            EvenkeelDataSource.wrap(running);
        }
    }

    private static void twoOfOneName() throws SQLException {
        try (EvenkeelDataSource first = at("static:///" + one).build();
                EvenkeelDataSource second = at("static:///" + one).build()) {
            first.getConnection().close();
            second.getConnection().close();
        }
    }

    private static void otherUser() throws SQLException {
        try (EvenkeelDataSource dataSource = at("static:///" + one).build()) {
            dataSource.getConnection("app", "x");
        }
    }

    private static void unwrapHikari() throws SQLException {
        try (EvenkeelDataSource dataSource = at("static:///" + one).build()) {
            dataSource.unwrap(HikariDataSource.class);
        }
    }

    /** By its number, the parts of what the table says that a mistake is answered with: none if there is no error. */
    private static Map<String, List<String>> table() throws IOException {
        Map<String, List<String>> answers = new TreeMap<>();
        Matcher rows = ROW.matcher(Files.readString(TABLE));
        while (rows.find()) {
            String answer = rows.group(2);
            List<String> parts = answer.equals("no error")
                    ? List.of()
                    : List.of(answer.substring(1, answer.length() - 1).split("…"));
            assertThat(answers.put(rows.group(1), parts))
                    .as("row %s stands once", rows.group(1))
                    .isNull();
        }
        return answers;
    }

    @Test
    void every_row_of_the_table_is_a_mistake_made_here() throws IOException {
        assertThat(table()).hasSize(49);
        assertThat(mistakes().map(Mistake::number).filter(number -> number.length() == 2))
                .containsExactlyInAnyOrderElementsOf(table().keySet());
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void a_mistake_is_answered_with_its_cause_and_what_to_change(Mistake mistake) throws IOException {
        List<String> row = OF_THE_MACHINE.contains(mistake.number()) ? null : table().get(mistake.number());
        Throwable failure = catchThrowable(mistake.attempt()::run);
        if (mistake.fragments().isEmpty()) {
            assertThat(failure).isNull();
            assertThat(row == null ? List.of() : row).as("the row of the table").isEmpty();
            return;
        }
        assertThat(failure).isNotNull();
        assertThat(failure.getMessage()).contains(mistake.fragments());
        if (row != null) {
            assertThat(row).as("the row of the table").isNotEmpty();
            assertThat(failure.getMessage()).containsSubsequence(row);
        }
        boolean exhausted = mistake.name().startsWith("25");
        for (Throwable each = failure; each != null; each = each.getCause()) {
            assertThat(String.valueOf(each.getMessage()))
                    .as("the message of %s", each.getClass())
                    .doesNotContain("$$Lambda", "Lambda/0x", "io.evenkeel.jdbc.pool", "io.evenkeel.jdbc.handle");
            assertThat(String.valueOf(each.getMessage()).contains("raise maximumPoolSize"))
                    .as("advice to raise maximumPoolSize")
                    .isEqualTo(exhausted);
        }
    }

    @Test
    void a_wrong_initial_statement_is_named_to_each_caller_and_does_not_storm_the_servers() throws Exception {
        try (DataSourceBed bed = DataSourceBed.start("mistakes-init", 2)) {
            HikariConfig config = bed.hikari(6);
            config.setConnectionInitSql("selekt 77");
            config.setConnectionTimeout(2_000);
            config.setInitializationFailTimeout(-1);
            EvenkeelDataSource dataSource = bed.dataSource(config, settings -> {});
            ExecutorService callers = Executors.newFixedThreadPool(8);
            try {
                List<Future<Throwable>> failures = new ArrayList<>();
                for (int i = 0; i < 8 * 3; i++) {
                    failures.add(callers.submit(() -> catchThrowable(dataSource::getConnection)));
                }
                for (Future<Throwable> failure : failures) {
                    assertThat(failure.get())
                            .hasMessageContaining("the initial statement of each connection fails")
                            .hasMessageContaining("syntax error at or near \"selekt\"")
                            .hasMessageContaining("correct connectionInitSql");
                }
            } finally {
                callers.shutdownNow();
            }
            assertThat(dataSource.status().endpoints())
                    .allSatisfy(pod -> assertThat(pod.lastError()).contains("selekt"));
            System.out.println("a wrong connectionInitSql: " + bed.accepted() + " connections in 6 s of 8 callers");
            // Each Pod is ejected after its first failures: HikariCP, too, tries no more than a few times a second.
            assertThat(bed.accepted()).isBetween(1L, 100L);
        }
    }
}
