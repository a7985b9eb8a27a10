package io.evenkeel.balance;

import io.evenkeel.endpoint.TypeNames;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.event.EvenkeelListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Notifies the application's listener, off the control thread and behind the guard. Thread-safe. */
final class Notifier {

    private static final Logger LOG = LoggerFactory.getLogger(Notifier.class);

    private final EvenkeelListener listener;
    private final EventDispatch dispatch;
    private final boolean listens;
    private final String kind;

    Notifier(EvenkeelListener listener, EventDispatch dispatch) {
        this.listener = listener;
        this.dispatch = dispatch;
        this.listens = !listener.equals(EvenkeelListener.none());
        this.kind = "the listener " + TypeNames.of(listener);
    }

    void notify(EvenkeelEvent event) {
        LOG.debug("{}", event);
        if (listens) {
            dispatch.dispatch(kind, null, () -> listener.on(event));
        }
    }
}
