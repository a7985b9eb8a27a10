package io.evenkeel.demo.amqp.ledger;

import java.io.IOException;

/** A way to make live connections change their broker. */
public interface Way extends AmqpClient {
    /**
     * Moves every connection to another broker and returns when they are there.
     *
     * @return from when the first was touched to when the last was there
     */
    Window move() throws IOException, InterruptedException;
}
