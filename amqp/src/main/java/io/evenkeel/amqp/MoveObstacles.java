package io.evenkeel.amqp;

import java.util.Collection;
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

    private static @Nullable String of(TopologyRecord topology, ConsumerRecord consumer, boolean forced) {
        TopologyRecord.Queue queue = topology.queue(consumer.queue());
        if (queue != null && queue.autoDelete()) {
            return "queue " + queue.name() + " is deleted with its last consumer";
        }
        boolean stream = queue != null && "stream".equals(String.valueOf(queue.argument("x-queue-type")));
        if (!forced && consumer.isUnreadStream(stream)) {
            return "nothing was read yet of stream " + consumer.queue() + ", which is read from its end";
        }
        return null;
    }
}
