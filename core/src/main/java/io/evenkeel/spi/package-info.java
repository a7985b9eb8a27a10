/**
 * What an adapter implements and receives: {@link io.evenkeel.spi.EndpointConnections} are the verbs that the
 * rebalancer calls, {@link io.evenkeel.spi.EndpointSignals} is where the adapter reports what happens to its
 * connections.
 */
@Experimental
@NullMarked
package io.evenkeel.spi;

import io.evenkeel.Experimental;
import org.jspecify.annotations.NullMarked;
