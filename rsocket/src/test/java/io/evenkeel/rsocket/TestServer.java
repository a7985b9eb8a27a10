package io.evenkeel.rsocket;

import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.SocketAcceptor;
import io.rsocket.core.RSocketServer;
import io.rsocket.transport.netty.server.CloseableChannel;
import io.rsocket.transport.netty.server.TcpServerTransport;
import io.rsocket.util.DefaultPayload;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A real RSocket server over TCP that answers with its own name. */
final class TestServer implements AutoCloseable {

    final String name;
    final AtomicInteger requests = new AtomicInteger();
    final AtomicInteger pushes = new AtomicInteger();
    /** The connections to it, from its side. */
    final List<RSocket> clients = new CopyOnWriteArrayList<>();

    volatile RSocket responder = new Answers();
    private CloseableChannel channel;

    private TestServer(String name) {
        this.name = name;
    }

    static TestServer start(String name) {
        return start(name, UnaryOperator.identity());
    }

    static TestServer start(String name, UnaryOperator<RSocketServer> settings) {
        return start(name, 0, settings);
    }

    static TestServer start(String name, int port, UnaryOperator<RSocketServer> settings) {
        TestServer server = new TestServer(name);
        SocketAcceptor acceptor = (setup, sending) -> {
            server.clients.add(sending);
            return Mono.just(server.new Current());
        };
        server.channel = settings.apply(RSocketServer.create(acceptor))
                .bind(TcpServerTransport.create("127.0.0.1", port))
                .block(Duration.ofSeconds(10));
        return server;
    }

    int port() {
        return channel.address().getPort();
    }

    String address() {
        return "127.0.0.1:" + port();
    }

    static String target(TestServer... servers) {
        StringBuilder target = new StringBuilder("static:///");
        for (TestServer server : servers) {
            target.append(target.length() > 10 ? "," : "").append(server.address());
        }
        return target.toString();
    }

    /** Ends the connections to it and takes no more. */
    @Override
    public void close() {
        channel.dispose();
        clients.forEach(RSocket::dispose);
        channel.onClose().onErrorResume(e -> Mono.empty()).block(Duration.ofSeconds(10));
    }

    private final class Current implements RSocket {
        @Override
        public Mono<Void> fireAndForget(Payload payload) {
            requests.incrementAndGet();
            return responder.fireAndForget(payload);
        }

        @Override
        public Mono<Payload> requestResponse(Payload payload) {
            requests.incrementAndGet();
            return responder.requestResponse(payload);
        }

        @Override
        public Flux<Payload> requestStream(Payload payload) {
            requests.incrementAndGet();
            return responder.requestStream(payload);
        }

        @Override
        public Flux<Payload> requestChannel(Publisher<Payload> payloads) {
            requests.incrementAndGet();
            return responder.requestChannel(payloads);
        }

        @Override
        public Mono<Void> metadataPush(Payload payload) {
            pushes.incrementAndGet();
            payload.release();
            return Mono.empty();
        }
    }

    /** Answers with its name and what it was sent; a stream counts up to the number it was sent. */
    final class Answers implements RSocket {
        @Override
        public Mono<Void> fireAndForget(Payload payload) {
            payload.release();
            return Mono.empty();
        }

        @Override
        public Mono<Payload> requestResponse(Payload payload) {
            String text = name + ":" + payload.getDataUtf8();
            payload.release();
            return Mono.just(DefaultPayload.create(text));
        }

        @Override
        public Flux<Payload> requestStream(Payload payload) {
            int count = Integer.parseInt(payload.getDataUtf8());
            payload.release();
            return Flux.range(0, count).map(i -> DefaultPayload.create(name + ":" + i));
        }

        @Override
        public Flux<Payload> requestChannel(Publisher<Payload> payloads) {
            return Flux.from(payloads).map(payload -> {
                String text = name + ":" + payload.getDataUtf8();
                payload.release();
                return DefaultPayload.create(text);
            });
        }
    }
}
