package io.evenkeel.spring;

import io.evenkeel.event.EvenkeelListener;
import org.springframework.beans.factory.ObjectProvider;

/** The application's beans of {@link EvenkeelListener} as one listener of a pool. */
public final class ListenerBeans {

    private ListenerBeans() {}

    /** Hands each event to all of them, in their order; looked up for each, since some may be made later. */
    public static EvenkeelListener of(ObjectProvider<EvenkeelListener> beans) {
        return event -> beans.orderedStream().forEach(listener -> listener.on(event));
    }
}
