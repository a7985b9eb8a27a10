package io.evenkeel.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.status.EndpointStatus;
import io.evenkeel.watch.WatcherConfig;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import java.sql.Connection;
import java.time.Duration;
import java.util.UUID;
import org.h2.jdbc.JdbcConnection;
import org.h2.jdbcx.JdbcDataSource;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.Configuration;
import org.jooq.DSLContext;
import org.jooq.SQLDialect;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** Smoke tests: the frameworks that most applications put between themselves and a data source. */
class FrameworksTest {
    private final JdbcDataSource h2 = new JdbcDataSource();
    private final EvenkeelDataSource dataSource;

    FrameworksTest() {
        String name = "frameworks-" + UUID.randomUUID();
        h2.setURL("jdbc:h2:mem:" + name + ";DB_CLOSE_DELAY=-1");
        HikariConfig config = new HikariConfig();
        config.setMaximumPoolSize(2);
        dataSource = EvenkeelDataSource.builder()
                .name(name)
                .hikari(config)
                .target("static:///127.0.0.1:1,127.0.0.1:2")
                .connections(endpoint -> h2)
                .watch(WatcherConfig.builder()
                        .settle(Duration.ZERO)
                        .settleMax(Duration.ZERO)
                        .build())
                .jmx(false)
                .build();
    }

    @BeforeAll
    static void jooq_keeps_its_banner_to_itself() {
        System.setProperty("org.jooq.no-logo", "true");
        System.setProperty("org.jooq.no-tips", "true");
    }

    @AfterEach
    void every_connection_was_returned() {
        assertThat(inUse()).isZero();
        assertThat(dataSource.status().endpoints())
                .extracting(EndpointStatus::lastError)
                .containsOnlyNulls();
        dataSource.close();
    }

    private int inUse() {
        return dataSource.status().endpoints().stream()
                .mapToInt(EndpointStatus::inUse)
                .sum();
    }

    @Test
    void spring_keeps_one_handle_for_a_transaction() {
        JdbcTemplate jdbc = new JdbcTemplate(dataSource);
        jdbc.execute("create table item(id int primary key, name varchar(20))");
        TransactionTemplate transaction = new TransactionTemplate(new JdbcTransactionManager(dataSource));

        transaction.executeWithoutResult(status -> {
            jdbc.update("insert into item values (?, ?)", 1, "anchor");
            Connection bound = DataSourceUtils.getConnection(dataSource);
            assertThat(jdbc.execute((Connection connection) -> connection.unwrap(JdbcConnection.class)))
                    .isSameAs(unwrapped(bound));
            assertThat(DataSourceUtils.isConnectionTransactional(bound, dataSource))
                    .isTrue();
            assertThat(inUse()).isEqualTo(1);
            DataSourceUtils.releaseConnection(bound, dataSource);
        });

        assertThat(jdbc.queryForObject("select name from item where id = ?", String.class, 1))
                .isEqualTo("anchor");
    }

    @Test
    void spring_rolls_back_and_translates_exceptions() {
        JdbcTemplate jdbc = new JdbcTemplate(dataSource);
        jdbc.execute("create table item(id int primary key)");
        TransactionTemplate transaction = new TransactionTemplate(new JdbcTransactionManager(dataSource));
        assertThatThrownBy(() -> transaction.executeWithoutResult(status -> {
                    jdbc.update("insert into item values (1)");
                    jdbc.update("insert into item values (1)");
                }))
                .isInstanceOf(DuplicateKeyException.class);
        assertThat(jdbc.queryForObject("select count(*) from item", Integer.class))
                .isZero();
    }

    @Test
    void hibernate_creates_its_schema_stores_and_reads() {
        Configuration configuration = new Configuration();
        configuration.addAnnotatedClass(Ship.class);
        configuration.getProperties().put("hibernate.connection.datasource", dataSource);
        configuration.setProperty("hibernate.hbm2ddl.auto", "create-drop");
        try (SessionFactory sessions = configuration.buildSessionFactory()) {
            sessions.inTransaction(session -> session.persist(new Ship(7, "Vasa")));
            assertThatThrownBy(() -> sessions.inTransaction(session -> {
                        session.persist(new Ship(8, "Mary Rose"));
                        throw new IllegalStateException("changed my mind");
                    }))
                    .hasMessage("changed my mind");
            sessions.inSession(session -> assertThat(session.createQuery("select s.name from Ship s", String.class)
                            .list())
                    .containsExactly("Vasa"));
        }
    }

    @Test
    void jooq_runs_statements_batches_and_transactions() {
        DSLContext jooq = DSL.using(dataSource, SQLDialect.H2);
        jooq.execute("create table item(id int primary key, name varchar(20))");
        jooq.batch(jooq.query("insert into item values (1, 'oar')"), jooq.query("insert into item values (2, 'mast')"))
                .execute();
        jooq.transaction(inner -> DSL.using(inner).execute("insert into item values (3, 'keel')"));
        assertThatThrownBy(() -> jooq.transaction(inner -> {
                    DSL.using(inner).execute("delete from item");
                    throw new IllegalStateException("changed my mind");
                }))
                .hasMessage("changed my mind");
        try (var names = jooq.fetchLazy("select name from item order by id")) {
            assertThat(names.fetch().getValues(0, String.class)).containsExactly("oar", "mast", "keel");
        }
    }

    private static JdbcConnection unwrapped(Connection connection) {
        try {
            return connection.unwrap(JdbcConnection.class);
        } catch (java.sql.SQLException e) {
            throw new AssertionError(e);
        }
    }

    @Entity(name = "Ship")
    static class Ship {
        @Id
        private int id;

        private String name = "";

        Ship() {}

        Ship(int id, String name) {
            this.id = id;
            this.name = name;
        }

        int id() {
            return id;
        }

        String name() {
            return name;
        }
    }
}
