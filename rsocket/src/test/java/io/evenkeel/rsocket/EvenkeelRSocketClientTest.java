package io.evenkeel.rsocket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.endpoint.InvalidTargetException;
import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.exceptions.ApplicationErrorException;
import io.rsocket.util.DefaultPayload;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** The client over real TCP. */
class EvenkeelRSocketClientTest {

    private static final Duration LONG = Duration.ofSeconds(20);

    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
    }

    private TestServer server(String name) {
        TestServer server = TestServer.start(name);
        open.add(server);
        return server;
    }

    private EvenkeelRSocketClient client(TestServer... servers) {
        EvenkeelRSocketClient client = EvenkeelRSocketClient.builder()
                .target(TestServer.target(servers))
                .name("orders")
                .clientId("test")
                .jmx(false)
                .closeTimeout(Duration.ofSeconds(2))
                .build();
        open.add(0, client);
        return client;
    }

    private static Payload payload(String text) {
        return DefaultPayload.create(text);
    }

    @Test
    void the_facade_carries_every_interaction() {
        TestServer server = server("a");
        RSocket rsocket = client(server).rsocket();

        StepVerifier.create(rsocket.requestResponse(payload("x")).map(Payload::getDataUtf8))
                .expectNext("a:x")
                .expectComplete()
                .verify(LONG);
        StepVerifier.create(rsocket.requestStream(payload("3")).map(Payload::getDataUtf8))
                .expectNext("a:0", "a:1", "a:2")
                .expectComplete()
                .verify(LONG);
        StepVerifier.create(rsocket.requestChannel(Flux.just(payload("p"), payload("q")))
                        .map(Payload::getDataUtf8))
                .expectNext("a:p", "a:q")
                .expectComplete()
                .verify(LONG);
        StepVerifier.create(rsocket.fireAndForget(payload("f")))
                .expectComplete()
                .verify(LONG);
        StepVerifier.create(rsocket.metadataPush(DefaultPayload.create("", "m")))
                .expectComplete()
                .verify(LONG);
        // The last one was sent after the others on the same connection, and is answered after them.
        StepVerifier.create(rsocket.requestResponse(payload("y")))
                .expectNextCount(1)
                .expectComplete()
                .verify(LONG);
        assertThat(server.requests).hasValue(5);
        assertThat(server.pushes).hasValue(1);
    }

    @Test
    void the_client_makes_a_request_per_subscriber() {
        EvenkeelRSocketClient client = client(server("a"));
        Mono<String> request =
                client.requestResponse(Mono.fromSupplier(() -> payload("x"))).map(Payload::getDataUtf8);
        for (int i = 0; i < 3; i++) {
            StepVerifier.create(request).expectNext("a:x").expectComplete().verify(LONG);
        }
        StepVerifier.create(client.requestStream(Mono.just(payload("2"))).map(Payload::getDataUtf8))
                .expectNext("a:0", "a:1")
                .expectComplete()
                .verify(LONG);
        StepVerifier.create(client.requestChannel(Flux.just(payload("p"))).map(Payload::getDataUtf8))
                .expectNext("a:p")
                .expectComplete()
                .verify(LONG);
        StepVerifier.create(client.fireAndForget(Mono.just(payload("f"))))
                .expectComplete()
                .verify(LONG);
        StepVerifier.create(client.requestResponse(Mono.empty()))
                .expectComplete()
                .verify(LONG);
        StepVerifier.create(client.requestResponse(Mono.error(new IllegalStateException("none"))))
                .expectErrorMessage("none")
                .verify(LONG);
    }

    @Test
    void requests_reach_every_pod() {
        TestServer[] servers = {server("a"), server("b"), server("c"), server("d")};
        EvenkeelRSocketClient client = client(servers);
        StepVerifier.create(Flux.range(0, 400)
                        .flatMap(i -> client.rsocket().requestResponse(payload("x")), 8)
                        .then())
                .expectComplete()
                .verify(LONG);
        Set<String> reached = new TreeSet<>();
        for (TestServer server : servers) {
            if (server.requests.get() >= 40) {
                reached.add(server.name);
            }
        }
        assertThat(reached).containsExactly("a", "b", "c", "d");
        assertThat(client.connections()).hasSize(4).allMatch(connection -> connection.inFlight() == 0);
    }

    @Test
    void an_error_of_the_server_is_passed_on_as_it_is() {
        TestServer server = server("a");
        server.responder = new RSocket() {
            @Override
            public Mono<Payload> requestResponse(Payload payload) {
                payload.release();
                return Mono.error(new IllegalStateException("sold out"));
            }
        };
        StepVerifier.create(client(server).rsocket().requestResponse(payload("x")))
                .expectErrorSatisfies(e -> assertThat(e)
                        .isInstanceOf(ApplicationErrorException.class)
                        .hasMessage("sold out"))
                .verify(LONG);
    }

    @Test
    void a_closed_client_refuses_and_says_so() {
        EvenkeelRSocketClient client = client(server("a"));
        client.close();
        assertThat(client.isDisposed()).isTrue();
        StepVerifier.create(client.rsocket().requestResponse(payload("x")))
                .expectErrorSatisfies(e -> assertThat(e)
                        .isInstanceOf(ClientClosedException.class)
                        .hasMessage("Pool orders: the client is closed"))
                .verify(LONG);
        StepVerifier.create(client.onClose()).expectComplete().verify(LONG);
    }

    @Test
    void what_is_not_a_target_is_refused_when_the_client_is_built() {
        assertThatThrownBy(() -> EvenkeelRSocketClient.builder().build())
                .isInstanceOf(InvalidTargetException.class)
                .hasMessageStartingWith("target: null (expected: where the Pods are");
        assertThatThrownBy(() ->
                        EvenkeelRSocketClient.builder().target("orders:7000").build())
                .isInstanceOf(InvalidTargetException.class)
                .hasMessageContaining("orders:7000");
        assertThatThrownBy(() -> EvenkeelRSocketClient.builder()
                        .target("nosuch:///orders")
                        .jmx(false)
                        .build())
                .isInstanceOf(InvalidTargetException.class)
                .hasMessageContaining("nosuch");
    }
}
