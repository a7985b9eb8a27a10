package io.evenkeel.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.source.HangingSourceProvider;
import java.sql.Connection;
import java.sql.SQLException;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A source whose calls never return holds up neither build nor close, and no other pool. */
@Timeout(60)
class HangingSourceTest {

    @AfterEach
    void letGo() {
        HangingSourceProvider.letGo();
    }

    private static EvenkeelDataSource dataSource(String name, String target) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:h2:mem:" + name);
        config.setMaximumPoolSize(1);
        JdbcDataSource database = new JdbcDataSource();
        database.setURL("jdbc:h2:mem:" + name);
        return EvenkeelDataSource.builder()
                .hikari(config)
                .name(name)
                .target(target)
                .connections(endpoint -> database)
                .build();
    }

    private static void use(EvenkeelDataSource dataSource) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            assertThat(connection.isValid(1)).isTrue();
        }
    }

    @Test
    void a_source_that_never_returns_holds_up_neither_build_nor_close_nor_another_pool() throws SQLException {
        try (EvenkeelDataSource hung = dataSource("hung", "hanging:///127.0.0.1:1");
                EvenkeelDataSource works = dataSource("works", "static:///127.0.0.1:2")) {
            use(hung);
            use(works);
            hung.close();
            try (EvenkeelDataSource later = dataSource("later", "static:///127.0.0.1:3")) {
                use(later);
            }
            use(works);
        }
        assertThat(HangingSourceProvider.hanging()).as("calls that hang").isPositive();
    }
}
