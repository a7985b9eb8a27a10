package io.evenkeel.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Method;
import org.jspecify.annotations.Nullable;

/** Reads from methods that the application sends as such what they declare. */
final class Declarations {

    private Declarations() {}

    static boolean isExclusive(Method method) {
        return method instanceof AMQP.Queue.Declare queue && queue.getExclusive() && !queue.getPassive();
    }

    /** The queue that it is about, or nothing. */
    static String queueOf(Method method) {
        return method instanceof AMQP.Queue.Declare queue ? queue.getQueue() : "";
    }

    /** @param answer what the broker said, or null if no answer is waited for */
    static void record(TopologyRecord topology, Method method, @Nullable Method answer) {
        if (method instanceof AMQP.Queue.Declare queue && !queue.getPassive()) {
            String name = answer instanceof AMQP.Queue.DeclareOk ok ? ok.getQueue() : queue.getQueue();
            topology.add(new TopologyRecord.Queue(
                    name,
                    queue.getDurable(),
                    queue.getExclusive(),
                    queue.getAutoDelete(),
                    queue.getArguments(),
                    queue.getQueue().isEmpty()));
        } else if (method instanceof AMQP.Exchange.Declare exchange && !exchange.getPassive()) {
            topology.add(new TopologyRecord.Exchange(
                    exchange.getExchange(),
                    exchange.getType(),
                    exchange.getDurable(),
                    exchange.getAutoDelete(),
                    exchange.getInternal(),
                    exchange.getArguments()));
        } else if (method instanceof AMQP.Queue.Bind bind) {
            topology.add(new TopologyRecord.Binding(
                    bind.getQueue(), bind.getExchange(), bind.getRoutingKey(), bind.getArguments(), true));
        } else if (method instanceof AMQP.Exchange.Bind bind) {
            topology.add(new TopologyRecord.Binding(
                    bind.getDestination(), bind.getSource(), bind.getRoutingKey(), bind.getArguments(), false));
        } else {
            remove(topology, method);
        }
    }

    private static void remove(TopologyRecord topology, Method method) {
        if (method instanceof AMQP.Queue.Delete queue) {
            topology.removeQueue(queue.getQueue());
        } else if (method instanceof AMQP.Exchange.Delete exchange) {
            topology.removeExchange(exchange.getExchange());
        } else if (method instanceof AMQP.Queue.Unbind unbind) {
            topology.remove(new TopologyRecord.Binding(
                    unbind.getQueue(), unbind.getExchange(), unbind.getRoutingKey(), unbind.getArguments(), true));
        } else if (method instanceof AMQP.Exchange.Unbind unbind) {
            topology.remove(new TopologyRecord.Binding(
                    unbind.getDestination(), unbind.getSource(), unbind.getRoutingKey(), unbind.getArguments(), false));
        }
    }
}
