package io.evenkeel.rsocket;

import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.SocketAcceptor;
import io.rsocket.plugins.SocketAcceptorInterceptor;
import io.rsocket.util.RSocketProxy;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

/**
 * Counts what servers ask of the application through its acceptor, so that a drain waits for it, too.
 *
 * <p>The connector is the application's and may connect elsewhere: the Reactor Context of our own attempts names the
 * connection that is being set up, and connections made elsewhere aren't touched.
 */
final class ServerRequests implements SocketAcceptorInterceptor {

    /** The context that tells which connection is being set up. */
    Context of(PodConnection connection) {
        return Context.of(this, connection);
    }

    @Override
    public SocketAcceptor apply(SocketAcceptor acceptor) {
        return (setup, sending) -> Mono.deferContextual(context -> {
            Mono<RSocket> accepted = acceptor.accept(setup, sending);
            return context.<PodConnection>getOrEmpty(this)
                    .map(connection -> accepted.<RSocket>map(responder -> new Counted(responder, connection)))
                    .orElse(accepted);
        });
    }

    private static final class Counted extends RSocketProxy {
        private final PodConnection connection;

        Counted(RSocket responder, PodConnection connection) {
            super(responder);
            this.connection = connection;
        }

        private <T> Mono<T> counted(Mono<T> result) {
            return Mono.defer(() -> {
                connection.enterAnyway();
                return result.doFinally(signal -> connection.exitAnyway());
            });
        }

        private Flux<Payload> counted(Flux<Payload> result) {
            return Flux.defer(() -> {
                connection.enterAnyway();
                return result.doFinally(signal -> connection.exitAnyway());
            });
        }

        @Override
        public Mono<Void> fireAndForget(Payload payload) {
            return counted(super.fireAndForget(payload));
        }

        @Override
        public Mono<Payload> requestResponse(Payload payload) {
            return counted(super.requestResponse(payload));
        }

        @Override
        public Flux<Payload> requestStream(Payload payload) {
            return counted(super.requestStream(payload));
        }

        @Override
        public Flux<Payload> requestChannel(Publisher<Payload> payloads) {
            return counted(super.requestChannel(payloads));
        }

        @Override
        public Mono<Void> metadataPush(Payload payload) {
            return counted(super.metadataPush(payload));
        }
    }
}
