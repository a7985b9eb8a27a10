/**
 * HikariCP as the pool of each Pod, beneath seats that only count: {@link io.evenkeel.jdbc.hikari.JdbcConnections}. The
 * alternative to {@link io.evenkeel.jdbc.pool.SeatPool}, for those who want HikariCP itself to hold their connections.
 */
@NullMarked
package io.evenkeel.jdbc.hikari;

import org.jspecify.annotations.NullMarked;
