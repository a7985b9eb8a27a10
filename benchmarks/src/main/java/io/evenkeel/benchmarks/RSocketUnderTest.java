package io.evenkeel.benchmarks;

import io.evenkeel.rsocket.EvenkeelRSocketClient;
import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.core.RSocketClient;
import io.rsocket.core.RSocketConnector;
import io.rsocket.loadbalance.LoadbalanceRSocketClient;
import io.rsocket.loadbalance.LoadbalanceTarget;
import io.rsocket.transport.ClientTransport;
import io.rsocket.util.DefaultPayload;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A client to measure, with default settings.
 *
 * @param requests makes one request that is not yet subscribed to
 * @param closeable ends it
 */
record RSocketUnderTest(Supplier<Mono<Payload>> requests, AutoCloseable closeable) {

    /**
     * Names: what it is, how it is asked, and the number of its endpoints. rsocket-java's balancer can only be asked as
     * an {@code RSocketClient}.
     */
    static final List<String> ALL = List.of(
            "plain-rsocket-1",
            "evenkeel-rsocket-1",
            "plain-client-1",
            "evenkeel-client-1",
            "roundrobin-client-1",
            "weighted-client-1",
            "evenkeel-rsocket-4",
            "evenkeel-client-4",
            "roundrobin-client-4",
            "weighted-client-4");

    private static final byte[] DATA = new byte[64];
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    static int endpoints(String name) {
        return Integer.parseInt(name.split("-")[2]);
    }

    /** The one to compare with: plain, and asked in the same way. */
    static String plain(String name) {
        return "plain-" + name.split("-")[1] + "-1";
    }

    /**
     * @param transports one for each endpoint
     */
    static RSocketUnderTest open(String name, List<ClientTransport> transports) {
        String kind = name.split("-")[0];
        boolean asClient = name.split("-")[1].equals("client");
        return switch (kind) {
            case "plain" ->
                asClient
                        ? asked(RSocketClient.from(RSocketConnector.create().connect(transports.get(0))))
                        : asked(Objects.requireNonNull(
                                RSocketConnector.create()
                                        .connect(transports.get(0))
                                        .block(PATIENCE),
                                "RSocket"));
            case "evenkeel" -> {
                EvenkeelRSocketClient client = evenkeel(transports);
                yield asClient ? asked(client) : new RSocketUnderTest(requests(client.rsocket()), client);
            }
            case "roundrobin" ->
                asked(balancer(transports).roundRobinLoadbalanceStrategy().build());
            case "weighted" ->
                asked(balancer(transports).weightedLoadbalanceStrategy().build());
            default -> throw new IllegalArgumentException("client: " + name + " (expected: one of " + ALL + ")");
        };
    }

    private static RSocketUnderTest asked(RSocket rsocket) {
        return new RSocketUnderTest(requests(rsocket), rsocket::dispose);
    }

    private static Supplier<Mono<Payload>> requests(RSocket rsocket) {
        return () -> rsocket.requestResponse(DefaultPayload.create(DATA));
    }

    private static RSocketUnderTest asked(RSocketClient client) {
        return new RSocketUnderTest(
                () -> client.requestResponse(Mono.just(DefaultPayload.create(DATA))), client::dispose);
    }

    private static EvenkeelRSocketClient evenkeel(List<ClientTransport> transports) {
        // the port says which transport is meant
        String target = IntStream.rangeClosed(1, transports.size())
                .mapToObj(port -> "127.0.0.1:" + port)
                .collect(Collectors.joining(",", "static:///", ""));
        return EvenkeelRSocketClient.builder()
                .target(target)
                .transport(endpoint -> transports.get(endpoint.port() - 1))
                .name("benchmark")
                .build();
    }

    private static LoadbalanceRSocketClient.Builder balancer(List<ClientTransport> transports) {
        List<LoadbalanceTarget> targets = IntStream.range(0, transports.size())
                .mapToObj(i -> LoadbalanceTarget.from("endpoint-" + i, transports.get(i)))
                .toList();
        return LoadbalanceRSocketClient.builder(Flux.just(targets).concatWith(Flux.never()))
                .connector(RSocketConnector.create());
    }
}
