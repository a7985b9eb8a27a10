package io.evenkeel.jdbc;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariConfigMXBean;
import com.zaxxer.hikari.util.Credentials;
import io.evenkeel.jdbc.pool.HikariAccess;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a running pool. HikariCP's own rules check each of them; who has to act on a change is notified
 * outside of the lock. Thread-safe.
 */
final class LiveConfig implements HikariConfigMXBean {

    private final HikariConfig settings;
    /** As it was set: beneath, HikariCP renews nothing. */
    private final long maxLifetime;

    private final ReentrantLock lock = new ReentrantLock();
    private volatile long connectionTimeoutNanos;
    private volatile Consumer<HikariConfig> onChange = changed -> {};

    /** @param settings becomes this one's own; never sealed */
    LiveConfig(HikariConfig settings) {
        this.settings = settings;
        this.maxLifetime = settings.getMaxLifetime();
        this.connectionTimeoutNanos = TimeUnit.MILLISECONDS.toNanos(settings.getConnectionTimeout());
    }

    /** Who acts on changes, with the settings as they are then. */
    void onChange(Consumer<HikariConfig> action) {
        onChange = action;
    }

    /** The settings themselves: to read, and to take credentials from at each connect. */
    HikariConfig settings() {
        return settings;
    }

    private void requireNoProvider() {
        if (HikariAccess.hasCredentialsProvider(settings)) {
            throw new IllegalStateException(
                    "Pool " + getPoolName() + ": credentials (expected: from the credentials provider"
                            + " that is set, which is asked at every connect)");
        }
    }

    private void change(Consumer<HikariConfig> change) {
        lock.lock();
        try {
            change.accept(settings);
            connectionTimeoutNanos = TimeUnit.MILLISECONDS.toNanos(settings.getConnectionTimeout());
        } finally {
            lock.unlock();
        }
        onChange.accept(settings);
    }

    @Override
    public long getConnectionTimeout() {
        return settings.getConnectionTimeout();
    }

    /** The same, for the hot path. */
    long connectionTimeoutNanos() {
        return connectionTimeoutNanos;
    }

    @Override
    public void setConnectionTimeout(long milliseconds) {
        change(config -> config.setConnectionTimeout(milliseconds));
    }

    @Override
    public long getValidationTimeout() {
        return settings.getValidationTimeout();
    }

    @Override
    public void setValidationTimeout(long milliseconds) {
        change(config -> config.setValidationTimeout(milliseconds));
    }

    @Override
    public long getIdleTimeout() {
        return settings.getIdleTimeout();
    }

    @Override
    public void setIdleTimeout(long milliseconds) {
        change(config -> config.setIdleTimeout(milliseconds));
    }

    @Override
    public long getLeakDetectionThreshold() {
        return settings.getLeakDetectionThreshold();
    }

    @Override
    public void setLeakDetectionThreshold(long milliseconds) {
        change(config -> config.setLeakDetectionThreshold(milliseconds));
    }

    @Override
    public long getMaxLifetime() {
        return maxLifetime;
    }

    /** Refused: the renewal of connections is planned when the pool is built. */
    @Override
    public void setMaxLifetime(long milliseconds) {
        throw new UnsupportedOperationException("Pool " + getPoolName() + ": maxLifetime: " + milliseconds
                + " (expected: set before the pool is built, as maxLifetime or maxConnectionAge)");
    }

    @Override
    public int getMinimumIdle() {
        return settings.getMinimumIdle() < 0 ? settings.getMaximumPoolSize() : settings.getMinimumIdle();
    }

    @Override
    public void setMinimumIdle(int connections) {
        change(config -> config.setMinimumIdle(connections));
    }

    @Override
    public int getMaximumPoolSize() {
        return settings.getMaximumPoolSize();
    }

    @Override
    public void setMaximumPoolSize(int connections) {
        change(config -> config.setMaximumPoolSize(connections));
    }

    @Override
    public void setPassword(@Nullable String password) {
        requireNoProvider();
        change(config -> config.setPassword(password));
    }

    @Override
    public void setUsername(@Nullable String username) {
        requireNoProvider();
        change(config -> config.setUsername(username));
    }

    @Override
    public void setCredentials(Credentials credentials) {
        requireNoProvider();
        change(config -> config.setCredentials(credentials));
    }

    @Override
    public String getPoolName() {
        return settings.getPoolName();
    }

    @Override
    public @Nullable String getCatalog() {
        return settings.getCatalog();
    }

    @Override
    public void setCatalog(@Nullable String catalog) {
        change(config -> config.setCatalog(catalog));
    }
}
