package io.evenkeel.rsocket;

import io.evenkeel.endpoint.EndpointKey;
import org.jspecify.annotations.Nullable;

/**
 * The connection was lost while the request was in flight. Whether the server has run it can't be known, so it is not
 * sent again by itself; the application may, for requests that are idempotent.
 */
public final class ConnectionLostException extends EvenkeelRSocketException {

    private static final long serialVersionUID = 1L;

    private final transient EndpointKey endpoint;

    ConnectionLostException(String pool, EndpointKey endpoint, @Nullable Throwable cause) {
        super(
                "Pool " + pool + ": the connection to " + endpoint
                        + " was lost with this request in flight; the server may"
                        + " have run it or not, so it was not sent again (retry it if it is idempotent)",
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
