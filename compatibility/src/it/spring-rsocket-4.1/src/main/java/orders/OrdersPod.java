package orders;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import io.rsocket.RSocket;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.messaging.handler.annotation.DestinationVariable;
import org.springframework.messaging.handler.annotation.MessageMapping;
import org.springframework.messaging.handler.annotation.Payload;
import org.springframework.messaging.rsocket.RSocketRequester;
import org.springframework.messaging.rsocket.annotation.ConnectMapping;
import org.springframework.stereotype.Controller;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** One Pod of the service {@code orders}, in a process of its own; it ends when its standard input does. */
@SpringBootApplication
public class OrdersPod {
    public static void main(String[] arguments) throws Exception {
        try (ConfigurableApplicationContext context = SpringApplication.run(OrdersPod.class, arguments)) {
            System.out.println("PORT " + context.getEnvironment().getProperty("local.rsocket.server.port"));
            while (System.in.read() >= 0) {
                // until the one who started it ends
            }
        }
    }

    @Controller
    static class Orders {
        private final Map<RSocket, String> clients = new ConcurrentHashMap<>();

        @ConnectMapping("clients.{name}")
        Mono<Void> connected(RSocketRequester client, @DestinationVariable String name, @Payload Hello hello) {
            clients.put(client.rsocket(), name + " of " + hello.team());
            client.rsocket().onClose().subscribe(ended -> {}, failed -> {}, () -> clients.remove(client.rsocket()));
            return Mono.empty();
        }

        @MessageMapping("orders.find.{number}")
        Mono<Order> find(RSocketRequester client, @DestinationVariable int number) {
            return Mono.just(new Order(number, clients.get(client.rsocket()), List.of("paid")));
        }

        @MessageMapping("orders.all")
        Flux<Order> all(RSocketRequester client, @Payload int count) {
            return Flux.range(1, count).map(number -> new Order(number, clients.get(client.rsocket()), List.of()));
        }

        /** Asks the client back over the connection on which it asks. */
        @MessageMapping("orders.confirm")
        Mono<Order> confirm(RSocketRequester client, @Payload Order order) {
            return client.route("billing.confirm").data(order).retrieveMono(Order.class);
        }
    }
}
