/**
 * The pool's engine: seats over all Pods, each of which holds its connection. Starting points: {@link
 * io.evenkeel.jdbc.pool.ConnectionPool} is what the data source sees, {@link io.evenkeel.jdbc.pool.SeatPool}
 * implements it.
 */
@NullMarked
package io.evenkeel.jdbc.pool;

import org.jspecify.annotations.NullMarked;
