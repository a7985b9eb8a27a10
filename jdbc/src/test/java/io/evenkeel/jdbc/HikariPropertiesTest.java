package io.evenkeel.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariConfigMXBean;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import com.zaxxer.hikari.pool.HikariPool;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;
import java.util.TreeSet;
import javax.management.ObjectName;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** docs/hikari.md says of every property of HikariConfig what becomes of it; some of it is tried here. */
@Timeout(60)
class HikariPropertiesTest {
    private static final Path TABLE = Path.of("..", "docs", "hikari.md");

    @Test
    void every_property_of_the_newest_hikari_config_has_a_row_and_no_other_has() throws Exception {
        Set<String> properties = new TreeSet<>();
        for (Method method : HikariConfig.class.getMethods()) {
            if (method.getName().startsWith("set") && method.getParameterCount() == 1) {
                String name = method.getName().substring(3);
                properties.add(Character.toLowerCase(name.charAt(0)) + name.substring(1));
            }
        }
        Set<String> rows = new TreeSet<>();
        for (String line : Files.readAllLines(TABLE)) {
            if (line.startsWith("| `")) {
                rows.add(line.substring(3, line.indexOf('`', 3)));
            }
        }
        assertThat(rows).containsAll(properties);
        assumeTrue(HikariVersion.hasSetter("credentialsProvider"), "HikariCP 5 and 6 have fewer properties");
        assertThat(rows).isEqualTo(properties);
    }

    @Test
    void pools_per_pod_are_refused_where_hikari_is_older_than_7() {
        assumeTrue(!HikariVersion.hasSetter("credentialsProvider"), "HikariCP 7 or newer");
        assertThatThrownBy(
                        () -> builder(config()).pooling(Pooling.HIKARI_PER_POD).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("pooling: HIKARI_PER_POD (expected: SEATS, or HikariCP 7");
    }

    @Test
    void suspension_is_refused_with_the_reason() {
        HikariConfig suspended = config();
        suspended.setAllowPoolSuspension(true);
        assertThatThrownBy(() -> builder(suspended).build())
                .hasMessageContaining("allowPoolSuspension: true (expected: false;");
    }

    @Test
    void an_isolation_that_is_none_is_refused_by_name() {
        HikariConfig config = config();
        config.setTransactionIsolation("TRANSACTION_READ_COMITTED");
        assertThatThrownBy(() -> builder(config).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("transactionIsolation: TRANSACTION_READ_COMITTED");
    }

    @Test
    void building_fails_fast_with_the_real_cause() throws Exception {
        HikariConfig config = config();
        assertThatThrownBy(() ->
                        builder(config).connections(endpoint -> refusing()).build())
                .isInstanceOf(HikariPool.PoolInitializationException.class)
                .hasRootCauseMessage("password authentication failed");
        assertThat(Threads.leftBehind("props")).isEmpty();
    }

    @Test
    void below_zero_building_waits_for_nothing() {
        HikariConfig config = config();
        config.setInitializationFailTimeout(-1);
        try (EvenkeelDataSource dataSource =
                builder(config).connections(endpoint -> refusing()).build()) {
            assertThat(dataSource.isClosed()).isFalse();
        }
    }

    @Test
    void hikaris_beans_are_registered_under_its_names() throws Exception {
        HikariConfig config = config();
        config.setRegisterMbeans(true);
        ObjectName name = new ObjectName("com.zaxxer.hikari:type=Pool (props)");
        var server = ManagementFactory.getPlatformMBeanServer();
        try (EvenkeelDataSource dataSource = builder(config).build();
                Connection used = dataSource.getConnection();
                Connection also = dataSource.getConnection()) {
            assertThat(used.isValid(1) && also.isValid(1)).isTrue();
            assertThat(server.getAttribute(name, "ActiveConnections")).isEqualTo(2);
            assertThat(dataSource.unwrap(HikariPoolMXBean.class).getTotalConnections())
                    .isEqualTo(2);
        }
        assertThat(server.isRegistered(name)).isFalse();
    }

    /** Spring Boot casts what it unwraps by HikariConfigMXBean to HikariDataSource. */
    @Test
    void it_does_not_unwrap_to_the_settings_bean() throws Exception {
        try (EvenkeelDataSource dataSource = builder(config()).build()) {
            assertThat(dataSource.isWrapperFor(HikariConfigMXBean.class)).isFalse();
            assertThat(dataSource.isWrapperFor(HikariDataSource.class)).isFalse();
        }
    }

    @Test
    void a_proxy_that_extends_it_needs_no_pool_of_its_own() throws Exception {
        EvenkeelDataSource proxy = new EvenkeelDataSource() {};
        assertThatThrownBy(proxy::getConnection)
                .isInstanceOf(SQLException.class)
                .hasMessageContaining("no pool");
        proxy.close();
    }

    private static HikariConfig config() {
        HikariConfig config = new HikariConfig();
        config.setMaximumPoolSize(2);
        config.setPoolName("props");
        return config;
    }

    private static EvenkeelDataSourceBuilder builder(HikariConfig config) {
        return EvenkeelDataSource.builder()
                .hikari(config)
                .target("static:///127.0.0.1:1")
                .connections(endpoint -> h2());
    }

    private static DataSource h2() {
        JdbcDataSource made = new JdbcDataSource();
        made.setURL("jdbc:h2:mem:props;DB_CLOSE_DELAY=-1");
        return made;
    }

    private static DataSource refusing() {
        return (DataSource) Proxy.newProxyInstance(
                HikariPropertiesTest.class.getClassLoader(),
                new Class<?>[] {DataSource.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("getConnection")) {
                        throw new SQLException("password authentication failed", "28P01");
                    }
                    return method.getReturnType() == int.class ? 0 : null;
                });
    }
}
