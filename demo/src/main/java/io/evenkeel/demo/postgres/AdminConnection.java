package io.evenkeel.demo.postgres;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The superuser's session with one server: opened when needed, dropped after any failure, bounded in time. */
final class AdminConnection {
    static final String APPLICATION_NAME = "pods-admin";

    private final String url;
    private final Properties properties = new Properties();

    // guards connection; held while a query runs, which the socket timeout bounds
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable Connection connection;

    AdminConnection(String url, String user, String password) {
        this.url = url;
        properties.setProperty("user", user);
        properties.setProperty("password", password);
        properties.setProperty("ApplicationName", APPLICATION_NAME);
        properties.setProperty("assumeMinServerVersion", "15");
        properties.setProperty("connectTimeout", "2");
        properties.setProperty("socketTimeout", "2");
        properties.setProperty("sslmode", "disable");
    }

    <T> T use(Query<T> query) throws SQLException {
        lock.lock();
        try {
            Connection current = connection;
            if (current == null) {
                current = DriverManager.getConnection(url, properties);
                connection = current;
            }
            return query.on(current);
        } catch (SQLException e) {
            drop();
            throw e;
        } finally {
            lock.unlock();
        }
    }

    void drop() {
        if (!lock.tryLock()) {
            // its user drops it when the server's end breaks it
            return;
        }
        try {
            Connection current = connection;
            connection = null;
            if (current != null) {
                current.abort(Runnable::run);
            }
        } catch (SQLException e) {
            throw new IllegalStateException("abort of an admin connection failed", e);
        } finally {
            lock.unlock();
        }
    }

    interface Query<T> {
        T on(Connection connection) throws SQLException;
    }
}
