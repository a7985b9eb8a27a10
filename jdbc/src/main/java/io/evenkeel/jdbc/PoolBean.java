package io.evenkeel.jdbc;

import com.zaxxer.hikari.HikariPoolMXBean;
import io.evenkeel.jdbc.pool.ConnectionPool;

/** A pool over Pods as HikariCP shows one. Thread-safe. */
final class PoolBean implements HikariPoolMXBean {
    private final String name;
    private final ConnectionPool pool;

    PoolBean(String name, ConnectionPool pool) {
        this.name = name;
        this.pool = pool;
    }

    @Override
    public int getIdleConnections() {
        return pool.counts().idle();
    }

    @Override
    public int getActiveConnections() {
        return pool.counts().active();
    }

    @Override
    public int getTotalConnections() {
        return pool.counts().total();
    }

    @Override
    public int getThreadsAwaitingConnection() {
        return pool.counts().waiting();
    }

    @Override
    public void softEvictConnections() {
        pool.evictAll();
    }

    @Override
    public void suspendPool() {
        throw noSuspension();
    }

    @Override
    public void resumePool() {
        throw noSuspension();
    }

    private IllegalStateException noSuspension() {
        return new IllegalStateException("Pool " + name + ": suspension (expected: not used: a Pod is taken out by the"
                + " cluster, by its readiness, and the others go on serving)");
    }
}
