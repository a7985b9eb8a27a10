package io.evenkeel.amqp;

import io.evenkeel.status.PoolStatus;
import java.util.List;
import java.util.Objects;

/**
 * What one pool of connections looks like at one moment. Immutable.
 *
 * @param pool the part that all adapters have: endpoints, plan, source
 * @param connections the connections of this process to the target, in the order in which they were opened
 * @param moves connections moved since the pool was made
 * @param rolledBack moves that had begun and were taken back since the pool was made
 * @param recoveries lost connections that were opened again since the pool was made
 */
public record AmqpStatus(
        PoolStatus pool, List<AmqpConnectionStatus> connections, long moves, long rolledBack, long recoveries) {

    public AmqpStatus {
        Objects.requireNonNull(pool, "pool");
        connections = List.copyOf(connections);
    }
}
