package io.evenkeel.jdbc.hikari;

import io.evenkeel.jdbc.pool.HikariSettings;
import java.time.Duration;
import java.util.Objects;

/**
 * The settings of one data source.
 *
 * @param name its name, in messages, thread names and the names of the Pods' pools
 * @param budget connections in all, over all Pods; at least 1
 * @param surge how many more there may be while connections move; 0 or 1
 * @param minimumIdle how many idle ones are kept ready over all Pods; below {@code budget}, connections are established
 *     when they are needed
 * @param connectionTimeout how long a caller waits for a connection, and for how long connecting may take; above 0
 */
record JdbcPoolConfig(String name, int budget, int surge, int minimumIdle, Duration connectionTimeout) {

    JdbcPoolConfig {
        Objects.requireNonNull(name, "name");
        check(budget >= 1, "budget", budget, ">= 1");
        check(surge == 0 || surge == 1, "surge", surge, "0 or 1");
        check(minimumIdle >= 0 && minimumIdle <= budget, "minimumIdle", minimumIdle, "0 to " + budget);
        check(connectionTimeout.toNanos() > 0, "connectionTimeout", connectionTimeout, "> 0");
    }

    static JdbcPoolConfig of(HikariSettings settings) {
        return new JdbcPoolConfig(
                settings.name(),
                settings.budget(),
                settings.surge(),
                settings.minimumIdle(),
                Duration.ofMillis(settings.connectionTimeout()));
    }

    private static void check(boolean holds, String what, Object value, String expected) {
        if (!holds) {
            throw new IllegalArgumentException(what + ": " + value + " (expected: " + expected + ")");
        }
    }

    /** Whether connections are established when they are needed, rather than with their seat. */
    boolean isElastic() {
        return minimumIdle < budget;
    }

    /** A Pod's part of the idle ones that are kept ready, rounded up. */
    int minimumIdle(int seats) {
        return isElastic() ? (int) (((long) minimumIdle * seats + budget - 1) / budget) : seats;
    }
}
