package io.evenkeel.spi;

import io.evenkeel.endpoint.EndpointKey;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one place through which foreign code is called: listeners, metrics recorders, sources, connection factories,
 * drivers, credentials, interceptors, handlers, subscribers. Any {@link Throwable} is caught here and becomes the
 * failure of the one step that the code was called for, so that no loop, timer or other caller ends because of it.
 *
 * <p>The first failure of each kind is logged at WARN with its stack trace, the owner and the endpoint; later ones at
 * DEBUG. If the code was interrupted, the thread's interrupt flag is set again.
 *
 * <p>Callers hold no lock while foreign code runs, and run code that may block on a thread that may block. Thread-safe.
 */
public final class Guard {

    private static final Logger LOG = LoggerFactory.getLogger(Guard.class);
    /** Kinds are constants of the callers; the bound is for a caller that breaks this rule. */
    private static final int MOST_KINDS = 1_000;

    private final String owner;
    private final Set<String> reported = ConcurrentHashMap.newKeySet();

    /** Foreign code that returns nothing and may throw anything. */
    @FunctionalInterface
    public interface Step {
        void run() throws Throwable;
    }

    /** @param owner whose foreign code this is, as it is to appear in messages, such as {@code Pool orders} */
    public Guard(String owner) {
        this.owner = Objects.requireNonNull(owner, "owner");
    }

    /**
     * Runs foreign code.
     *
     * @param kind what it is, in words; the first failure of each kind is logged in full
     * @param endpoint the endpoint that it is about, or null if about none
     * @return what it threw, or null if it returned
     */
    public @Nullable Throwable run(String kind, @Nullable EndpointKey endpoint, Step foreign) {
        try {
            foreign.run();
            return null;
        } catch (Throwable failure) {
            failed(kind, endpoint, failure);
            return failure;
        }
    }

    /**
     * Runs foreign code that returns something.
     *
     * @param otherwise the result if it throws; must not throw itself
     */
    public <T> T call(
            String kind,
            @Nullable EndpointKey endpoint,
            Callable<? extends T> foreign,
            Function<? super Throwable, ? extends T> otherwise) {
        try {
            return foreign.call();
        } catch (Throwable failure) {
            failed(kind, endpoint, failure);
            return otherwise.apply(failure);
        }
    }

    /**
     * Books a failure of foreign code that was caught elsewhere: restores the interrupt flag, and logs. Never throws.
     */
    public void failed(String kind, @Nullable EndpointKey endpoint, Throwable failure) {
        restoreInterrupt(failure);
        try {
            log(kind, endpoint, failure);
        } catch (Throwable whileLogging) {
            // Out of memory, or an exception that can't be printed: to log is all that was left to do.
            restoreInterrupt(whileLogging);
        }
    }

    private void log(String kind, @Nullable EndpointKey endpoint, Throwable failure) {
        String where = endpoint == null ? "" : " at " + endpoint;
        if (reported.size() < MOST_KINDS && reported.add(kind)) {
            LOG.warn(
                    "{}: {} failed{}; only this step has failed, and later failures of this kind are logged at DEBUG",
                    owner,
                    kind,
                    where,
                    failure);
        } else {
            LOG.debug("{}: {} failed{}", owner, kind, where, failure);
        }
    }

    /** Sets the thread's interrupt flag again if the failure is an interruption. */
    static void restoreInterrupt(Throwable failure) {
        if (failure instanceof InterruptedException) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public String toString() {
        return "Guard[" + owner + "]";
    }
}
