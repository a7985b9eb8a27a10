package io.evenkeel.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.jdbc.driver.FakeDatabase;
import io.evenkeel.status.EndpointStatus;
import io.evenkeel.status.PoolStatus;
import io.evenkeel.watch.SourceHealth;
import io.evenkeel.watch.WatcherConfig;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.management.ManagementFactory;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.management.ObjectName;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** End to end, with a database in memory for each "Pod". */
@Timeout(60)
class EvenkeelDataSourceTest {
    private static final String TARGET = "static:///127.0.0.1:1,127.0.0.1:2,127.0.0.1:3";
    private static final int SIZE = 6;

    private final String name = "test-" + UUID.randomUUID();
    private final CountDownLatch filled = new CountDownLatch(SIZE);

    @Test
    void connections_are_spread_evenly_and_lead_where_they_say() throws Exception {
        try (EvenkeelDataSource dataSource = builder().build()) {
            assertThat(filled.await(30, TimeUnit.SECONDS))
                    .as("%d connections", SIZE)
                    .isTrue();
            List<Connection> all = new ArrayList<>();
            Map<String, Integer> databases = new TreeMap<>();
            for (int i = 0; i < SIZE; i++) {
                Connection connection = dataSource.getConnection();
                all.add(connection);
                databases.merge(databaseOf(connection), 1, Integer::sum);
            }
            assertThat(databases.values()).as("%s", databases).containsExactly(2, 2, 2);
            for (Connection connection : all) {
                connection.close();
            }
        }
    }

    @Test
    void the_pod_of_a_connection_is_known_while_it_is_in_use_and_afterwards() throws Exception {
        try (EvenkeelDataSource dataSource = builder().build()) {
            Connection used = first(dataSource);
            String busy = dataSource.status().endpoints().stream()
                    .filter(pod -> pod.inUse() == 1)
                    .map(pod -> pod.endpoint().identity())
                    .findFirst()
                    .orElseThrow();
            assertThat(EvenkeelDataSource.endpointOf(used).orElseThrow().identity())
                    .isEqualTo(busy);
            Connection foreign = used.unwrap(org.h2.jdbc.JdbcConnection.class);
            assertThat(EvenkeelDataSource.endpointOf(foreign)).isEmpty();
            used.close();
            assertThat(EvenkeelDataSource.endpointOf(used).orElseThrow().identity())
                    .isEqualTo(busy);
        }
    }

    @Test
    void the_status_counts_every_endpoint() throws Exception {
        try (EvenkeelDataSource dataSource = builder().build()) {
            assertThat(filled.await(30, TimeUnit.SECONDS)).isTrue();
            try (Connection used = dataSource.getConnection()) {
                PoolStatus status = dataSource.status();
                assertThat(used.isValid(1)).isTrue();
                assertThat(status.pool()).isEqualTo(name);
                assertThat(status.target()).isEqualTo(TARGET);
                assertThat(status.seats()).isEqualTo(SIZE);
                assertThat(status.source().health()).isEqualTo(SourceHealth.HEALTHY);
                assertThat(status.endpoints()).extracting(EndpointStatus::open).containsExactly(2, 2, 2);
                assertThat(status.endpoints().stream()
                                .mapToInt(EndpointStatus::inUse)
                                .sum())
                        .isEqualTo(1);
                assertThat(status.closed()).isFalse();
            }
        }
    }

    /** Waiting for a first connection would only make the first caller wait twice for the same reason. */
    @Test
    void a_source_that_fails_does_not_hold_up_the_start() {
        HikariConfig config = hikari();
        config.setConnectionTimeout(TimeUnit.MINUTES.toMillis(10));
        try (EvenkeelDataSource dataSource =
                builder().hikari(config).target("file:///nowhere/pods.json").build()) {
            assertThat(dataSource.status().source().lastFailure()).contains("/nowhere/pods.json: does not exist");
        }
    }

    @Test
    void when_all_are_in_use_the_message_has_the_counts() throws Exception {
        HikariConfig config = hikari();
        config.setMaximumPoolSize(1);
        config.setConnectionTimeout(250);
        try (EvenkeelDataSource dataSource = builder().hikari(config).build();
                Connection used = first(dataSource)) {
            assertThat(used.isClosed()).isFalse();
            assertThatThrownBy(dataSource::getConnection)
                    .isInstanceOf(SQLTransientConnectionException.class)
                    .hasMessageContaining(name)
                    .hasMessageContaining("127.0.0.1:")
                    .hasMessageContaining("maximumPoolSize");
        }
    }

