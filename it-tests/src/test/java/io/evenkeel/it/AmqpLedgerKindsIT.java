package io.evenkeel.it;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.GetResponse;
import io.evenkeel.amqp.EvenkeelConnectionFactory;
import io.evenkeel.demo.amqp.broker.Handshake;
import io.evenkeel.demo.amqp.broker.RabbitBroker;
import io.evenkeel.demo.amqp.broker.RabbitBrokers;
import io.evenkeel.endpoint.EndpointCondition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/**
 * The ledger of what the plain one has not: transactions, requests with direct replies, exclusive and auto-delete queues;
 * over moves, and over restarts of every node. RabbitMQ 3.10 or newer. {@code -Devenkeel.it.rounds=N} restarts each node N
 * times.
 */
@RequiresRabbitmq
class AmqpLedgerKindsIT {
    private static final int MOVES = 20;
    private static final int ROUNDS = Integer.getInteger("evenkeel.it.rounds", 1);
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static byte[] body(int number) {
        return Integer.toString(number).getBytes(US_ASCII);
    }

    private static int number(byte[] body) {
        return Integer.parseInt(new String(body, US_ASCII));
    }

    @Test
    void transactions_are_exact_over_moves(RabbitBrokers cluster) throws Exception {
        try (AmqpBed bed = AmqpBed.over(cluster, 1);
                Connection plain =
                        cluster.plainFactory(cluster.brokers().get(2)).newConnection("tx-plain")) {
            Channel sender = plain.createChannel();
            sender.queueDeclare("tx-in", true, false, false, null);
            sender.queueDeclare("tx-out", true, false, false, null);
            Connection connection = bed.open(bed.factory("tx", "tx"), "tx");
            Channel channel = connection.createChannel();
            channel.txSelect();
            channel.basicQos(10);
            AtomicInteger committed = new AtomicInteger();
            channel.basicConsume(
                    "tx-in",
                    false,
                    (tag, delivery) -> {
                        channel.basicPublish("", "tx-out", null, delivery.getBody());
                        channel.basicAck(delivery.getEnvelope().getDeliveryTag(), false);
                        channel.txCommit();
                        committed.incrementAndGet();
                    },
                    tag -> {});
            int sent = 0;
            for (int move = 0; move < MOVES; move++) {
                for (int i = 0; i < 50; i++) {
                    sender.basicPublish("", "tx-in", null, body(sent++));
                }
                bed.flip();
            }
            int all = sent;
            await().atMost(PATIENCE).untilAsserted(() -> assertThat(committed).hasValue(all));
            List<Integer> out = new ArrayList<>();
            for (GetResponse got = sender.basicGet("tx-out", true);
                    got != null;
                    got = sender.basicGet("tx-out", true)) {
                out.add(number(got.getBody()));
            }
            System.out.printf(
                    "transactions over %d moves: %d sent, %d committed, %d in the queue, %d of them twice%n",
                    bed.moved(),
                    all,
                    committed.get(),
                    out.size(),
                    out.size() - out.stream().distinct().count());
            assertThat(out).hasSize(all).doesNotHaveDuplicates();
            assertThat(bed.shutdowns()).isEmpty();
            sender.queueDelete("tx-in");
            sender.queueDelete("tx-out");
        }
    }

