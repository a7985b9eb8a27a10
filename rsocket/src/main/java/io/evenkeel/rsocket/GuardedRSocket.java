package io.evenkeel.rsocket;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.Guard;
import io.rsocket.RSocket;
import io.rsocket.util.RSocketProxy;
import reactor.core.publisher.Mono;

/**
 * A connection's RSocket, with the application's interceptors around it, as the pool itself asks it: what they throw
 * here would end a step of the control thread, or a request of another caller. Requests are passed on as they are,
 * since what throws there is the request's own failure.
 */
final class GuardedRSocket extends RSocketProxy {

    private final Guard guard;
    private final EndpointKey endpoint;

    GuardedRSocket(RSocket established, Guard guard, EndpointKey endpoint) {
        super(established);
        this.guard = guard;
        this.endpoint = endpoint;
    }

    /** If it throws, the connection counts as lost: nothing would say so later. */
    @Override
    public Mono<Void> onClose() {
        try {
            return super.onClose();
        } catch (Throwable failure) {
            guard.failed("RSocket.onClose", endpoint, failure);
            return Mono.error(failure);
        }
    }

    /** If it throws, the wire beneath it is closed all the same, a moment later. */
    @Override
    public void dispose() {
        try {
            super.dispose();
        } catch (Throwable failure) {
            guard.failed("RSocket.dispose", endpoint, failure);
        }
    }

    @Override
    public boolean isDisposed() {
        try {
            return super.isDisposed();
        } catch (Throwable failure) {
            guard.failed("RSocket.isDisposed", endpoint, failure);
            return false;
        }
    }

    @Override
    public double availability() {
        try {
            return super.availability();
        } catch (Throwable failure) {
            guard.failed("RSocket.availability", endpoint, failure);
            return 0;
        }
    }
}
