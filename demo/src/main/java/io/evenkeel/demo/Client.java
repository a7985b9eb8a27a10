package io.evenkeel.demo;

import java.sql.Connection;
import java.sql.SQLException;

/** One client process: a pool of connections to the Service. */
interface Client extends AutoCloseable {
    Connection getConnection() throws SQLException;

    @Override
    void close();
}
