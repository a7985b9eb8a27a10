package io.evenkeel.amqp;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ExceptionHandler;
import io.evenkeel.endpoint.EndpointKey;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeoutException;

/** One connection's settings, and how to dial a broker with them. Thread-safe. */
interface Dialer {

    /**
     * A raw connection that doesn't recover. Blocks.
     *
     * @param handler in the place of the application's
     * @param again whether the application has the connection already: then no single attempt may take long
     */
    Connection dial(EndpointKey endpoint, ExceptionHandler handler, boolean again) throws IOException, TimeoutException;

    /** The application's. */
    ExceptionHandler exceptionHandler();

    boolean recovers();

    boolean recoversTopology();

    ConsumerHandover handover();

    Duration ackHold();

    Duration publisherPause();

    /** How long a voluntary move may keep consumers stopped. */
    Duration moveDeadline();

    /** How long a close without a time-out of its own waits for the broker's answer. */
    Duration closeTimeout();

    /** What the client calls the connection; not empty. */
    String name();
}
