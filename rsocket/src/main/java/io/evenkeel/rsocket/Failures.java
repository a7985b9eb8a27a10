package io.evenkeel.rsocket;

import io.rsocket.exceptions.CanceledException;
import io.rsocket.exceptions.CustomRSocketException;
import io.rsocket.exceptions.InvalidException;
import io.rsocket.lease.MissingLeaseException;

/** Which errors count against the Pod that they came from. */
final class Failures {

    private Failures() {}

    /**
     * Whether another Pod might have done better: not where the request itself was wrong, where the application has its own
     * error code, where the server only keeps its limit, or where nothing was sent.
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
