package io.evenkeel.it.rsocket;

import static io.evenkeel.it.rsocket.ClientBed.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evenkeel.rsocket.EvenkeelRSocketClient;
import io.rsocket.core.RSocketConnector;
import io.rsocket.core.RSocketServer;
import io.rsocket.transport.netty.server.CloseableChannel;
import io.rsocket.transport.netty.server.TcpServerTransport;
import io.rsocket.util.DefaultPayload;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.springframework.messaging.handler.annotation.MessageMapping;
import org.springframework.messaging.handler.annotation.Payload;
import org.springframework.messaging.rsocket.RSocketRequester;
import org.springframework.messaging.rsocket.RSocketStrategies;
import org.springframework.messaging.rsocket.annotation.ConnectMapping;
import org.springframework.messaging.rsocket.annotation.support.RSocketMessageHandler;
import org.springframework.messaging.rsocket.service.RSocketExchange;
import org.springframework.messaging.rsocket.service.RSocketServiceProxyFactory;
import org.springframework.stereotype.Controller;
import org.springframework.util.MimeTypeUtils;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Spring's annotated services over our client: requests, streams, the set-up, and requests of the server to the client. */
class SpringServicesIT {

    private static final RSocketStrategies STRATEGIES = RSocketStrategies.create();

    /** What every Pod offers. */
    @Controller
    static class Orders {
        final List<RSocketRequester> clients = new CopyOnWriteArrayList<>();
        final List<String> setups = new CopyOnWriteArrayList<>();

        @ConnectMapping
        void connected(RSocketRequester client, @Payload String name) {
            clients.add(client);
            setups.add(name);
        }

        @MessageMapping("orders.find")
        Mono<String> find(String order) {
            return Mono.just("found " + order);
        }

        @MessageMapping("orders.all")
        Flux<String> all(String of) {
            return Flux.just("first of " + of, "second of " + of);
        }
    }

    /** What the client answers to a Pod. */
    @Controller
    static class Progress {
        @MessageMapping("progress")
        Mono<String> progress(String order) {
            return Mono.just(order + " half done");
        }
    }

    /** What the application calls. */
    interface OrderService {
        @RSocketExchange("orders.find")
        Mono<String> find(@Payload String order);

        @RSocketExchange("orders.all")
        Flux<String> all(@Payload String of);
    }

    private static CloseableChannel start(Orders orders) {
        return RSocketServer.create(RSocketMessageHandler.responder(STRATEGIES, orders))
                .bindNow(TcpServerTransport.create("127.0.0.1", 0));
    }

    @Test
    void annotated_services_are_called_on_every_pod_and_the_pods_call_back() {
        Orders one = new Orders();
        Orders other = new Orders();
        CloseableChannel first = start(one);
        CloseableChannel second = start(other);
        RSocketConnector connector = RSocketConnector.create()
                .dataMimeType("text/plain")
                .metadataMimeType("message/x.rsocket.composite-metadata.v0")
                .setupPayload(Mono.fromSupplier(() -> DefaultPayload.create("billing")))
                .acceptor(RSocketMessageHandler.responder(STRATEGIES, new Progress()));
        try (EvenkeelRSocketClient client = EvenkeelRSocketClient.builder()
                .target("static:///127.0.0.1:" + first.address().getPort() + ",127.0.0.1:"
                        + second.address().getPort())
                .name("orders")
                .jmx(false)
                .connector(connector)
                .build()) {
            ClientBed.awaitConnections(client, 2);
            OrderService orders = RSocketServiceProxyFactory.builder(RSocketRequester.wrap(
                            client.rsocket(),
                            MimeTypeUtils.TEXT_PLAIN,
                            MimeTypeUtils.parseMimeType("message/x.rsocket.composite-metadata.v0"),
                            STRATEGIES))
                    .build()
                    .createClient(OrderService.class);
            for (int i = 0; i < 10; i++) {
                assertThat(orders.find("no " + i).block(PATIENCE)).isEqualTo("found no " + i);
                assertThat(orders.all("a").collectList().block(PATIENCE)).containsExactly("first of a", "second of a");
            }
            for (Orders pod : List.of(one, other)) {
                await().atMost(PATIENCE).until(() -> !pod.clients.isEmpty());
                assertThat(pod.setups).containsExactly("billing");
                assertThat(pod.clients
                                .get(0)
                                .route("progress")
                                .data("no 7")
                                .retrieveMono(String.class)
                                .block(PATIENCE))
                        .isEqualTo("no 7 half done");
            }
        } finally {
            first.dispose();
            second.dispose();
        }
    }
}
