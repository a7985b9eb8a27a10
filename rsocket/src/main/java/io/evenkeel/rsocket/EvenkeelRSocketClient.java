package io.evenkeel.rsocket;

import io.evenkeel.status.PoolStatus;
import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.core.RSocketClient;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** An RSocket client that spreads requests over the Pods behind a Service and drains before it lets go of one. */
public final class EvenkeelRSocketClient implements RSocketClient, AutoCloseable {

    /** A builder with the defaults that each of its setters documents. */
    public static EvenkeelRSocketClientBuilder builder() {
        return new EvenkeelRSocketClientBuilder();
    }

    /** The pool's name. */
    public String name() {
        throw new UnsupportedOperationException();
    }

    /** All Pods as one {@link RSocket}: each request picks its Pod when it is subscribed to. */
    public RSocket rsocket() {
        throw new UnsupportedOperationException();
    }

    /** What the pool looks like now. */
    public PoolStatus status() {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean connect() {
        return !isDisposed();
    }

    @Override
    public Mono<RSocket> source() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Mono<Void> fireAndForget(Mono<Payload> payload) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Mono<Payload> requestResponse(Mono<Payload> payload) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Flux<Payload> requestStream(Mono<Payload> payload) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Flux<Payload> requestChannel(Publisher<Payload> payloads) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Mono<Void> metadataPush(Mono<Payload> payload) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Mono<Void> onClose() {
        throw new UnsupportedOperationException();
    }

    /** Ends the client now: whatever is in flight fails. */
    @Override
    public void dispose() {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean isDisposed() {
        throw new UnsupportedOperationException();
    }

    /** Ends the client: no new requests, those in flight have the close timeout, then the connections are disposed. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
