package io.evenkeel.rsocket;

import io.rsocket.exceptions.CanceledException;
import io.rsocket.exceptions.CustomRSocketException;
import io.rsocket.exceptions.InvalidException;
import io.rsocket.lease.MissingLeaseException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Which errors count against the Pod that they came from. */
final class Failures {

    private static final Logger LOG = LoggerFactory.getLogger(Failures.class);

    private final String pool;
    private final Predicate<Throwable> counted;
    private final AtomicBoolean logged = new AtomicBoolean();

    /** @param counted the application's; where it throws, {@link #isFailure} decides */
    Failures(String pool, Predicate<Throwable> counted) {
        this.pool = pool;
        this.counted = counted;
    }

    @SuppressWarnings("IllegalCatch") // the application's code may throw anything
    boolean count(Throwable error) {
        try {
            return counted.test(error);
        } catch (Throwable e) {
            if (logged.compareAndSet(false, true)) {
                LOG.warn("Pool {}: countsAsFailure threw; the default decides instead", pool, e);
            }
            return isFailure(error);
        }
    }

    /**
     * Whether another Pod might have done better: not where the request itself was wrong, where the application has its
     * own error code, where the server only keeps its limit, or where nothing was sent.
     */
    static boolean isFailure(Throwable error) {
        return !(error instanceof InvalidException
                || error instanceof CustomRSocketException
                || error instanceof CanceledException
                || error instanceof MissingLeaseException
                || error instanceof IllegalArgumentException
                || error instanceof IllegalStateException);
    }
}
