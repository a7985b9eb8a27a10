package io.evenkeel.demo.amqp.ledger;

/**
 * A time in which something happened.
 *
 * @param from its beginning, of {@link System#nanoTime}
 * @param to its end
 */
public record Window(long from, long to) {
    Window until(long later) {
        return new Window(from, later);
    }
}
