package io.evenkeel.it.rsocket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evenkeel.demo.rsocket.Behaviour;
import io.evenkeel.demo.rsocket.Payloads;
import io.evenkeel.demo.rsocket.RSocketCluster;
import io.evenkeel.demo.rsocket.RSocketPod;
import io.evenkeel.demo.rsocket.ServerOptions;
import io.evenkeel.rsocket.EvenkeelRSocketClient;
import io.evenkeel.rsocket.EvenkeelRSocketClientBuilder;
import io.evenkeel.watch.WatcherConfig;
import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.core.RSocketConnector;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import reactor.core.publisher.Mono;

/** Real servers, a file that says which of them are ready, and a client over them that acts on a change at once. */
final class ClientBed implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(30);

    private final RSocketCluster cluster;
    private final List<EvenkeelRSocketClient> clients = new ArrayList<>();

    private ClientBed(RSocketCluster cluster) {
        this.cluster = cluster;
    }

    static ClientBed start(int pods, Behaviour behaviour) throws IOException {
        return start(pods, behaviour, ServerOptions.plain());
    }

    static ClientBed start(int pods, Behaviour behaviour, ServerOptions options) throws IOException {
        RSocketCluster cluster = RSocketCluster.create(1);
        for (int i = 0; i < pods; i++) {
            cluster.prepare(behaviour, options);
        }
        cluster.report();
        return new ClientBed(cluster);
    }

    RSocketCluster cluster() {
        return cluster;
    }

    RSocketPod pod(int index) {
        return cluster.pod(index);
    }

    EvenkeelRSocketClient client() {
        return client(RSocketConnector.create(), builder -> {});
    }

    /** Returns when there is a connection to every Pod. */
    EvenkeelRSocketClient client(RSocketConnector connector, Consumer<EvenkeelRSocketClientBuilder> settings) {
        return client(connector, settings, cluster.pods().size());
    }

    /** Returns when there are so many connections. */
    EvenkeelRSocketClient client(
            RSocketConnector connector, Consumer<EvenkeelRSocketClientBuilder> settings, int connections) {
        EvenkeelRSocketClientBuilder builder = EvenkeelRSocketClient.builder()
                .target(cluster.target())
                .connector(connector)
                .name("it-" + clients.size())
                .clientId("client-0")
                .maxConnectionAge(Duration.ZERO)
                .watch(WatcherConfig.builder().settle(Duration.ZERO).build());
        settings.accept(builder);
        EvenkeelRSocketClient client = builder.build();
        clients.add(client);
        client.connect();
        awaitConnections(client, connections);
        return client;
    }

    static void awaitConnections(EvenkeelRSocketClient client, int count) {
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(client.connections()).hasSize(count));
    }

    /** Sends one request after another until this Pod has answered one. */
    static void awaitAnswerFrom(RSocket rsocket, RSocketPod pod) {
        await().atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(1))
                .ignoreExceptions()
                .until(() -> ask(rsocket).equals(pod.name()));
    }

    /** The Pod that answered one request. */
    static String ask(RSocket rsocket) {
        Payload answer = rsocket.requestResponse(Payloads.text("x")).block(PATIENCE);
        return answer == null ? "none" : Payloads.podOf(answer);
    }

    static Mono<Payload> begun(Mono<Payload> request) {
        Mono<Payload> shared = request.cache();
        shared.subscribe(answer -> {}, failure -> {});
        return shared;
    }

    static void awaitTrue(Callable<Boolean> condition) {
        await().atMost(PATIENCE).until(condition);
    }

    @Override
    public void close() {
        clients.forEach(EvenkeelRSocketClient::close);
        cluster.close();
    }
}
