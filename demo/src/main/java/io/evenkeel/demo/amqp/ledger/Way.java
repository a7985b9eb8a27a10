package io.evenkeel.demo.amqp.ledger;

import com.rabbitmq.client.Connection;
import java.io.IOException;
import java.util.concurrent.TimeoutException;

/** A way to make live connections change their broker. */
public interface Way extends AutoCloseable {
    /** What the figures are printed under. */
    String label();

    /** Opens a connection that {@link #move} moves from then on. */
    Connection connect(String name) throws IOException, TimeoutException;

    /**
     * Moves every connection to another broker and returns when they are there.
     *
     * @return from when the first was touched to when the last was there
     */
    Window move() throws IOException, InterruptedException;

    @Override
    void close();
}
