/**
 * The only place where time, randomness and threads enter: a {@link io.evenkeel.time.Ticker} to read, a
 * {@link io.evenkeel.time.Scheduler} to run later. Tests replace both.
 */
@NullMarked
package io.evenkeel.time;

import org.jspecify.annotations.NullMarked;
