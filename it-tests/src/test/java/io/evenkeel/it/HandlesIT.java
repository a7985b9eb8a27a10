package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.demo.postgres.PostgresServer;
import io.evenkeel.demo.postgres.PostgresSettings;
import io.evenkeel.jdbc.EvenkeelDataSource;
import java.io.IOException;
import java.sql.Array;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What an application holds, on a real server: whom it names, and what its failures do to the connection. */
@RequiresPostgres
class HandlesIT {
    private static DataSourceBed bed;
    private static EvenkeelDataSource dataSource;

    @BeforeAll
    static void start() throws IOException {
        bed = DataSourceBed.start("handles", 1, PostgresSettings.defaults());
        dataSource = bed.dataSource(1);
    }

    @AfterAll
    static void stop() throws IOException {
        bed.close();
    }

    @Test
    void arrays_cursors_and_metadata_name_the_handle() throws Exception {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            try (ResultSet row = statement.executeQuery("select array[1,2]")) {
                row.next();
                Array array = row.getArray(1);
                assertNames(connection, array.getResultSet());
                assertThat(roundTrip(connection, array)).isEqualTo("{1,2}");
                assertThat(roundTrip(connection, connection.createArrayOf("int4", new Object[] {3, 4})))
                        .isEqualTo("{3,4}");
            }
            statement.execute("create function pg_temp.f() returns refcursor as $$ declare r refcursor;"
                    + " begin open r for select 1; return r; end $$ language plpgsql");
            try (CallableStatement call = connection.prepareCall("{? = call pg_temp.f()}")) {
                call.registerOutParameter(1, Types.REF_CURSOR);
                call.execute();
                assertNames(connection, (ResultSet) call.getObject(1));
            }
            assertNames(connection, connection.getMetaData().getTables(null, null, "pg_class", null));
            assertThat(connection.getMetaData().getConnection()).isSameAs(connection);
        }
    }

    private static void assertNames(Connection connection, ResultSet rows) throws SQLException {
        assertThat(rows.next()).isTrue();
        Statement statement = rows.getStatement();
        if (statement != null) {
            assertThat(statement.getConnection()).isSameAs(connection);
        }
    }

    private static String roundTrip(Connection connection, Array array) throws SQLException {
        try (var statement = connection.prepareStatement("select ?::int4[]::text")) {
            statement.setArray(1, array);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getString(1);
            }
        }
    }

    @Test
    void a_transaction_that_sql_made_read_only_evicts_nothing() throws Exception {
        String before;
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            before = backend(connection);
            statement.execute("begin read only");
            assertThatThrownBy(() -> statement.execute("create table never (i int)"))
                    .extracting(e -> ((SQLException) e).getSQLState())
                    .isEqualTo("25006");
            statement.execute("rollback");
        }
        assertThat(backend()).isEqualTo(before);
    }

    @Test
    void a_server_that_became_read_only_has_its_connections_evicted() throws Exception {
        PostgresServer server = bed.server(0);
        String before = backend();
        server.execute("alter system set default_transaction_read_only = on");
        server.execute("select pg_reload_conf()");
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            assertThatThrownBy(() -> untilReadOnly(statement))
                    .extracting(e -> ((SQLException) e).getSQLState())
                    .isEqualTo("25006");
        } finally {
            server.execute("alter system reset default_transaction_read_only");
            server.execute("select pg_reload_conf()");
        }
        assertThat(backend()).isNotEqualTo(before);
    }

    /** The server takes a moment to read its settings again. */
    private static void untilReadOnly(Statement statement) throws SQLException {
        for (int i = 0; i < 1_000; i++) {
            statement.execute("create temp table if not exists t_" + i + " (i int)");
            statement.execute("create table if not exists t_permanent (i int)");
        }
    }

    /** The reset fails, since the transaction that set the schema is in the way of changing whether it is read-only. */
    @Test
    void a_connection_whose_reset_fails_is_not_handed_out_again() throws Exception {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            connection.setReadOnly(true);
            connection.setSchema("public");
        } catch (SQLException reset) {
            assertThat(reset.getSQLState()).as("why it could not be reset").isEqualTo("25001");
        }
        List<String> states = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            try (Connection next = dataSource.getConnection()) {
                states.add(next.getAutoCommit() + " " + next.isReadOnly());
            }
        }
        assertThat(states).containsOnly("true false");
    }

    @Test
    void an_aborted_connection_is_replaced_for_the_next_caller() throws Exception {
        for (int i = 0; i < 5; i++) {
            Connection connection = dataSource.getConnection();
            String before = backend(connection);
            connection.abort(Runnable::run);
            connection.close();
            assertThat(backend()).as("round %d", i).isNotEqualTo(before);
        }
    }

    private static String backend() throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return backend(connection);
        }
    }

    private static String backend(Connection connection) throws SQLException {
        return DataSourceBed.ask(connection, "select pg_backend_pid()");
    }
}
