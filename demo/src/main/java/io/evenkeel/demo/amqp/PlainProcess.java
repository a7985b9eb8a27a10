package io.evenkeel.demo.amqp;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import io.evenkeel.demo.amqp.broker.BrokerCluster;
import io.evenkeel.demo.amqp.ledger.AmqpClient;
import java.io.IOException;
import java.util.concurrent.TimeoutException;

/**
 * A client process with RabbitMQ's own factory, through the Service, recovering automatically as it does by default.
 */
final class PlainProcess implements AmqpClient {
    static final String LABEL = "RabbitMQ client";

    private static final int RECOVERY_INTERVAL_MILLIS = 500;

    private final ConnectionFactory factory = new ConnectionFactory();

    PlainProcess(BrokerCluster cluster, BrokerService service) {
        cluster.configure(factory);
        factory.setHost(service.host());
        factory.setPort(service.port());
        factory.setNetworkRecoveryInterval(RECOVERY_INTERVAL_MILLIS);
    }

    @Override
    public String label() {
        return LABEL;
    }

    @Override
    public Connection connect(String name) throws IOException, TimeoutException {
        return factory.newConnection(LABEL + " " + name);
    }

    @Override
    public void close() {
        // what opened the connections closes them
    }
}
