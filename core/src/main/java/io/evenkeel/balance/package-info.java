/**
 * The single writer that brings the connections to the plan, a few at a time.
 *
 * <p>Starting points: {@link io.evenkeel.spi.EndpointConnections}, which an adapter implements.
 */
@NullMarked
package io.evenkeel.balance;

import org.jspecify.annotations.NullMarked;
