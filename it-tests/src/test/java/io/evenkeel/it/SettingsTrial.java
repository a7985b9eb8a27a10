package io.evenkeel.it;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariConfigMXBean;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import io.evenkeel.jdbc.EvenkeelDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** One setting, tried on one of the two pools at one server. Closing it closes the pools that were opened. */
final class SettingsTrial implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(8);
    private static final AtomicInteger POOLS = new AtomicInteger();

    private final SettingsBed bed;
    private final boolean evenkeel;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    SettingsTrial(SettingsBed bed, boolean evenkeel) {
        this.bed = bed;
        this.evenkeel = evenkeel;
    }

    /** A pool under test, as the application sees it. */
    record Pool(javax.sql.DataSource source, HikariConfigMXBean config, HikariPoolMXBean bean, String name) {
        Connection get() throws SQLException {
            return source.getConnection();
        }
    }

    /** The pool was not built. */
    static final class Refused extends Exception {
        private static final long serialVersionUID = 1L;

        Refused(Throwable cause) {
            super(cause);
        }
    }

    SettingsBed bed() {
        return bed;
    }

    /** Two connections; all else as HikariCP has it by default. */
    HikariConfig config() {
        HikariConfig config = configWithoutUrl();
        config.setJdbcUrl(bed.url(bed.database()));
        return config;
    }

    HikariConfig configWithoutUrl() {
        HikariConfig config = new HikariConfig();
        config.setUsername(bed.user());
        config.setPassword(bed.password());
        config.setMaximumPoolSize(2);
        config.setPoolName("trial-" + POOLS.incrementAndGet() + "-");
        return config;
    }

    Pool open(HikariConfig config) throws Refused {
        try {
            return evenkeel ? balanced(config) : hikari(config);
        } catch (RuntimeException e) {
            throw new Refused(e);
        }
    }

    private Pool balanced(HikariConfig config) {
        EvenkeelDataSource made = EvenkeelDataSource.builder()
                .hikari(config)
                .target("static:///" + bed.address())
                .moveWindow(Duration.ZERO)
                .build();
        opened.push(made);
        return new Pool(made, made.config(), made.pool(), made.name());
    }

    /**
     * HikariCP puts a maxLifetime or keepaliveTime of less than 30 s back to its default; here it has what was set, so that
     * a test can wait for it.
     */
    private Pool hikari(HikariConfig config) {
        long lifetime = config.getMaxLifetime();
        long keepalive = config.getKeepaliveTime();
        long patience = config.getInitializationFailTimeout();
        HikariDataSource made = new HikariDataSource() {
            @Override
            public long getMaxLifetime() {
                return lifetime;
            }

            @Override
            public long getKeepaliveTime() {
                return keepalive;
            }
        };
        config.copyStateTo(made);
        opened.push(made);
        try {
            made.getConnection().close();
        } catch (SQLException e) {
            if (patience > 0) {
                throw new IllegalStateException(e);
            }
        }
        return new Pool(made, made.getHikariConfigMXBean(), made.getHikariPoolMXBean(), made.getPoolName());
    }

    /** What is asked of a connection of a pool with these settings. */
    String asked(HikariConfig config, String sql) throws Refused, SQLException {
        try (Connection connection = open(config).get()) {
            return DataSourceBed.ask(connection, sql);
        }
    }

    /** What a value becomes, or else what it is in the end. */
    static String eventually(String expected, Callable<Object> value) throws Exception {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            String now = String.valueOf(value.call());
            if (now.equals(expected) || System.nanoTime() - deadline > 0) {
                return now;
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    /** "connected", or "none in time". */
    static String tried(Pool pool) throws SQLException {
        try (Connection connection = pool.get()) {
            return connection.isClosed() ? "closed" : "connected";
        } catch (SQLTransientConnectionException e) {
            return "none in time";
        }
    }

    @Override
    public void close() throws Exception {
        while (!opened.isEmpty()) {
            opened.pop().close();
        }
    }
}
