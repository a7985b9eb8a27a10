/**
 * Tests against real PostgreSQL servers on loopback addresses, and what they share.
 *
 * <p>Starting points: {@link io.evenkeel.it.RequiresPostgres}, {@link io.evenkeel.it.Workload}, {@link io.evenkeel.it.Leaks}.
 */
@NullMarked
package io.evenkeel.it;

import org.jspecify.annotations.NullMarked;
