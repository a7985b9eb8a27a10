/**
 * What every adapter needs beside its own protocol: where the endpoints are if that is not configured, what identifies
 * this process, and a pool's control loop that starts and ends in the right order.
 *
 * <p>Starting point: {@link io.evenkeel.adapter.BalancedPool}.
 */
@NullMarked
package io.evenkeel.adapter;

import org.jspecify.annotations.NullMarked;
