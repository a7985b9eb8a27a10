package io.evenkeel.demo.amqp.ledger;

import com.rabbitmq.client.Connection;
import java.io.IOException;
import java.util.concurrent.TimeoutException;

/** What opens connections: one client process. */
public interface AmqpClient extends AutoCloseable {
    /** What its figures are printed under. */
    String label();

    Connection connect(String name) throws IOException, TimeoutException;

    @Override
    void close();
}
