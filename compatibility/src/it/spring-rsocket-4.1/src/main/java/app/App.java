package app;

import io.evenkeel.spring.PoolDirectory;
import java.nio.file.Files;
import java.util.List;
import orders.Hello;
import orders.Order;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.messaging.handler.annotation.MessageMapping;
import org.springframework.messaging.handler.annotation.Payload;
import org.springframework.messaging.rsocket.RSocketRequester;
import org.springframework.messaging.rsocket.RSocketStrategies;
import org.springframework.messaging.rsocket.annotation.support.RSocketMessageHandler;
import org.springframework.messaging.rsocket.service.RSocketServiceProxyFactory;
import reactor.core.publisher.Mono;

/** Calls an annotated service on Pods that are applications of their own, and answers what they ask back. */
@SpringBootApplication
public class App {
    public static void main(String[] arguments) throws Exception {
        try (Pods pods = new Pods(Files.createTempDirectory("pods"))) {
            System.setProperty("evenkeel.rsocket.targets.orders", pods.target());
            try (ConfigurableApplicationContext context = SpringApplication.run(App.class, arguments)) {
                PoolDirectory directory = context.getBean(PoolDirectory.class);
                OrderService orders = service(context);
                Cell.run(() -> directory.pools().get(0), () -> use(orders), pods::add);
            }
        }
        System.out.println("CLOSED");
    }

    private static OrderService service(ConfigurableApplicationContext context) {
        RSocketStrategies strategies = context.getBean(RSocketStrategies.class);
        RSocketRequester requester = context.getBean(RSocketRequester.Builder.class)
                .setupRoute("clients.{name}", "billing")
                .setupData(new Hello("money"))
                .rsocketConnector(connector ->
                        connector.acceptor(RSocketMessageHandler.responder(strategies, new Billing())))
                .tcp("orders", 7000);
        return RSocketServiceProxyFactory.builder(requester).build().createClient(OrderService.class);
    }

    private static void use(OrderService orders) {
        check("find", new Order(7, "billing of money", List.of("paid")).equals(orders.find(7).block()));
        check("all", orders.all(3).map(Order::number).collectList().block().equals(List.of(1, 2, 3)));
        check("confirm", new Order(8, "billing", List.of("confirmed")).equals(
                orders.confirm(new Order(8, "billing", List.of())).block()));
    }

    /** What the Pods ask the client. */
    static final class Billing {
        @MessageMapping("billing.confirm")
        Mono<Order> confirm(@Payload Order order) {
            return Mono.just(new Order(order.number(), order.client(), List.of("confirmed")));
        }
    }

    private static void check(String what, boolean holds) {
        if (!holds) {
            throw new IllegalStateException(what + " (expected: to hold)");
        }
    }
}
