package io.evenkeel.rsocket;

import io.evenkeel.endpoint.EndpointKey;
import io.rsocket.RSocket;
import io.rsocket.util.RSocketProxy;
import reactor.core.publisher.Mono;

/**
 * A connection's RSocket, with the application's interceptors around it, as the pool itself uses it. Requests go
 * through the interceptors, on the threads that make them: what throws or blocks there has its own request. What the
 * pool asks, it asks rsocket-java's own requester inside of them, since the control thread and each choice of a Pod ask
 * it.
 *
 * <p>Invariant: no method but those that make requests runs the application's code on the thread that calls it.
 */
final class GuardedRSocket extends RSocketProxy {

    private final RSocket requester;
    private final ForeignCalls foreign;
    private final EndpointKey endpoint;

    /** @param requester rsocket-java's own, inside of what is established */
    GuardedRSocket(RSocket established, RSocket requester, ForeignCalls foreign, EndpointKey endpoint) {
        super(established);
        this.requester = requester;
        this.foreign = foreign;
        this.endpoint = endpoint;
    }

    @Override
    public Mono<Void> onClose() {
        return requester.onClose();
    }

    /**
     * By the interceptors; if one throws, without them. If one does not return, or passes nothing on, the wire is
     * closed a moment later.
     */
    @Override
    public void dispose() {
        foreign.run("RSocket.dispose", endpoint, () -> {
            try {
                super.dispose();
            } catch (Throwable failure) {
                requester.dispose();
                throw failure;
            }
        });
    }

    @Override
    public boolean isDisposed() {
        return requester.isDisposed();
    }

    @Override
    public double availability() {
        return requester.availability();
    }
}
