package io.evenkeel.amqp;

import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a connection has that can't be moved, or not at the moment. */
final class MoveObstacles {

    private MoveObstacles() {}

    /**
     * The first of them, or null.
     *
     * @param forced whether the broker leaves: then what a move might lose is lost more surely without
     */
    static @Nullable String of(TopologyRecord topology, Collection<VirtualChannel> channels, boolean forced) {
        for (TopologyRecord.Queue queue : topology.queues()) {
            if (queue.exclusive()) {
                return "queue " + queue.name() + " is exclusive to the connection";
            }
        }
        for (VirtualChannel channel : channels) {
            for (ConsumerRecord consumer : channel.consumers().all()) {
                String obstacle = of(topology, consumer, forced);
                if (obstacle != null) {
                    return obstacle;
                }
            }
        }
        return null;
    }

    /** Why a consumer of this queue that is about to begin can't be moved, or null. */
    static @Nullable String of(TopologyRecord topology, String queueName, @Nullable Map<String, Object> arguments) {
        TopologyRecord.Queue queue = topology.queue(queueName);
        if (queue != null && queue.autoDelete()) {
            return "queue " + queueName + " is deleted with its last consumer";
        }
        return StreamPosition.isReadFromItsEnd(queue != null && queue.isOfType("stream"), arguments)
                ? "nothing was read yet of stream " + queueName + ", which is read from its end"
                : null;
    }

    private static @Nullable String of(TopologyRecord topology, ConsumerRecord consumer, boolean forced) {
        TopologyRecord.Queue queue = topology.queue(consumer.queue());
        boolean autoDelete = queue != null && queue.autoDelete();
        boolean skipped = !autoDelete && (forced || consumer.position().isKnown());
        return skipped ? null : of(topology, consumer.queue(), consumer.arguments());
    }
}
