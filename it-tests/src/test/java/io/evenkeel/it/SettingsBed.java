package io.evenkeel.it;

import io.evenkeel.demo.postgres.PostgresPods;
import io.evenkeel.demo.postgres.PostgresServer;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;

/** One real server, and how the settings that a pool has are seen at it. Both users may do the same. */
abstract class SettingsBed implements AutoCloseable {
    static final String OTHER_USER = "app2";
    static final String OTHER_PASSWORD = "app2-secret";
    static final String OTHER_DATABASE = "other";

    abstract String address();

    abstract String url(String database);

    abstract String database();

    abstract String user();

    abstract String password();

    abstract String driverClass();

    abstract String dataSourceClass();

    /** What {@link #dataSourceClass} is set to for the same connections as {@code url(database())}. */
    abstract Map<String, String> dataSourceProperties();

    /** A property that has the driver set {@link #sessionVariable} to {@code probe}. */
    abstract Map.Entry<String, String> driverProperty();

    abstract String sessionVariable();

    abstract String setSessionVariable(String value);

    abstract String currentUser();

    abstract String currentDatabase();

    abstract String session();

    abstract String isolation();

    /** Increments a counter that every session shares. */
    abstract String count();

    /** The sessions of both users but the one that asks. */
    abstract String sessions();

    /** A statement that fails with a SQLState by which HikariCP evicts. */
    abstract String failAsLost();

    /** What {@code setCatalog} changes, if the driver has that. */
    abstract String databaseAfter(String catalog);

    /** What is asked of a connection whose {@code schema} is set to {@link #OTHER_DATABASE}. */
    abstract String schemaAfter(String schema);

    abstract void execute(String sql) throws SQLException;

    abstract void freeze() throws IOException;

    abstract void resume() throws IOException;

