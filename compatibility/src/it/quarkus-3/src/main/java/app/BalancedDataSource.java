package app;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.jdbc.EvenkeelDataSource;
import jakarta.enterprise.inject.spi.CDI;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.logging.Logger;
import javax.sql.DataSource;

/** What Agroal takes its connections from: Agroal makes it by itself and calls the setters with its configuration. */
public final class BalancedDataSource implements DataSource {
    private final HikariConfig config = new HikariConfig();
    private final ReentrantLock opening = new ReentrantLock();
    private String target;
    private volatile EvenkeelDataSource pool;

    public void setUrl(String url) {
        config.setJdbcUrl(url);
    }

    public void setUser(String user) {
        config.setUsername(user);
    }

    public void setPassword(String password) {
        config.setPassword(password);
    }

    public void setMaximumPoolSize(int size) {
        config.setMaximumPoolSize(size);
    }

    public void setTarget(String target) {
        this.target = target;
    }

    @Override
    public Connection getConnection() throws SQLException {
        return pool().getConnection();
    }

    private EvenkeelDataSource pool() {
        EvenkeelDataSource known = pool;
        if (known != null) {
            return known;
        }
        opening.lock();
        try {
            if (pool == null) {
                pool = CDI.current().select(BalancedPools.class).get().open(config, target);
            }
            return pool;
        } finally {
            opening.unlock();
        }
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
        throw new SQLFeatureNotSupportedException("getConnection(user, password) (expected: those of the data source)");
    }

    @Override
    public PrintWriter getLogWriter() {
        return null;
    }

    @Override
    public void setLogWriter(PrintWriter writer) {}

    @Override
    public int getLoginTimeout() {
        return 0;
    }

    @Override
    public void setLoginTimeout(int seconds) {}

    @Override
    public Logger getParentLogger() {
        return Logger.getLogger("app");
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        return pool().unwrap(type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
        return pool().isWrapperFor(type);
    }
}
