package io.evenkeel.balance;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.Guard;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands events and counts to the application's listener and recorder: in order, off the control thread, behind the
 * guard. Thread-safe.
 *
 * <p>Code that never returns holds up only what is queued behind it. The queue is bounded: what exceeds it is dropped,
 * which is logged once.
 */
final class EventDispatch {

    static final int MOST_QUEUED = 10_000;

    private static final Logger LOG = LoggerFactory.getLogger(EventDispatch.class);

    private final String pool;
    private final Guard guard;
    private final Executor executor;
    private final AtomicInteger queued = new AtomicInteger();
    private final AtomicBoolean overflowLogged = new AtomicBoolean();

    EventDispatch(String pool, Guard guard, Executor executor) {
        this.pool = pool;
        this.guard = guard;
        this.executor = executor;
    }

    /** Runs foreign code now, on a thread of the application; never throws. */
    void inPlace(String kind, Guard.Step foreign) {
        guard.run(kind, null, foreign);
    }

    /** Runs foreign code soon; never throws. */
    void dispatch(String kind, @Nullable EndpointKey endpoint, Guard.Step foreign) {
        if (queued.incrementAndGet() > MOST_QUEUED) {
            queued.decrementAndGet();
            if (overflowLogged.compareAndSet(false, true)) {
                LOG.warn(
                        "Pool {}: {} events wait for the listener or the metrics recorder; further "
                                + "ones are dropped until"
                                + " it returns (logged once)",
                        pool,
                        MOST_QUEUED);
            }
            return;
        }
        try {
            executor.execute(() -> {
                queued.decrementAndGet();
                guard.run(kind, endpoint, foreign);
            });
        } catch (Throwable notStarted) {
            queued.decrementAndGet();
            guard.failed("the thread for events", endpoint, notStarted);
        }
    }
}