    /** By a session that belongs to no pool. */
    String ask(String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url(database()), user(), password())) {
            return DataSourceBed.ask(connection, sql);
        }
    }

    long asked() throws SQLException {
        return Long.parseLong(ask(count()));
    }

    @Override
    public abstract void close() throws IOException;

    /** PostgreSQL. */
    static final class Postgres extends SettingsBed {
        private final PostgresPods pods;
        private final PostgresServer server;

        Postgres() throws IOException, SQLException {
            pods = PostgresPods.create();
            server = pods.start("pg-0");
            for (String sql : new String[] {
                "create user " + OTHER_USER + " password '" + OTHER_PASSWORD + "'",
                "create database " + OTHER_DATABASE,
                "create sequence asked",
                "create table init (n int)",
                "create schema " + OTHER_DATABASE,
                "grant all on sequence asked to public",
                "grant all on init to public",
                "grant all on schema " + OTHER_DATABASE + " to public",
            }) {
                server.execute(sql);
            }
        }

        @Override
        String address() {
            return server.host() + ":" + server.port();
        }

        @Override
        String url(String database) {
            return "jdbc:postgresql://" + address() + "/" + database;
        }

        @Override
        String database() {
            return PostgresPods.DATABASE;
        }

        @Override
        String user() {
            return PostgresPods.USER;
        }

        @Override
        String password() {
            return pods.password();
        }

        @Override
        String driverClass() {
            return "org.postgresql.Driver";
        }

        @Override
        String dataSourceClass() {
            return "org.postgresql.ds.PGSimpleDataSource";
        }

        @Override
        Map<String, String> dataSourceProperties() {
            return Map.of("serverName", server.host(), "portNumber", "" + server.port(), "databaseName", database());
        }

        @Override
        Map.Entry<String, String> driverProperty() {
            return Map.entry("ApplicationName", "probe");
        }

        @Override
        String sessionVariable() {
            return "select current_setting('application_name')";
        }

        @Override
        String setSessionVariable(String value) {
            return "set application_name = '" + value + "'";
        }

        @Override
        String currentUser() {
            return "select current_user";
        }

        @Override
        String currentDatabase() {
            return "select current_database()";
        }

        @Override
        String session() {
            return "select pg_backend_pid()";
        }

        @Override
        String isolation() {
            return "select upper(replace(current_setting('transaction_isolation'), ' ', '_'))";
        }

        @Override
        String count() {
            return "select nextval('asked')";
        }

        @Override
        String sessions() {
            return "select count(*) from pg_stat_activity where usename like 'app%' and pid <> pg_backend_pid()";
        }

        @Override
        String failAsLost() {
            return "do $$ begin raise exception 'lost' using errcode = '08003'; end $$";
        }

        /** A session of PostgreSQL stays in its database. */
        @Override
        String databaseAfter(String catalog) {
            return database();
        }

        @Override
        String schemaAfter(String schema) {
            return schema;
        }

        @Override
        void execute(String sql) throws SQLException {
            server.execute(sql);
        }

        @Override
        void freeze() throws IOException {
            server.freeze();
        }

        @Override
        void resume() throws IOException {
            server.resume();
        }

        @Override
        public void close() {
            pods.close();
        }
    }

    /** MariaDB, by its own driver. */
    static final class MariaDb extends SettingsBed {
        private final MariaDbServers servers;
        private final MariaDbServers.Server server;

        MariaDb() throws IOException, SQLException {
            servers = MariaDbServers.create(null);
            server = servers.start("db-0");
            try (Connection connection = server.connect(MariaDbServers.ADMIN);
                    Statement statement = connection.createStatement()) {
                for (String sql : new String[] {
                    "create user " + OTHER_USER + " identified by '" + OTHER_PASSWORD + "'",
                    "create database " + OTHER_DATABASE,
                    "create sequence " + database() + ".asked nocache",
                    "create table " + database() + ".init (n int)",
                    "grant all on " + OTHER_DATABASE + ".* to " + user() + ", " + OTHER_USER,
                    "grant all on " + database() + ".* to " + OTHER_USER,
                    // so that each sees the sessions of the other
                    "grant process on *.* to " + user() + ", " + OTHER_USER,
                }) {
                    statement.execute(sql);
                }
            }
        }

        @Override
        String address() {
            return server.address();
        }

        @Override
        String url(String database) {
            return "jdbc:mariadb://" + address() + "/" + database + "?sslMode=disable";
        }

        @Override
        String database() {
            return MariaDbServers.DATABASE;
        }

        @Override
        String user() {
            return MariaDbServers.USER;
        }

        @Override
        String password() {
            return MariaDbServers.PASSWORD;
        }

        @Override
        String driverClass() {
            return "org.mariadb.jdbc.Driver";
        }

        @Override
        String dataSourceClass() {
            return "org.mariadb.jdbc.MariaDbDataSource";
        }

        @Override
        Map<String, String> dataSourceProperties() {
            return Map.of("url", url(database()));
        }

        @Override
        Map.Entry<String, String> driverProperty() {
            return Map.entry("sessionVariables", "@probe='probe'");
        }

        @Override
        String sessionVariable() {
            return "select @probe";
        }

        @Override
        String setSessionVariable(String value) {
            return "set @probe = '" + value + "'";
        }

        @Override
        String currentUser() {
            return "select substring_index(user(), '@', 1)";
        }

        @Override
        String currentDatabase() {
            return "select database()";
        }

        @Override
        String session() {
            return "select connection_id()";
        }

        @Override
        String isolation() {
            return "select upper(replace(@@tx_isolation, '-', '_'))";
        }

        @Override
        String count() {
            return "select nextval(" + database() + ".asked)";
        }

        @Override
        String sessions() {
            return "select count(*) from information_schema.processlist where user like 'app%' and id <> connection_id()";
        }

        @Override
        String failAsLost() {
            return "signal sqlstate '08003' set message_text = 'lost'";
        }

        @Override
        String databaseAfter(String catalog) {
            return catalog;
        }

        /** A schema of MariaDB is its database, which the driver has as a catalog. */
        @Override
        String schemaAfter(String schema) {
            return null;
        }

        @Override
        void execute(String sql) throws SQLException {
            server.execute(sql);
        }

        @Override
        void freeze() throws IOException {
            server.freeze();
        }

        @Override
        void resume() throws IOException {
            server.resume();
        }

        @Override
        public void close() throws IOException {
            servers.close();
        }
    }
}
