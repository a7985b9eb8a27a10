package io.evenkeel.it.rsocket;

import static io.evenkeel.it.rsocket.ClientBed.PATIENCE;
import static io.evenkeel.it.rsocket.ClientBed.awaitTrue;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.evenkeel.demo.rsocket.Behaviour;
import io.evenkeel.demo.rsocket.Payloads;
import io.evenkeel.demo.rsocket.RSocketPod;
import io.evenkeel.demo.rsocket.ServerOptions;
import io.evenkeel.rsocket.ConnectionLostException;
import io.evenkeel.rsocket.EvenkeelRSocketClient;
import io.evenkeel.rsocket.NoEndpointException;
import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.core.RSocketConnector;
import io.rsocket.core.Resume;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

/** Servers and networks that fail. */
class FaultsIT {

    @Test
    void a_request_whose_connection_breaks_fails_typed_and_the_next_one_is_answered() throws Exception {
        try (ClientBed bed = ClientBed.start(1, Behaviour.immediate().withAnswer(Behaviour.Answer.NEVER))) {
            RSocket rsocket = bed.client().rsocket();
            RSocketPod pod = bed.pod(0);
            Mono<Payload> lost = ClientBed.begun(rsocket.requestResponse(Payloads.text("x")));
            awaitTrue(() -> pod.counts().inFlight() == 1);
            pod.behave(Behaviour.immediate());
            pod.cutConnections();
            assertThatThrownBy(() -> lost.block(PATIENCE))
                    .isInstanceOf(ConnectionLostException.class)
                    .hasMessageContaining(pod.name());
            assertThat(ClientBed.ask(rsocket)).as("waits for the reconnect").isEqualTo(pod.name());
            assertThat(pod.counts().received())
                    .as("the lost one was not sent again")
                    .isEqualTo(2);
        }
    }

    /** The kernel answers for it, so that only RSocket's own keepalive can tell. */
    @Test
    void a_silent_pod_is_found_by_keepalive_and_left_out() throws Exception {
        RSocketConnector connector = RSocketConnector.create().keepAlive(Duration.ofMillis(200), Duration.ofSeconds(1));
        try (ClientBed bed = ClientBed.start(3, Behaviour.immediate())) {
            RSocket rsocket = bed.client(connector, builder -> {}).rsocket();
            RSocketPod silent = bed.pod(1);
            ClientBed.awaitAnswerFrom(rsocket, silent);
            silent.silent(true);
            await().atMost(PATIENCE).pollInterval(Duration.ofMillis(10)).until(() -> answered(rsocket, 200));
            silent.silent(false);
            ClientBed.awaitAnswerFrom(rsocket, silent);
        }
    }

    private static boolean answered(RSocket rsocket, int count) {
        for (int i = 0; i < count; i++) {
            try {
                ClientBed.ask(rsocket);
            } catch (RuntimeException failed) {
                return false;
            }
        }
        return true;
    }

    @Test
    void a_pod_that_refuses_the_setup_gets_no_request() throws Exception {
        try (ClientBed bed = ClientBed.start(2, Behaviour.immediate())) {
            RSocketPod refusing = bed.pod(1);
            refusing.behave(Behaviour.immediate().refusingSetup(true));
            refusing.cutConnections();
            EvenkeelRSocketClient client = bed.client(RSocketConnector.create(), builder -> {}, 1);
            for (int i = 0; i < 100; i++) {
                assertThat(ClientBed.ask(client.rsocket()))
                        .as("answer %d", i)
                        .isEqualTo(bed.pod(0).name());
            }
            refusing.behave(Behaviour.immediate());
            ClientBed.awaitAnswerFrom(client.rsocket(), refusing);
        }
    }

    @Test
    void without_pods_a_request_waits_is_answered_when_one_comes_and_fails_clearly_when_none_does() throws Exception {
        try (ClientBed bed = ClientBed.start(0, Behaviour.immediate())) {
            EvenkeelRSocketClient client =
                    bed.client(RSocketConnector.create(), builder -> builder.acquireTimeout(Duration.ofSeconds(3)));
            assertThatThrownBy(() ->
                            client.rsocket().requestResponse(Payloads.text("x")).block(PATIENCE))
                    .isInstanceOf(NoEndpointException.class);
            Mono<Payload> waiting = ClientBed.begun(client.rsocket()
                    .requestResponse(Payloads.text("y"))
                    .retryWhen(Retry.max(5).filter(NoEndpointException.class::isInstance)));
            awaitTrue(() -> client.waiting() == 1);
            RSocketPod added = bed.cluster().add(Behaviour.immediate());
            assertThat(Payloads.podOf(waiting.block(PATIENCE))).isEqualTo(added.name());
        }
    }

    @Test
    void with_resumption_a_stream_survives_a_broken_connection() throws Exception {
        try (ClientBed bed =
                ClientBed.start(1, Behaviour.immediate(), ServerOptions.plain().withResumption())) {
            RSocket rsocket = bed.client(resuming(), builder -> {}).rsocket();
            RSocketPod pod = bed.pod(0);
            Mono<List<String>> stream = rsocket.requestStream(Payloads.stream(30, 50))
                    .doOnNext(element -> {
                        if (element.getDataUtf8().equals("5")) {
                            pod.cutConnections();
                        }
                    })
                    .map(Payload::getDataUtf8)
                    .collectList();
            assertThat(stream.block(PATIENCE)).hasSize(30).startsWith("0", "1", "2", "3", "4", "5", "6");
            assertThat(pod.counts().received()).isEqualTo(1);
        }
    }

    @Test
    void without_resumption_a_stream_ends_with_its_connection() throws Exception {
        try (ClientBed bed = ClientBed.start(1, Behaviour.immediate())) {
            RSocket rsocket = bed.client().rsocket();
            Mono<Long> stream = rsocket.requestStream(Payloads.stream(30, 50))
                    .doOnNext(element -> {
                        if (element.getDataUtf8().equals("5")) {
                            bed.pod(0).cutConnections();
                        }
                    })
                    .count();
            assertThatThrownBy(() -> stream.block(PATIENCE)).isInstanceOf(ConnectionLostException.class);
            assertThat(ClientBed.ask(rsocket)).isEqualTo(bed.pod(0).name());
        }
    }

    /** rsocket-java would redial its address for two minutes. */
    @Test
    void a_session_that_could_be_resumed_is_given_up_when_its_pod_leaves() throws Exception {
        try (ClientBed bed =
                ClientBed.start(2, Behaviour.immediate(), ServerOptions.plain().withResumption())) {
            EvenkeelRSocketClient client = bed.client(resuming(), builder -> {});
            RSocketPod leaving = bed.pod(0);
            RSocketPod staying = bed.pod(1);
            bed.cluster().terminate(leaving);
            awaitTrue(() -> leaving.connections() == 0);
            long setups = leaving.setups();
            for (int i = 0; i < 50; i++) {
                assertThat(ClientBed.ask(client.rsocket())).as("answer %d", i).isEqualTo(staying.name());
            }
            assertThat(leaving.setups()).isEqualTo(setups);
            assertThat(leaving.connections()).isZero();
        }
    }

    private static RSocketConnector resuming() {
        return RSocketConnector.create()
                .resume(new Resume().retry(Retry.backoff(Long.MAX_VALUE, Duration.ofMillis(50))));
    }
}
