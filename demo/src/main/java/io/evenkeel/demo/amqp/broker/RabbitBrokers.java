package io.evenkeel.demo.amqp.broker;

import java.util.List;

/** A RabbitMQ cluster. */
public interface RabbitBrokers extends BrokerCluster {
    List<RabbitBroker> nodes();

    @Override
    default List<Broker> brokers() {
        return List.copyOf(nodes());
    }

    @Override
    default boolean isReplicating() {
        return true;
    }
}
