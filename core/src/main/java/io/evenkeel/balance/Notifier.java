package io.evenkeel.balance;

import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.event.EvenkeelListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the application's listener, and survives it. Confined to the control thread. */
final class Notifier {

    private static final Logger LOG = LoggerFactory.getLogger(Notifier.class);

    private final String pool;
    private final EvenkeelListener listener;
    private boolean failureLogged;

    Notifier(String pool, EvenkeelListener listener) {
        this.pool = pool;
        this.listener = listener;
    }

    @SuppressWarnings("IllegalCatch") // the listener is the application's: whatever it throws must not stop the loop
    void tell(EvenkeelEvent event) {
        LOG.debug("{}", event);
        try {
            listener.on(event);
        } catch (RuntimeException e) {
            if (!failureLogged) {
                failureLogged = true;
                LOG.warn(
                        "Pool {}: the listener {} failed at {}; it is told of later events all the same, and later"
                                + " failures are not logged",
                        pool,
                        listener.getClass().getName(),
                        event,
                        e);
            }
        }
    }
}
