package io.evenkeel.demo.rsocket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.SocketAcceptor;
import io.rsocket.core.RSocketConnector;
import io.rsocket.transport.netty.client.TcpClientTransport;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

class RSocketPodTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private RSocketCluster cluster;

    @BeforeEach
    void createCluster() throws IOException {
        cluster = RSocketCluster.create(1);
    }

    @AfterEach
    void closeCluster() {
        cluster.close();
    }

    private static RSocket connect(RSocketPod pod) {
        return connect(pod, RSocketConnector.create());
    }

    private static RSocket connect(RSocketPod pod, RSocketConnector connector) {
        return connector
                .connect(TcpClientTransport.create(pod.host(), pod.port()))
                .block(PATIENCE);
    }

    @Test
    void every_interaction_is_answered_and_counted() throws IOException {
        RSocketPod pod = cluster.add(Behaviour.immediate());
        RSocket client = connect(pod);
        Payload answer = client.requestResponse(Payloads.text("hello")).block(PATIENCE);
        assertThat(answer.getDataUtf8()).isEqualTo("hello");
        assertThat(Payloads.podOf(answer)).isEqualTo(pod.name());
        assertThat(client.requestStream(Payloads.stream(3, 1))
                        .map(Payload::getDataUtf8)
                        .collectList()
                        .block(PATIENCE))
                .containsExactly("0", "1", "2");
        assertThat(client.requestStream(Payloads.stream(2, 0)).count().block(PATIENCE))
                .isEqualTo(2);
        assertThat(client.requestChannel(Flux.just(Payloads.text("a"), Payloads.text("b")))
                        .map(Payload::getDataUtf8)
                        .collectList()
                        .block(PATIENCE))
                .containsExactly("a", "b");
        client.fireAndForget(Payloads.text("x")).block(PATIENCE);
        client.requestResponse(Payloads.text("after")).block(PATIENCE);
        assertThat(pod.counts().received()).isEqualTo(6);
        assertThat(pod.counts().answered()).isEqualTo(6);
        assertThat(pod.counts().inFlight()).isZero();
        client.dispose();
    }

    @Test
    void no_more_than_its_concurrency_are_served_at_once_and_a_cancel_frees_the_worker() throws IOException {
        RSocketPod pod = cluster.add(Behaviour.taking(Duration.ofDays(1)).withConcurrency(1));
        RSocket client = connect(pod);
        Disposable first = client.requestResponse(Payloads.text("1")).subscribe();
        awaitTrue(() -> pod.counts().inFlight() == 1);
        pod.behave(Behaviour.immediate().withConcurrency(1));
        Mono<Payload> second = client.requestResponse(Payloads.text("2")).cache();
        second.subscribe();
        awaitTrue(() -> pod.counts().inFlight() == 2);
        assertThat(pod.counts().answered()).isZero();
        first.dispose();
        assertThat(second.block(PATIENCE).getDataUtf8()).isEqualTo("2");
        assertThat(pod.counts().cancelled()).isEqualTo(1);
        client.dispose();
    }

    @Test
    void fails_rejects_and_refuses_as_told() throws IOException {
        RSocketPod pod = cluster.add(Behaviour.immediate().withAnswer(Behaviour.Answer.FAIL_FAST));
        RSocket client = connect(pod);
        assertThatThrownBy(() -> client.requestResponse(Payloads.text("x")).block(PATIENCE))
                .hasMessageContaining(pod.name() + " fails");
        pod.behave(Behaviour.immediate().withAnswer(Behaviour.Answer.REJECT));
        assertThatThrownBy(() -> client.requestResponse(Payloads.text("x")).block(PATIENCE))
                .hasMessageContaining(pod.name() + " refuses");
        assertThat(pod.counts().failed()).isEqualTo(2);
        pod.behave(Behaviour.immediate().refusingSetup(true));
        RSocket refused = connect(pod);
        assertThatThrownBy(() -> refused.onClose().block(PATIENCE)).hasMessageContaining(pod.name() + " refuses");
        client.dispose();
    }

    @Test
    void a_graceful_stop_waits_for_its_requests_and_a_kill_does_not() throws IOException {
        RSocketPod pod = cluster.add(Behaviour.taking(Duration.ofMillis(100)));
        RSocket client = connect(pod);
        Mono<Payload> request = client.requestResponse(Payloads.text("x")).cache();
        request.subscribe();
        awaitTrue(() -> pod.counts().inFlight() == 1);
        assertThat(pod.stop(PATIENCE)).isZero();
        assertThat(request.block(PATIENCE).getDataUtf8()).isEqualTo("x");
        client.onClose().onErrorComplete().block(PATIENCE);

        pod.behave(Behaviour.taking(Duration.ofDays(1)));
        pod.start();
        RSocket again = connect(pod);
        Mono<Payload> lost = again.requestResponse(Payloads.text("y")).cache();
        lost.subscribe(answer -> {}, failure -> {});
        awaitTrue(() -> pod.counts().inFlight() == 1);
        pod.kill();
        assertThatThrownBy(() -> lost.block(PATIENCE)).isInstanceOf(Exception.class);
        awaitTrue(() -> pod.connections() == 0 && pod.counts().inFlight() == 0);
    }

    @Test
    void a_silent_pod_is_found_by_keepalive_only() throws IOException {
        RSocketPod pod = cluster.add(Behaviour.immediate());
        RSocket client =
                connect(pod, RSocketConnector.create().keepAlive(Duration.ofMillis(50), Duration.ofMillis(300)));
        client.requestResponse(Payloads.text("x")).block(PATIENCE);
        pod.silent(true);
        assertThatThrownBy(() -> client.requestResponse(Payloads.text("x")).block(PATIENCE))
                .hasMessageContaining("No keep-alive acks");
    }

    @Test
    void it_asks_its_clients() throws IOException {
        RSocketPod pod = cluster.add(Behaviour.immediate());
        RSocketConnector connector = RSocketConnector.create()
                .acceptor(SocketAcceptor.forRequestResponse(payload -> Mono.just(Payloads.text("yes"))));
        RSocket client = connect(pod, connector);
        awaitTrue(() -> pod.clients().size() == 1);
        assertThat(pod.clients()
                        .get(0)
                        .requestResponse(Payloads.text("there?"))
                        .block(PATIENCE)
                        .getDataUtf8())
                .isEqualTo("yes");
        client.dispose();
        awaitTrue(() -> pod.clients().isEmpty());
    }

    @Test
    void a_client_without_a_lease_may_not_ask() throws IOException {
        ServerOptions.Leases leases = new ServerOptions.Leases(2, Duration.ofMinutes(1), Duration.ZERO);
        RSocketPod pod =
                cluster.add(Behaviour.immediate(), ServerOptions.plain().withLeases(leases));
        RSocket client = connect(pod, RSocketConnector.create().lease(spec -> spec.maxPendingRequests(0)));
        awaitTrue(() -> client.availability() > 0);
        client.requestResponse(Payloads.text("1")).block(PATIENCE);
        client.requestResponse(Payloads.text("2")).block(PATIENCE);
        assertThatThrownBy(() -> client.requestResponse(Payloads.text("3")).block(PATIENCE))
                .hasMessageContaining("lease");
        client.dispose();
    }

    @Test
    void the_list_of_targets_follows_what_is_reported() throws IOException {
        RSocketPod first = cluster.add(Behaviour.immediate());
        RSocketPod second = cluster.replace(first, Behaviour.immediate());
        List<String> ready = cluster.targets().next().block(PATIENCE).stream()
                .map(target -> target.getKey())
                .toList();
        assertThat(ready).containsExactly(second.name());
        assertThat(cluster.remove(first)).isZero();
        assertThat(cluster.pods()).containsExactly(second);
    }

    private static void awaitTrue(BooleanSupplier condition) {
        Flux.interval(Duration.ofMillis(5))
                .takeUntil(look -> condition.getAsBoolean())
                .blockLast(PATIENCE);
    }
}
