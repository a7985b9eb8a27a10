package io.evenkeel.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.jdbc.handle.FailureCauses;
import io.evenkeel.jdbc.handle.InitSqlException;
import io.evenkeel.status.FailureCause;
import java.net.ConnectException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Function;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class NoConnectionExceptionTest {

    private static final String SECRET = "hunter2";

    private static EvenkeelDataSource dataSource(Pooling pooling, Function<Endpoint, DataSource> connections) {
        HikariConfig hikari = new HikariConfig();
        hikari.setMaximumPoolSize(1);
        hikari.setConnectionTimeout(500);
        hikari.setInitializationFailTimeout(-1);
        hikari.setPassword(SECRET);
        return EvenkeelDataSource.builder()
                .hikari(hikari)
                .pooling(pooling)
                .name("refusing")
                .jmx(false)
                .target("static:///127.0.0.1:5432")
                .connections(connections)
                .build();
    }

    private static DataSource h2() {
        JdbcDataSource h2 = new JdbcDataSource();
        h2.setURL("jdbc:h2:mem:");
        return h2;
    }

    /** As pgjdbc refuses a password, with what a driver may repeat of its properties. */
    private static DataSource refusing(SQLException failure) {
        return (DataSource) java.lang.reflect.Proxy.newProxyInstance(
                NoConnectionExceptionTest.class.getClassLoader(),
                new Class<?>[] {DataSource.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("getConnection")) {
                        throw failure;
                    }
                    return method.getReturnType() == int.class ? 0 : null;
                });
    }

    @ParameterizedTest
    @EnumSource(Pooling.class)
    void a_refused_password_is_named_with_its_pod_and_the_drivers_exception_is_the_cause(Pooling pooling) {
        HikariVersion.assumeCan(pooling);
        SQLException failure = new SQLException("FATAL: password authentication failed; password=" + SECRET, "28P01");
        try (EvenkeelDataSource dataSource = dataSource(pooling, endpoint -> refusing(failure))) {
            assertThatThrownBy(() -> afterADial(dataSource))
                    .isInstanceOfSatisfying(NoConnectionException.class, refused -> {
                        assertThat(refused.diagnosis()).isNotNull();
                        assertThat(refused.diagnosis().cause()).isEqualTo(FailureCause.AUTHENTICATION);
                        assertThat((Object) refused.getCause()).isSameAs(failure);
                        assertThat(refused.getMessage())
                                .startsWith("Pool refusing: no connection within 500 ms: authentication is refused"
                                        + " (127.0.0.1:5432: SQLException: FATAL: password authentication failed")
                                .doesNotContain(SECRET)
                                .doesNotContain("left out")
                                .doesNotContain("maximumPoolSize");
                    });
        }
    }

    @ParameterizedTest
    @EnumSource(Pooling.class)
    void a_function_that_throws_is_named_with_its_pod(Pooling pooling) {
        HikariVersion.assumeCan(pooling);
        try (EvenkeelDataSource dataSource = dataSource(pooling, endpoint -> {
            throw new IllegalStateException("no driver for " + endpoint.host());
        })) {
            assertThatThrownBy(() -> afterADial(dataSource))
                    .isInstanceOf(NoConnectionException.class)
                    .hasMessageContaining("127.0.0.1:5432: IllegalStateException: no driver for 127.0.0.1");
        }
    }

    /** However long it takes until the Pod is known and was dialled. */
    private static void afterADial(EvenkeelDataSource dataSource) throws SQLException {
        while (true) {
            try {
                dataSource.getConnection().close();
                return;
            } catch (NoConnectionException refused) {
                if (refused.getMessage().contains("last failure")) {
                    throw refused;
                }
            }
        }
    }

    /** With time enough for the database to be loaded. */
    private static Connection firstOf(EvenkeelDataSource dataSource) throws SQLException {
        dataSource.config().setConnectionTimeout(30_000);
        Connection first = dataSource.getConnection();
        dataSource.config().setConnectionTimeout(500);
        return first;
    }

    @ParameterizedTest
    @EnumSource(Pooling.class)
    void all_in_use_is_an_exhausted_pool(Pooling pooling) throws Exception {
        HikariVersion.assumeCan(pooling);
        try (EvenkeelDataSource dataSource = dataSource(pooling, endpoint -> h2());
                Connection held = firstOf(dataSource)) {
            assertThat(held.isClosed()).isFalse();
            assertThatThrownBy(dataSource::getConnection)
                    .isInstanceOfSatisfying(NoConnectionException.class, refused -> {
                        assertThat(refused.diagnosis().cause()).isEqualTo(FailureCause.POOL_EXHAUSTED);
                        assertThat(refused.getMessage())
                                .contains("raise maximumPoolSize (1) or connectionTimeout (500 ms)");
                    });
        }
    }

    @Test
    void kinds_follow_state_and_code() {
        assertThat(FailureCauses.of(new SQLException("x", "28000"))).isEqualTo(FailureCause.AUTHENTICATION);
        assertThat(FailureCauses.of(new SQLException("x", "3D000"))).isEqualTo(FailureCause.DATABASE_MISSING);
        assertThat(FailureCauses.of(new SQLException("x", "42000", 1049))).isEqualTo(FailureCause.DATABASE_MISSING);
        assertThat(FailureCauses.of(new SQLException("x", "08004", 1040))).isEqualTo(FailureCause.CONNECTION_LIMIT);
        assertThat(FailureCauses.of(new SQLException("x", "53300"))).isEqualTo(FailureCause.CONNECTION_LIMIT);
        assertThat(FailureCauses.of(new SQLException("x", "57P03"))).isEqualTo(FailureCause.NOT_READY);
        assertThat(FailureCauses.of(new SQLException("x", "08001", new ConnectException("refused"))))
                .isEqualTo(FailureCause.UNREACHABLE);
        assertThat(FailureCauses.of(new SQLException("x", "08006"))).isEqualTo(FailureCause.UNREACHABLE);
        assertThat(FailureCauses.of(new SQLException("x", "08004"))).isEqualTo(FailureCause.REJECTED);
        assertThat(FailureCauses.of(new InitSqlException(new SQLException("no such table", "42P01"))))
                .isEqualTo(FailureCause.INIT_SQL);
        assertThat(List.of(FailureCauses.of(new RuntimeException()))).containsExactly(FailureCause.OTHER);
    }
}
