package io.evenkeel.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.spi.SeatPolicy;
import java.time.Duration;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EvenkeelDataSourceBuilderTest {

    @AfterEach
    void nothing_that_was_refused_left_a_thread() throws InterruptedException {
        assertThat(Threads.leftBehind("refused")).isEmpty();
    }

    @Test
    void without_a_template_it_says_what_is_missing() {
        assertRefused(EvenkeelDataSource.builder()::build, "hikari: null");
    }

    @Test
    void with_a_function_a_target_must_be_given() {
        assertRefused(
                () -> EvenkeelDataSource.builder()
                        .hikari(new HikariConfig())
                        .connections(endpoint -> new JdbcDataSource())
                        .build(),
                "target: null");
    }

    @Test
    void an_opaque_data_source_is_refused_with_what_to_do_instead() {
        HikariConfig config = new HikariConfig();
        config.setDataSource(new JdbcDataSource());
        assertThatThrownBy(() -> EvenkeelDataSource.builder().hikari(config).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("org.h2.jdbcx.JdbcDataSource")
                .hasMessageContaining("connections(");
    }

    @Test
    void a_target_that_nobody_understands_is_refused() {
        assertRefused(() -> ready().target("pg.default:5432").build(), "target: \"pg.default:5432\"");
        assertRefused(() -> ready().target("zoo:///pg").build(), "target: \"zoo:///pg\"");
    }

    @Test
    void settings_out_of_their_bounds_are_refused_by_name() {
        assertRefused(builder -> builder.surge(2), "surge: 2");
        assertRefused(builder -> builder.moveWindow(Duration.ofSeconds(-1)), "moveWindow: PT-1S");
        assertRefused(builder -> builder.drainWarnAfter(Duration.ZERO), "drainWarnAfter: PT0S");
        assertRefused(
                builder -> builder.drainSpread(Duration.ofSeconds(60)).drainWarnAfter(Duration.ofSeconds(3)),
                "drainSpread: PT1M");
        assertRefused(builder -> builder.maxConnectionAge(Duration.ofMillis(-5)), "maxConnectionAge: PT-0.005S");
        assertRefused(builder -> builder.slowStart(Duration.ofMillis(-5)), "slowStart: PT-0.005S");
        assertRefused(builder -> builder.clientId(" "), "clientId: \" \"");
        assertRefused(builder -> builder.name(""), "name: \"\"");
        assertRefused(builder -> builder.closeTimeout(Duration.ofSeconds(-1)), "closeTimeout: PT-1S");
    }

    @Test
    void the_name_is_the_builders_else_the_templates() {
        HikariConfig config = new HikariConfig();
        config.setPoolName("from-template");
        try (EvenkeelDataSource named =
                        ready().hikari(config).name("from-builder").build();
                EvenkeelDataSource unnamed = readyWithoutName().hikari(config).build()) {
            assertThat(named.name()).isEqualTo("from-builder");
            assertThat(unnamed.name()).isEqualTo("from-template");
        }
    }

    @Test
    void a_connections_age_is_what_was_set_in_either_way_else_what_the_template_allows() {
        assertThat(age(ready())).isEqualTo(Duration.ofMinutes(24));
        assertThat(age(ready().maxConnectionAge(Duration.ofMinutes(5)))).isEqualTo(Duration.ofMinutes(5));
        assertThat(age(ready().balance(balance -> balance.maxConnectionAge(Duration.ZERO))))
                .isEqualTo(Duration.ZERO);
    }

    private static Duration age(EvenkeelDataSourceBuilder builder) {
        return builder.clientId("client")
                .settings()
                .orMaxConnectionAge(Duration.ofMinutes(24))
                .toConfig(SeatPolicy.budgeted(3))
                .balance()
                .maxConnectionAge();
    }

    @Test
    void later_changes_of_the_template_have_no_effect() {
        HikariConfig config = new HikariConfig();
        config.setMaximumPoolSize(3);
        try (EvenkeelDataSource dataSource = ready().hikari(config).build()) {
            config.setMaximumPoolSize(8);
            config.setPassword("changed");
            assertThat(dataSource.config().getMaximumPoolSize()).isEqualTo(3);
            assertThat(dataSource.status().seats()).isEqualTo(3);
        }
    }

    private static EvenkeelDataSourceBuilder ready() {
        return readyWithoutName().name("refused");
    }

    private static EvenkeelDataSourceBuilder readyWithoutName() {
        JdbcDataSource h2 = new JdbcDataSource();
        h2.setURL("jdbc:h2:mem:");
        return EvenkeelDataSource.builder()
                .hikari(new HikariConfig())
                .connections(endpoint -> h2)
                .jmx(false)
                .target("static:///127.0.0.1:1");
    }

    private static void assertRefused(Consumer<EvenkeelDataSourceBuilder> setting, String message) {
        assertRefused(
                () -> {
                    EvenkeelDataSourceBuilder builder = ready();
                    setting.accept(builder);
                    builder.build();
                },
                message);
    }

    private static void assertRefused(ThrowingCallable attempt, String message) {
        assertThatThrownBy(attempt)
                .as(message)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(message)
                .hasMessageContaining("(expected: ");
    }
}
