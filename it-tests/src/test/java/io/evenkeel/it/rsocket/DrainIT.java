package io.evenkeel.it.rsocket;

import static io.evenkeel.it.rsocket.ClientBed.PATIENCE;
import static io.evenkeel.it.rsocket.ClientBed.awaitTrue;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.demo.rsocket.Behaviour;
import io.evenkeel.demo.rsocket.Contender;
import io.evenkeel.demo.rsocket.Payloads;
import io.evenkeel.demo.rsocket.RSocketPod;
import io.evenkeel.rsocket.EvenkeelRSocketClient;
import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.SocketAcceptor;
import io.rsocket.core.RSocketClient;
import io.rsocket.core.RSocketConnector;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;

/** What is in flight when its Pod leaves. */
class DrainIT {
    private static final Behaviour SLOW = Behaviour.taking(Duration.ofSeconds(2));

    /** The same with rsocket-java's own load balancer, so that this test is known to be able to fail. */
    @Test
    void a_request_in_flight_is_answered_although_its_pod_leaves_and_rsocket_java_breaks_it_off() throws Exception {
        try (ClientBed bed = ClientBed.start(1, SLOW)) {
            RSocketClient control = Contender.ROUND_ROBIN.client(bed.cluster(), RSocketConnector.create());
            Mono<Payload> theirs = ClientBed.begun(control.requestResponse(Mono.just(Payloads.text("theirs"))));
            RSocket rsocket = bed.client().rsocket();
            Mono<Payload> ours = ClientBed.begun(rsocket.requestResponse(Payloads.text("ours")));
            RSocketPod leaving = bed.pod(0);
            awaitTrue(() -> leaving.counts().inFlight() == 2);
            bed.cluster().replace(leaving, Behaviour.immediate());
            assertThat(ours.block(PATIENCE).getDataUtf8()).isEqualTo("ours");
            assertThatThrownBy(() -> theirs.block(PATIENCE)).hasStackTraceContaining("ClosedChannelException");
            awaitTrue(() -> leaving.connections() == 0);
            assertThat(ClientBed.ask(rsocket)).isEqualTo(bed.pod(1).name());
            control.dispose();
        }
    }

    @Test
    void a_stream_asked_for_one_by_one_goes_on_across_the_drain_and_the_connection_closes_after_it() throws Exception {
        try (ClientBed bed = ClientBed.start(1, Behaviour.immediate())) {
            RSocket rsocket = bed.client().rsocket();
            RSocketPod leaving = bed.pod(0);
            StepVerifier.create(rsocket.requestStream(Payloads.stream(20, 0)).map(Payload::getDataUtf8), 1)
                    .expectNext("0")
                    .then(() -> replace(bed, leaving))
                    .then(() -> awaitTrue(
                            () -> ClientBed.ask(rsocket).equals(bed.pod(1).name())))
                    .then(() -> assertThat(leaving.counts().inFlight()).isEqualTo(1))
                    .thenRequest(1)
                    .expectNext("1")
                    .thenRequest(3)
                    .expectNext("2", "3", "4")
                    .thenRequest(Long.MAX_VALUE)
                    .expectNextSequence(
                            IntStream.range(5, 20).mapToObj(Integer::toString).toList())
                    .expectComplete()
                    .verify(PATIENCE);
            awaitTrue(() -> leaving.connections() == 0);
        }
    }

    @Test
    void a_channel_goes_on_across_the_drain() throws Exception {
        try (ClientBed bed = ClientBed.start(1, Behaviour.immediate())) {
            RSocket rsocket = bed.client().rsocket();
            RSocketPod leaving = bed.pod(0);
            Sinks.Many<Payload> questions = Sinks.many().unicast().onBackpressureBuffer();
            StepVerifier.create(rsocket.requestChannel(questions.asFlux()).map(Payload::getDataUtf8))
                    .then(() -> questions.tryEmitNext(Payloads.text("a")))
                    .expectNext("a")
                    .then(() -> replace(bed, leaving))
                    .then(() -> awaitTrue(
                            () -> ClientBed.ask(rsocket).equals(bed.pod(1).name())))
                    .then(() -> questions.tryEmitNext(Payloads.text("b")))
                    .expectNext("b")
                    .then(questions::tryEmitComplete)
                    .expectComplete()
                    .verify(PATIENCE);
            awaitTrue(() -> leaving.connections() == 0);
        }
    }

    @Test
    void a_cancelled_stream_no_longer_holds_up_the_drain() throws Exception {
        try (ClientBed bed = ClientBed.start(1, Behaviour.immediate())) {
            RSocket rsocket = bed.client().rsocket();
            RSocketPod leaving = bed.pod(0);
            Disposable stream =
                    rsocket.requestStream(Payloads.stream(Long.MAX_VALUE, 5)).subscribe();
            awaitTrue(() -> leaving.counts().inFlight() == 1);
            replace(bed, leaving);
            awaitTrue(() -> ClientBed.ask(rsocket).equals(bed.pod(1).name()));
            assertThat(leaving.counts().inFlight()).isEqualTo(1);
            stream.dispose();
            awaitTrue(() -> leaving.connections() == 0);
            assertThat(leaving.counts().cancelled()).isEqualTo(1);
            assertThat(leaving.counts().inFlight()).isZero();
        }
    }

    @Test
    void what_a_server_began_is_waited_for_too() throws Exception {
        try (ClientBed bed = ClientBed.start(1, Behaviour.immediate())) {
            RSocketConnector connector = RSocketConnector.create()
                    .acceptor(SocketAcceptor.forRequestStream(request ->
                            Flux.interval(Duration.ofMillis(100)).take(20).map(i -> Payloads.text("n" + i))));
            EvenkeelRSocketClient client = bed.client(connector, builder -> {});
            RSocketPod leaving = bed.pod(0);
            awaitTrue(() -> leaving.clients().size() == 1);
            Mono<List<Payload>> asked = leaving.clients()
                    .get(0)
                    .requestStream(Payloads.text("tell me"))
                    .collectList()
                    .cache();
            asked.subscribe(all -> {}, failure -> {});
            awaitTrue(() -> client.connections().stream().anyMatch(connection -> connection.inFlight() > 0));
            replace(bed, leaving);
            assertThat(asked.block(PATIENCE)).hasSize(20);
            awaitTrue(() -> leaving.connections() == 0);
        }
    }

    private static void replace(ClientBed bed, RSocketPod leaving) {
        try {
            bed.cluster().replace(leaving, Behaviour.immediate());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