    /** The first one may take longer than a short time-out, since building does not wait for it. */
    private static Connection first(DataSource dataSource) throws SQLException {
        for (int attempt = 0; ; attempt++) {
            try {
                return dataSource.getConnection();
            } catch (SQLTransientConnectionException e) {
                if (attempt == 20) {
                    throw e;
                }
            }
        }
    }

    @Test
    void a_returned_connection_is_lent_again_and_its_old_handle_stays_closed() throws Exception {
        HikariConfig config = hikari();
        config.setMaximumPoolSize(1);
        try (EvenkeelDataSource dataSource = builder().hikari(config).build()) {
            Connection first = dataSource.getConnection();
            org.h2.jdbc.JdbcConnection physical = first.unwrap(org.h2.jdbc.JdbcConnection.class);
            first.close();
            try (Connection second = dataSource.getConnection()) {
                assertThat(second.unwrap(org.h2.jdbc.JdbcConnection.class)).isSameAs(physical);
                assertThat(second).isNotEqualTo(first);
                assertThat(first.isClosed()).isTrue();
                first.close();
                assertThat(second.isValid(1)).isTrue();
            }
        }
    }

    @Test
    void what_a_user_left_behind_is_not_seen_by_the_next() throws Exception {
        HikariConfig config = hikari();
        config.setMaximumPoolSize(1);
        try (EvenkeelDataSource dataSource = builder().hikari(config).build()) {
            try (Connection one = dataSource.getConnection();
                    var statement = one.createStatement()) {
                statement.execute("create table item(id int)");
                one.setAutoCommit(false);
                statement.execute("insert into item values (1)");
            }
            try (Connection two = dataSource.getConnection();
                    var statement = two.createStatement();
                    ResultSet count = statement.executeQuery("select count(*) from item")) {
                assertThat(two.getAutoCommit()).isTrue();
                count.next();
                assertThat(count.getInt(1)).as("not committed, so rolled back").isZero();
            }
        }
    }

    @Test
    void another_user_is_refused_with_what_to_do_instead() {
        try (EvenkeelDataSource dataSource = builder().build()) {
            assertThatThrownBy(() -> dataSource.getConnection("ann", "secret"))
                    .isInstanceOf(SQLFeatureNotSupportedException.class)
                    .hasMessageContaining(name)
                    .hasMessageContaining("getConnection()")
                    .message()
                    .doesNotContain("secret");
        }
    }

    @Test
    void it_unwraps_to_itself_only() throws Exception {
        try (EvenkeelDataSource dataSource = builder().build()) {
            assertThat(dataSource.isWrapperFor(EvenkeelDataSource.class)).isTrue();
            assertThat(dataSource.unwrap(DataSource.class)).isSameAs(dataSource);
            assertThat(dataSource.isWrapperFor(HikariDataSource.class)).isFalse();
            assertThatThrownBy(() -> dataSource.unwrap(HikariDataSource.class))
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("HikariDataSource");
        }
    }

    @Test
    void the_log_writer_is_kept() throws Exception {
        PrintWriter writer = new PrintWriter(new StringWriter());
        try (EvenkeelDataSource dataSource = builder().build()) {
            assertThat(dataSource.getLogWriter()).isNull();
            dataSource.setLogWriter(writer);
            assertThat(dataSource.getLogWriter()).isSameAs(writer);
        }
    }

    @Test
    void closed_it_refuses_and_leaves_no_thread() throws Exception {
        EvenkeelDataSource dataSource = builder().build();
        dataSource.getConnection().close();
        assertThat(Threads.named(name)).isNotEmpty();
        dataSource.close();
        assertThat(Threads.leftBehind(name)).isEmpty();
        assertThat(dataSource.isClosed()).isTrue();
        assertThatThrownBy(dataSource::getConnection)
                .isInstanceOf(SQLException.class)
                .hasMessageContaining(name)
                .hasMessageContaining("closed");
        dataSource.close();
        assertThat(dataSource).hasToString("EvenkeelDataSource[" + name + ", closed]");
    }

    @Test
    void close_waits_for_a_connection_in_use() throws Exception {
        EvenkeelDataSource dataSource =
                builder().closeTimeout(Duration.ofSeconds(30)).build();
        Connection used = dataSource.getConnection();
        Thread closing = new Thread(dataSource::close, "closing");
        closing.start();
        while (closing.isAlive() && !refuses(dataSource)) {
            Thread.onSpinWait();
        }
        assertThat(closing.isAlive()).as("waits for its user").isTrue();
        assertThat(used.isValid(1)).isTrue();
        used.close();
        closing.join(20_000);
        assertThat(closing.isAlive()).isFalse();
        assertThat(Threads.leftBehind(name)).isEmpty();
    }

