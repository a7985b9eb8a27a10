/**
 * How many connections each endpoint is to have: pure functions of values, no time, no threads, no state.
 */
@NullMarked
package io.evenkeel.plan;

import org.jspecify.annotations.NullMarked;
