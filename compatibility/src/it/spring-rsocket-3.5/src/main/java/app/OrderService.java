package app;

import orders.Order;
import org.springframework.messaging.handler.annotation.DestinationVariable;
import org.springframework.messaging.handler.annotation.Payload;
import org.springframework.messaging.rsocket.service.RSocketExchange;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What the application calls. */
@RSocketExchange("orders")
interface OrderService {
    @RSocketExchange(".find.{number}")
    Mono<Order> find(@DestinationVariable int number);

    @RSocketExchange(".all")
    Flux<Order> all(@Payload int count);

    @RSocketExchange(".confirm")
    Mono<Order> confirm(@Payload Order order);
}
