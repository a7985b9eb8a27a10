package io.evenkeel.it;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evenkeel.demo.amqp.broker.RabbitBrokers;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.rabbitmq.ConsumeOptions;
import reactor.rabbitmq.OutboundMessage;
import reactor.rabbitmq.QueueSpecification;
import reactor.rabbitmq.RabbitFlux;
import reactor.rabbitmq.Receiver;
import reactor.rabbitmq.ReceiverOptions;
import reactor.rabbitmq.Sender;
import reactor.rabbitmq.SenderOptions;

/** reactor-rabbitmq as it is, over our factory, while its connections change between brokers. */
@RequiresRabbitmq
class ReactorRabbitIT {
    private static final Duration PATIENCE = Duration.ofSeconds(40);
    private static final int FLIPS = 3;

    @Test
    void every_confirmed_message_arrives_once_and_no_stream_ends(RabbitBrokers cluster) throws Exception {
        String queue = "reactor-" + System.nanoTime();
        List<Throwable> errors = new CopyOnWriteArrayList<>();
        ConcurrentSkipListSet<Integer> confirmed = new ConcurrentSkipListSet<>();
        ConcurrentSkipListSet<Integer> received = new ConcurrentSkipListSet<>();
        AtomicInteger deliveries = new AtomicInteger();
        try (AmqpBed bed = AmqpBed.over(cluster, 1)) {
            var factory = bed.factory("reactor", "reactor");
            try (Sender sender = RabbitFlux.createSender(new SenderOptions().connectionFactory(factory));
                    Receiver receiver = RabbitFlux.createReceiver(new ReceiverOptions().connectionFactory(factory))) {
                sender.declareQueue(QueueSpecification.queue(queue).durable(true))
                        .block(PATIENCE);
                Disposable consuming = receiver.consumeManualAck(queue, new ConsumeOptions().qos(50))
                        .subscribe(
                                delivery -> {
                                    deliveries.incrementAndGet();
                                    received.add(Integer.parseInt(new String(delivery.getBody(), US_ASCII)));
                                    delivery.ack();
                                },
                                errors::add);
                Flux<OutboundMessage> messages = Flux.interval(Duration.ofMillis(5))
                        .onBackpressureBuffer()
                        .map(i ->
                                new OutboundMessage("", queue, Long.toString(i).getBytes(US_ASCII)));
                Disposable sending = sender.sendWithPublishConfirms(messages)
                        .subscribe(
                                result -> {
                                    if (result.isAck()) {
                                        confirmed.add(Integer.parseInt(new String(
                                                result.getOutboundMessage().getBody(), US_ASCII)));
                                    }
                                },
                                errors::add);
                for (int i = 0; i < FLIPS; i++) {
                    bed.flip();
                }
                int before = confirmed.size();
                await().atMost(PATIENCE)
                        .untilAsserted(() -> assertThat(confirmed).hasSizeGreaterThan(before + 10));
                sending.dispose();
                await().atMost(PATIENCE)
                        .untilAsserted(() -> assertThat(received).containsAll(confirmed));
                assertThat(errors).isEmpty();
                assertThat(deliveries.get()).isEqualTo(received.size());
                System.out.printf(
                        "reactor-rabbitmq: %d messages confirmed and received once over %d moves%n",
                        confirmed.size(), bed.moved());
                consuming.dispose();
                sender.delete(QueueSpecification.queue(queue)).block(PATIENCE);
            }
        }
    }
}
