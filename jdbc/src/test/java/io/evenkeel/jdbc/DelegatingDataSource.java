package io.evenkeel.jdbc;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.jdbc.ConnectionFaults.Fault;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;

/** Hands out a {@link DelegatingConnection} over a new connection to an H2 database in memory, and counts. */
final class DelegatingDataSource implements DataSource {
    final AtomicInteger lent = new AtomicInteger();
    final AtomicInteger returned = new AtomicInteger();
    final List<Fault> faults = new CopyOnWriteArrayList<>();
    private final JdbcDataSource h2 = new JdbcDataSource();

    DelegatingDataSource(String database) {
        h2.setURL("jdbc:h2:mem:" + database + ";DB_CLOSE_DELAY=-1");
    }

    @Override
    public Connection getConnection() throws SQLException {
        lent.incrementAndGet();
        return new Lent(h2.getConnection());
    }

    @Override
    public Connection getConnection(String username, String password) throws SQLException {
        throw new SQLException("not here");
    }

    @Override
    public @Nullable PrintWriter getLogWriter() {
        return null;
    }

    @Override
    public void setLogWriter(PrintWriter out) {}

    @Override
    public void setLoginTimeout(int seconds) {}

    @Override
    public int getLoginTimeout() {
        return 0;
    }

    @Override
    public Logger getParentLogger() {
        return Logger.getGlobal();
    }

    @Override
    public <T> T unwrap(Class<T> iface) {
        return iface.cast(this);
    }

    @Override
    public boolean isWrapperFor(Class<?> iface) {
        return iface.isInstance(this);
    }

    private final class Lent extends DelegatingConnection {
        Lent(Connection delegate) {
            super(delegate);
        }

        @Override
        void release(Connection delegate) throws SQLException {
            returned.incrementAndGet();
            delegate.close();
        }

        @Override
        void faulted(Fault fault, SQLException failure) {
            faults.add(fault);
        }

        @Override
        String pool() {
            return "h2";
        }

        @Override
        EndpointKey endpoint() {
            return new EndpointKey("h2-0", "127.0.0.1", 1);
        }
    }
}
