/**
 * Real RSocket servers over TCP on loopback addresses, with faults on demand, and load on the clients to compare:
 * shared by the demonstration, the integration tests and the benchmarks.
 *
 * <p>Starting points: {@link io.evenkeel.demo.rsocket.RSocketCluster}, {@link io.evenkeel.demo.rsocket.RSocketPod}.
 */
@NullMarked
package io.evenkeel.demo.rsocket;

import org.jspecify.annotations.NullMarked;
