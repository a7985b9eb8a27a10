package io.evenkeel.event;

/**
 * Receives the events of a pool, in order and one at a time, on the thread {@code evenkeel-<pool>-events}, which the
 * metrics recorder shares. A listener that throws is logged once with its class and receives later events all the same;
 * one that does not return holds up nothing but itself and the recorder: up to 10,000 events wait, and further ones are
 * dropped.
 */
@FunctionalInterface
public interface EvenkeelListener {

    void on(EvenkeelEvent event);

    /** Ignores every event. */
    static EvenkeelListener none() {
        return event -> {};
    }
}
