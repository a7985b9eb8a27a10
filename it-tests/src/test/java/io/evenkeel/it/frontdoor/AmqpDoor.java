package io.evenkeel.it.frontdoor;

import com.rabbitmq.client.Connection;
import io.evenkeel.amqp.EvenkeelConnectionFactory;
import io.evenkeel.demo.amqp.broker.BrokerCluster;
import io.evenkeel.status.PoolStatus;

/** A connection factory over brokers in this JVM. */
final class AmqpDoor extends FrontDoor {

    private final EvenkeelConnectionFactory factory = new EvenkeelConnectionFactory();

    AmqpDoor(BrokerCluster brokers) {
        super("AMQP");
        brokers.configure(factory);
    }

    @Override
    EvenkeelConnectionFactory settings() {
        return factory;
    }

    @Override
    Opened open() throws Exception {
        Connection connection = factory.newConnection();
        return new Opened() {
            @Override
            public PoolStatus status() {
                return factory.status().pool();
            }

            @Override
            public void close() {
                connection.abort();
            }
        };
    }
}
