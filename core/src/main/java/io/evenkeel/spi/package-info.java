/**
 * What an adapter implements and receives: {@link io.evenkeel.spi.EndpointConnections} are the verbs that the
 * rebalancer calls, {@link io.evenkeel.spi.EndpointSignals} is where the adapter reports what happens to its
 * connections.
 */
@NullMarked
package io.evenkeel.spi;

import org.jspecify.annotations.NullMarked;
