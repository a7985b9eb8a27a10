package io.evenkeel.demo.amqp.broker;

import com.rabbitmq.client.ConnectionFactory;
import java.io.IOException;
import java.util.List;

/** Brokers that share their queues: a message that was sent to one can be had from another. */
public interface BrokerCluster extends AutoCloseable {
    /** All of them, in the order of their names, whether they run or not. */
    List<Broker> brokers();

    /** Whether it has quorum queues and streams. */
    boolean isReplicating();

    String user();

    String password();

    /** Puts user, password and virtual host into a factory. */
    default void configure(ConnectionFactory factory) {
        factory.setUsername(user());
        factory.setPassword(password());
        factory.setVirtualHost("/");
    }

    /** A factory for the plain client that leads to one broker. */
    default ConnectionFactory plainFactory(Broker broker) {
        ConnectionFactory factory = new ConnectionFactory();
        configure(factory);
        factory.setHost(broker.host());
        factory.setPort(broker.port());
        return factory;
    }

    @Override
    void close() throws IOException;
}