    private static boolean refuses(DataSource dataSource) {
        try (Connection connection = dataSource.getConnection()) {
            return connection.isClosed();
        } catch (SQLException e) {
            return true;
        }
    }

    @Test
    void closing_while_it_is_being_filled_neither_waits_nor_aborts_nor_leaves_a_thread() throws Exception {
        for (int round = 0; round < 50; round++) {
            CountDownLatch opened = new CountDownLatch(round % SIZE);
            EvenkeelDataSource dataSource = builder()
                    .listener(event -> {
                        if (event instanceof EvenkeelEvent.ConnectionOpened) {
                            opened.countDown();
                        }
                    })
                    .closeTimeout(Duration.ofSeconds(20))
                    .build();
            while (opened.getCount() > 0) {
                Thread.onSpinWait();
            }
            dataSource.close();
            assertThat(Threads.leftBehind(name)).as("round %d", round).isEmpty();
        }
    }

    @Test
    void jmx_shows_it_until_it_is_closed() throws Exception {
        ObjectName names = new ObjectName("io.evenkeel:name=\"" + name + "\",*");
        var server = ManagementFactory.getPlatformMBeanServer();
        try (EvenkeelDataSource dataSource = builder().jmx(true).build()) {
            ObjectName shown = server.queryNames(names, null).iterator().next();
            assertThat(server.getAttribute(shown, "Seats"))
                    .isEqualTo(dataSource.status().seats());
        }
        assertThat(server.queryNames(names, null)).isEmpty();
        try (EvenkeelDataSource hidden = builder().build()) {
            assertThat(server.queryNames(names, null)).as("%s", hidden).isEmpty();
        }
    }

    @Test
    void wrap_takes_the_settings_over_and_closes_the_pool() throws Exception {
        try (FakeDatabase server = new FakeDatabase.Postgres("127.0.0.1")) {
            HikariDataSource hikari = new HikariDataSource(postgres());
            try (EvenkeelDataSource dataSource = EvenkeelDataSource.wrap(
                    hikari, "static:///" + server.endpoint().address())) {
                assertThat(hikari.isClosed()).isTrue();
                assertThat(dataSource.name()).isEqualTo(name);
                assertThat(dataSource.config().getMaximumPoolSize()).isEqualTo(4);
                assertThat(dataSource.status().seats()).isEqualTo(4);
            }
        }
        assertThat(Threads.leftBehind(name)).isEmpty();
    }

    @Test
    void wrap_derives_the_target_from_the_url() {
        HikariDataSource hikari = new HikariDataSource();
        postgres().copyStateTo(hikari);
        try (EvenkeelDataSource dataSource = EvenkeelDataSource.wrap(hikari)) {
            assertThat(dataSource.status().target()).isEqualTo("static:///127.0.0.1:1");
        }
    }

    @Test
    void wrap_that_is_refused_leaves_the_pool_alone() throws Exception {
        HikariConfig config = hikari();
        config.setJdbcUrl("jdbc:h2:mem:" + name);
        try (HikariDataSource hikari = new HikariDataSource(config)) {
            assertThatThrownBy(() -> EvenkeelDataSource.wrap(hikari))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("jdbcUrl: jdbc:h2:mem:");
            assertThat(hikari.isClosed()).isFalse();
            hikari.getConnection().close();
        }
    }

    private HikariConfig postgres() {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:postgresql://127.0.0.1:1/shop?assumeMinServerVersion=18");
        config.setPoolName(name);
        config.setMaximumPoolSize(4);
        config.setMinimumIdle(0);
        config.setInitializationFailTimeout(-1);
        return config;
    }

    private HikariConfig hikari() {
        HikariConfig config = new HikariConfig();
        config.setMaximumPoolSize(SIZE);
        return config;
    }

    private EvenkeelDataSourceBuilder builder() {
        return EvenkeelDataSource.builder()
                .name(name)
                .hikari(hikari())
                .target(TARGET)
                .connections(endpoint -> database(endpoint.port()))
                .watch(WatcherConfig.builder()
                        .settle(Duration.ZERO)
                        .settleMax(Duration.ZERO)
                        .build())
                .listener(event -> {
                    if (event instanceof EvenkeelEvent.ConnectionOpened) {
                        filled.countDown();
                    }
                })
                .closeTimeout(Duration.ofSeconds(5))
                .jmx(false);
    }

    private DataSource database(int number) {
        JdbcDataSource h2 = new JdbcDataSource();
        h2.setURL("jdbc:h2:mem:" + name + "-" + number + ";DB_CLOSE_DELAY=-1");
        return h2;
    }

    private static String databaseOf(Connection connection) throws SQLException {
        return connection.getMetaData().getURL();
    }
}
