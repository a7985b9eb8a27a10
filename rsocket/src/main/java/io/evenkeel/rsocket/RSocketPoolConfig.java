package io.evenkeel.rsocket;

import java.time.Duration;

/**
 * What the connections of one client are kept by. Immutable.
 *
 * @param name the pool's name
 * @param drainDeadline how long requests in flight at a Pod that leaves have
 * @param slowStart over how long a Pod grows to its full share of the requests
 */
record RSocketPoolConfig(String name, Duration drainDeadline, Duration slowStart) {}
