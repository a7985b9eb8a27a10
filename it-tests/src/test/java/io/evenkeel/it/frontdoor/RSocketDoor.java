package io.evenkeel.it.frontdoor;

import io.evenkeel.rsocket.EvenkeelRSocketClient;
import io.evenkeel.rsocket.EvenkeelRSocketClientBuilder;
import io.evenkeel.status.PoolStatus;
import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.core.RSocketServer;
import io.rsocket.transport.netty.client.TcpClientTransport;
import io.rsocket.transport.netty.server.CloseableChannel;
import io.rsocket.transport.netty.server.TcpServerTransport;
import io.rsocket.util.DefaultPayload;
import java.time.Duration;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A client over one server on loopback, which is every Pod. */
final class RSocketDoor extends FrontDoor {

    private static final Duration LONG = Duration.ofSeconds(30);

    private final EvenkeelRSocketClientBuilder builder = EvenkeelRSocketClient.builder();

    RSocketDoor(CloseableChannel server) {
        super("RSocket");
        builder.maxConnections(1).transport(endpoint -> TcpClientTransport.create(server.address()));
    }

    /** Answers a request with itself, and streams without an end. */
    static CloseableChannel server() {
        return RSocketServer.create((setup, socket) -> Mono.just(new RSocket() {
                    @Override
                    public Mono<Payload> requestResponse(Payload payload) {
                        return payload.getDataUtf8().equals("fail")
                                ? Mono.error(new IllegalStateException("as asked for"))
                                : Mono.just(payload);
                    }

                    @Override
                    public Flux<Payload> requestStream(Payload payload) {
                        payload.release();
                        return Flux.interval(Duration.ofMillis(20)).map(i -> DefaultPayload.create("element"));
                    }
                }))
                .bindNow(TcpServerTransport.create("127.0.0.1", 0));
    }

    @Override
    EvenkeelRSocketClientBuilder settings() {
        return builder;
    }

    EvenkeelRSocketClient client() {
        return builder.build();
    }

    @Override
    Opened open() {
        EvenkeelRSocketClient client = client();
        try {
            client.requestResponse(Mono.just(DefaultPayload.create("hello"))).block(LONG);
        } catch (RuntimeException e) {
            client.close();
            throw e;
        }
        return new Opened() {
            @Override
            public PoolStatus status() {
                return client.status();
            }

            @Override
            public void close() {
                client.close();
            }
        };
    }
}
