package io.evenkeel.event;

/**
 * Is told what happens. Called outside every lock, on the control thread and in order: return quickly. A listener that
 * throws is logged once with its class and told of later events all the same.
 */
@FunctionalInterface
public interface EvenkeelListener {

    void on(EvenkeelEvent event);

    /** Hears nothing. */
    static EvenkeelListener none() {
        return event -> {};
    }
}
