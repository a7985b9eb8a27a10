package com.example;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.rsocket.EvenkeelRSocketClient;
import io.evenkeel.rsocket.PodInterceptor;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.contextpropagation.ObservationThreadLocalAccessor;
import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.core.RSocketServer;
import io.rsocket.micrometer.observation.ObservationRequesterRSocketProxy;
import io.rsocket.transport.netty.server.CloseableChannel;
import io.rsocket.transport.netty.server.TcpServerTransport;
import io.rsocket.util.DefaultPayload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What the page on spans says of RSocket, with the class that it shows, over real TCP. */
class PodOfRequestsTest {
    private static final Duration LONG = Duration.ofSeconds(20);

    private final List<CloseableChannel> servers = new ArrayList<>();
    private final ObservationRegistry observations = ObservationRegistry.create();
    private final List<Observation.Context> started = new CopyOnWriteArrayList<>();
    private EvenkeelRSocketClient client;
    /**
     * With observations that are begun here: without a tracing handler, which it takes the payload of streams from, the proxy of
     * rsocket-micrometer 1.1.5 sends null in their place.
     */
    private EvenkeelRSocketClient streaming;

    private final class Started implements ObservationHandler<Observation.Context> {
        @Override
        public void onStart(Observation.Context context) {
            started.add(context);
        }

        @Override
        public boolean supportsContext(Observation.Context context) {
            return true;
        }
    }

    /** Answers with its own address. */
    private static final class Named implements RSocket {
        private volatile String address = "";

        @Override
        public Mono<Void> fireAndForget(Payload payload) {
            payload.release();
            return Mono.empty();
        }

        @Override
        public Mono<Payload> requestResponse(Payload payload) {
            payload.release();
            return Mono.just(DefaultPayload.create(address));
        }

        @Override
        public Flux<Payload> requestStream(Payload payload) {
            return requestResponse(payload).flux();
        }

        @Override
        public Flux<Payload> requestChannel(Publisher<Payload> payloads) {
            return Flux.from(payloads).concatMap(this::requestResponse);
        }
    }

    @BeforeEach
    void start() {
        List<String> addresses = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            Named responder = new Named();
            CloseableChannel server = RSocketServer.create((setup, sending) -> Mono.just(responder))
                    .bindNow(TcpServerTransport.create("127.0.0.1", 0));
            responder.address = "127.0.0.1:" + server.address().getPort();
            servers.add(server);
            addresses.add(responder.address);
        }
        observations.observationConfig().observationHandler(new Started());
        client = client(
                addresses,
                (pod, connection) ->
                        new ObservationRequesterRSocketProxy(new PodOfRequests(pod, connection), observations));
        streaming = client(addresses, PodOfRequests::new);
    }

    private static EvenkeelRSocketClient client(List<String> addresses, PodInterceptor interceptor) {
        return EvenkeelRSocketClient.builder()
                .target("static:///" + String.join(",", addresses))
                .jmx(false)
                .interceptor(interceptor)
                .build();
    }

    @AfterEach
    void close() {
        client.close();
        streaming.close();
        servers.forEach(CloseableChannel::dispose);
    }

    @Test
    void a_request_that_is_answered_has_the_pod_that_answered() {
        assertThat(podsOf(client, RSocket::requestResponse)).hasSize(2);
        assertThat(podsOf(streaming, observed(RSocket::requestStream))).hasSize(2);
        assertThat(podsOf(streaming, observed((rsocket, payload) -> rsocket.requestChannel(Mono.just(payload)))))
                .hasSize(2);
    }

    private BiFunction<RSocket, Payload, Publisher<Payload>> observed(
            BiFunction<RSocket, Payload, Flux<Payload>> request) {
        return (rsocket, payload) -> {
            Observation observation = Observation.start("request", observations);
            return request.apply(rsocket, payload)
                    .contextWrite(context -> context.put(ObservationThreadLocalAccessor.KEY, observation));
        };
    }

    @Test
    void a_request_without_an_answer_has_its_pod() {
        client.rsocket().fireAndForget(DefaultPayload.create("x")).block(LONG);
        assertThat(pod()).startsWith("127.0.0.1:");
    }

    @Test
    void the_page_shows_this_class() throws IOException {
        Path root = Path.of("").toAbsolutePath().getParent();
        assertThat(Files.readString(root.resolve("docs/recipes/pod-in-spans.md")))
                .contains(Files.readString(root.resolve("rsocket/src/test/java/com/example/PodOfRequests.java")));
    }

    /** Until both Pods have answered. */
    private Set<String> podsOf(EvenkeelRSocketClient by, BiFunction<RSocket, Payload, Publisher<Payload>> request) {
        Set<String> pods = new TreeSet<>();
        long end = System.nanoTime() + LONG.toNanos();
        while (pods.size() < 2 && System.nanoTime() < end) {
            String answer = Flux.from(request.apply(by.rsocket(), DefaultPayload.create("x")))
                    .map(Payload::getDataUtf8)
                    .blockLast(LONG);
            assertThat(pod()).isEqualTo(answer);
            pods.add(pod());
        }
        return pods;
    }

    /** Of the newest observation. */
    private String pod() {
        return started.get(started.size() - 1).getHighCardinalityKeyValue("pod").getValue();
    }
}