    @Test
    void every_request_gets_its_reply_over_moves(RabbitBrokers cluster) throws Exception {
        try (AmqpBed bed = AmqpBed.over(cluster, 1);
                Connection plain =
                        cluster.plainFactory(cluster.brokers().get(2)).newConnection("rpc-plain")) {
            Channel server = plain.createChannel();
            server.queueDeclare("rpc", false, false, false, null);
            server.basicConsume(
                    "rpc",
                    true,
                    (tag, request) -> server.basicPublish(
                            "",
                            request.getProperties().getReplyTo(),
                            new AMQP.BasicProperties.Builder()
                                    .correlationId(request.getProperties().getCorrelationId())
                                    .build(),
                            request.getBody()),
                    tag -> {});
            Connection connection = bed.open(bed.factory("rpc", "rpc"), "rpc");
            Channel channel = connection.createChannel();
            ConcurrentLinkedQueue<Integer> replies = new ConcurrentLinkedQueue<>();
            channel.basicConsume(
                    "amq.rabbitmq.reply-to", true, (tag, reply) -> replies.add(number(reply.getBody())), tag -> {});
            AtomicBoolean stopped = new AtomicBoolean();
            AtomicInteger sent = new AtomicInteger();
            Thread client = new Thread(() -> {
                try {
                    while (!stopped.get()) {
                        int number = sent.get();
                        channel.basicPublish(
                                "",
                                "rpc",
                                new AMQP.BasicProperties.Builder()
                                        .replyTo("amq.rabbitmq.reply-to")
                                        .correlationId(Integer.toString(number))
                                        .build(),
                                body(number));
                        sent.incrementAndGet();
                        TimeUnit.MILLISECONDS.sleep(5);
                    }
                } catch (Exception e) {
                    replies.add(-1);
                }
            });
            bed.onClose(() -> stopped.set(true));
            client.start();
            for (int move = 0; move < MOVES; move++) {
                bed.flip();
            }
            stopped.set(true);
            client.join(TimeUnit.SECONDS.toMillis(10));
            await().atMost(PATIENCE).untilAsserted(() -> assertThat(replies).hasSize(sent.get()));
            System.out.printf(
                    "direct replies over %d moves: %d requests, %d replies%n", bed.moved(), sent.get(), replies.size());
            assertThat(replies).doesNotHaveDuplicates().doesNotContain(-1);
            assertThat(bed.shutdowns()).isEmpty();
            server.queueDelete("rpc");
        }
    }

    private static String ledger(List<AmqpTraffic> all) {
        return String.format(
                "%d messages confirmed, %d received, %d more than once",
                all.stream().mapToInt(AmqpTraffic::confirmedCount).sum(),
                all.stream().mapToInt(AmqpTraffic::receivedCount).sum(),
                all.stream().mapToInt(AmqpTraffic::againCount).sum());
    }

    @Test
    void restarting_every_node_loses_nothing_that_was_confirmed(RabbitBrokers cluster) throws Exception {
        int restarts = 0;
        try (AmqpBed bed = AmqpBed.over(cluster, 3)) {
            EvenkeelConnectionFactory factory = bed.factory("rolling", "rolling");
            factory.setRequestedHeartbeat(5);
            List<AmqpTraffic> all = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                all.add(AmqpTraffic.start(bed, bed.open(factory, "rolling-" + i), "rolling-" + i));
            }
            // Pinned: recovered with its node, on a factory whose shutdowns are expected.
            Connection pinned = factory.newConnection("pinned");
            bed.onClose(() -> pinned.abort(5000));
            Channel channel = pinned.createChannel();
            AtomicInteger events = new AtomicInteger();
            String own = channel.queueDeclare().getQueue();
            channel.queueDeclare("rolling-auto", false, false, true, null);
            channel.queueBind(own, "amq.fanout", "");
            channel.queueBind("rolling-auto", "amq.fanout", "");
            channel.basicConsume(own, true, (tag, delivery) -> events.incrementAndGet(), tag -> {});
            channel.basicConsume("rolling-auto", true, (tag, delivery) -> events.incrementAndGet(), tag -> {});
            for (int round = 0; round < ROUNDS; round++) {
                for (RabbitBroker node : cluster.nodes()) {
                    bed.set(node, EndpointCondition.TERMINATING);
                    bed.awaitLeft(node, PATIENCE);
                    node.stop();
                    node.start();
                    Handshake.await(node, PATIENCE);
                    bed.set(node, EndpointCondition.READY);
                    restarts++;
                    await().atMost(PATIENCE).until(pinned::isOpen);
                    for (AmqpTraffic traffic : all) {
                        traffic.goesOn();
                    }
                }
                if (ROUNDS > 1) {
                    System.out.printf("after %d restarts: %s%n", restarts, ledger(all));
                }
            }
            int before = events.get();
            await().atMost(PATIENCE).untilAsserted(() -> {
                channel.basicPublish("amq.fanout", "", null, body(1));
                assertThat(events.get()).as("deliveries to the pinned queues").isGreaterThan(before + 1);
            });
            for (AmqpTraffic traffic : all) {
                traffic.finish();
            }
            System.out.printf(
                    "%d restarts of nodes under load: %s, none of those confirmed lost; %d moves, %d recoveries,"
                            + " %d shutdowns seen by the connections that can move%n",
                    restarts,
                    ledger(all),
                    bed.moved(),
                    bed.recovered(),
                    bed.shutdowns().size());
            assertThat(bed.shutdowns()).isEmpty();
            AmqpTraffic.deleteQueues(cluster, all);
        }
    }
}
