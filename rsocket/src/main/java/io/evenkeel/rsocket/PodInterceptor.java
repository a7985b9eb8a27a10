package io.evenkeel.rsocket;

import io.evenkeel.Experimental;
import io.evenkeel.endpoint.EndpointKey;
import io.rsocket.RSocket;

/**
 * Sees the requests of one connection and knows its Pod, such as to name it in spans. Called once for each connection
 * that is established, on a thread that may block, within the {@code connectTimeout}. The requests themselves pass
 * through what it returned, on the thread that subscribes to them. Implementations are thread-safe.
 *
 * <pre>{@code
 * builder.interceptor((pod, connection) ->
 *         new ObservationRequesterRSocketProxy(new PodOfRequests(pod, connection), observations));
 * }</pre>
 *
 * <p>If it throws or returns null, the connection is closed and counts as one that could not be set up; the Pod isn't
 * blamed for it. Requests, and {@code dispose()} once, are all that is called of what it returned.
 */
@Experimental
@FunctionalInterface
public interface PodInterceptor {

    /**
     * What requests to this Pod go through from now on.
     *
     * @param pod the Pod that this connection leads to, for all of its life
     * @param connection its RSocket, with the connector's own interceptors inside
     * @return a proxy of it, or itself; closing the result must close the connection
     */
    RSocket apply(EndpointKey pod, RSocket connection);
}
