package io.evenkeel.demo.amqp;

import com.rabbitmq.client.Connection;
import io.evenkeel.amqp.EvenkeelConnectionFactory;
import io.evenkeel.demo.amqp.broker.BrokerCluster;
import io.evenkeel.demo.amqp.ledger.AmqpClient;
import java.io.IOException;
import java.util.concurrent.TimeoutException;

/** A client process with our factory, over the brokers themselves. Everything else is at its default. */
final class EvenkeelProcess implements AmqpClient {
    static final String LABEL = "Evenkeel";

    private static final int RECOVERY_INTERVAL_MILLIS = 500;

    private final EvenkeelConnectionFactory factory = new EvenkeelConnectionFactory();

    EvenkeelProcess(BrokerCluster cluster, BrokerService service, String clientId) {
        cluster.configure(factory);
        factory.setTarget(service.target());
        factory.setName("demo");
        factory.setClientId(clientId);
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
