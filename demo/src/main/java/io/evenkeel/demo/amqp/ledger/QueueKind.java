package io.evenkeel.demo.amqp.ledger;

import java.util.Locale;
import java.util.Map;

/** The kinds of queue that RabbitMQ has. */
public enum QueueKind {
    CLASSIC,
    QUORUM,
    STREAM;

    /** What {@code queueDeclare} takes. Brokers without kinds get a plain queue for CLASSIC. */
    Map<String, Object> queueArguments() {
        return this == CLASSIC ? Map.of() : Map.of("x-queue-type", label());
    }

    /** What {@code basicConsume} takes: a stream is read from its beginning. */
    Map<String, Object> consumerArguments() {
        return this == STREAM ? Map.of("x-stream-offset", "first") : Map.of();
    }

    /** As RabbitMQ calls it. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
