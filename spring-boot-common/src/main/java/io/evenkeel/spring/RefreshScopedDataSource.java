package io.evenkeel.spring;

import com.zaxxer.hikari.HikariDataSource;
import io.evenkeel.jdbc.EvenkeelDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.locks.ReentrantLock;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.aop.framework.Advised;
import org.springframework.jdbc.datasource.AbstractDataSource;

/**
 * A balanced data source over one whose scope makes a new target now and then, as a refresh scope does: the first
 * acquire after that builds a new pool from the new target's settings and closes the old one in the background.
 * Thread-safe.
 */
final class RefreshScopedDataSource extends AbstractDataSource implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RefreshScopedDataSource.class);

    private final DataSourceFactory factory;
    private final String beanName;
    private final Advised proxy;

    private final ReentrantLock changing = new ReentrantLock();
    private volatile Current current;
    private volatile boolean closed;

    /** @param target the scope's object that the pool was built from */
    private record Current(Object target, EvenkeelDataSource pool) {
        // A scope's objects are told apart by identity, regardless of their equals.
        @SuppressWarnings("ReferenceEquality")
        boolean isOf(Object other) {
            return target == other;
        }
    }

    private RefreshScopedDataSource(DataSourceFactory factory, String beanName, Advised proxy, Current current) {
        this.factory = factory;
        this.beanName = beanName;
        this.proxy = proxy;
        this.current = current;
    }

    static @Nullable RefreshScopedDataSource over(DataSourceFactory factory, String beanName, Advised proxy) {
        Object target = target(proxy);
        EvenkeelDataSource pool = factory.build(beanName, (HikariDataSource) target);
        return pool == null ? null : new RefreshScopedDataSource(factory, beanName, proxy, new Current(target, pool));
    }

    private static Object target(Advised proxy) {
        try {
            Object target = proxy.getTargetSource().getTarget();
            if (target instanceof HikariDataSource) {
                return target;
            }
            throw new IllegalStateException("target: " + target + " (expected: a HikariDataSource)");
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("the scope gave no data source", e);
        }
    }

    @Override
    public Connection getConnection() throws SQLException {
        return pool().getConnection();
    }

    @Override
    public Connection getConnection(String username, String password) throws SQLException {
        return pool().getConnection(username, password);
    }

    private EvenkeelDataSource pool() {
        Current now = current;
        Object target = target(proxy);
        return now.isOf(target) || closed ? now.pool() : refreshed(target);
    }

    private EvenkeelDataSource refreshed(Object target) {
        changing.lock();
        try {
            Current old = current;
            if (old.isOf(target) || closed) {
                return old.pool();
            }
            EvenkeelDataSource pool = factory.build(beanName, (HikariDataSource) target);
            if (pool == null) {
                LOG.warn(
                        "Data source {}: the refreshed settings can't be balanced; those before stay in force",
                        beanName);
                pool = old.pool();
            } else {
                closeInBackground(old.pool());
            }
            current = new Current(target, pool);
            return pool;
        } finally {
            changing.unlock();
        }
    }

    /** It waits for what is in use. */
    private void closeInBackground(EvenkeelDataSource pool) {
        Thread closer = new Thread(pool::close, "evenkeel-" + pool.name() + "-close");
        closer.setDaemon(true);
        closer.start();
    }

    @Override
    public void close() {
        changing.lock();
        try {
            closed = true;
        } finally {
            changing.unlock();
        }
        current.pool().close();
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        return type.isInstance(this) ? type.cast(this) : pool().unwrap(type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
        return type.isInstance(this) || pool().isWrapperFor(type);
    }

    @Override
    public String toString() {
        DataSource pool = current.pool();
        return "RefreshScopedDataSource[" + pool + "]";
    }
}
