/**
 * What every adapter needs beside its own protocol: where the endpoints are if nobody said so, who this process is, and a
 * pool's control loop that starts and ends in the right order.
 *
 * <p>Starting point: {@link io.evenkeel.adapter.BalancedPool}.
 */
@NullMarked
package io.evenkeel.adapter;

import org.jspecify.annotations.NullMarked;
