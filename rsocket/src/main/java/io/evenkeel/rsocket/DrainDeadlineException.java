package io.evenkeel.rsocket;

import io.evenkeel.endpoint.EndpointKey;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The request was still in flight when its connection's time to drain was over, and was ended. It may be sent again, to
 * another Pod, if it is idempotent; a stream can be continued if the server knows how.
 */
public final class DrainDeadlineException extends EvenkeelRSocketException {

    private static final long serialVersionUID = 1L;

    private final transient EndpointKey endpoint;

    DrainDeadlineException(String pool, EndpointKey endpoint, Duration deadline, @Nullable Throwable cause) {
        super(
                "Pool " + pool + ": " + endpoint + " is left and this request was still in flight there after "
                        + deadline
                        + " (send it again if it is idempotent; lengthen drainDeadline and the Pod's"
                        + " terminationGracePeriodSeconds if requests take that long)",
                cause);
        this.endpoint = endpoint;
    }

    /** The Pod it was at. */
    public EndpointKey endpoint() {
        return endpoint;
    }

    @Override
    public boolean neverSent() {
        return false;
    }
}
