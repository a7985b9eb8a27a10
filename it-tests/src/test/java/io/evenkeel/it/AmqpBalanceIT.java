package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import io.evenkeel.demo.amqp.broker.Broker;
import io.evenkeel.demo.amqp.broker.Handshake;
import io.evenkeel.demo.amqp.broker.RabbitBroker;
import io.evenkeel.demo.amqp.broker.RabbitBrokers;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.plan.Candidate;
import io.evenkeel.plan.Planner;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** How connections spread over the brokers, as the brokers count them. */
@RequiresRabbitmq
class AmqpBalanceIT {
    private static final int CONNECTIONS = 60;
    private static final String POOL = "balance";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @Test
    void sixty_connections_of_one_process_give_a_third_broker_its_share(RabbitBrokers cluster) throws Exception {
        Map<String, Integer> others = AmqpBed.over(cluster, 0).counted();
        try (AmqpBed bed = AmqpBed.over(cluster, 2)) {
            var factory = bed.factory(POOL, "one-process");
            AtomicInteger received = new AtomicInteger();
            List<Channel> channels = new ArrayList<>();
            for (int i = 0; i < CONNECTIONS; i++) {
                channels.add(consume(bed, bed.open(factory, "balance-" + i), "balance-" + i, received));
            }
            assertThat(bed.places().values()).containsExactly(30, 30);

            bed.set(bed.broker(2), EndpointCondition.READY);
            await().atMost(PATIENCE)
                    .untilAsserted(() ->
                            assertThat(bed.places().values()).hasSize(3).allMatch(count -> count >= 19 && count <= 21));
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(bed.counted())
                            .as("as the brokers count them")
                            .allSatisfy((name, count) ->
                                    assertThat(count - others.get(name)).isBetween(19, 21)));
            System.out.printf(
                    "60 connections of one process, 2 to 3 brokers: %s after %d moves%n", bed.places(), bed.moved());
            assertThat(bed.moved()).isBetween(19, 21);
            assertThat(bed.shutdowns()).isEmpty();
            assertAlive(channels, received);
        }
    }

    @Test
    void a_node_that_joins_the_running_cluster_takes_its_share(RabbitBrokers cluster) throws Exception {
        RabbitBroker joining = cluster.nodes().get(2);
        joining.run("rabbitmqctl", "stop_app");
        joining.run("rabbitmqctl", "reset");
        try (AmqpBed bed = AmqpBed.over(cluster, 2)) {
            var factory = bed.factory("join", "join");
            AtomicInteger received = new AtomicInteger();
            List<Channel> channels = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                channels.add(consume(bed, bed.open(factory, "join-" + i), "balance-" + i, received));
            }
            assertThat(bed.places().values()).containsExactly(6, 6);
            assertThat(running(cluster)).isEqualTo("2");

            join(joining, cluster);
            bed.set(joining, EndpointCondition.READY);
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(bed.places().values()).containsExactly(4, 4, 4));
            assertThat(running(cluster)).isEqualTo("3");
            System.out.printf(
                    "12 connections of one process, a node joins the cluster of 2: %s after %d moves%n",
                    bed.places(), bed.moved());
            assertThat(bed.moved()).isEqualTo(4);
            assertThat(bed.shutdowns()).isEmpty();
            assertAlive(channels, received);
        } finally {
            if (!running(cluster).equals("3")) {
                join(joining, cluster);
            }
        }
    }

    private static void join(RabbitBroker node, RabbitBrokers cluster) throws Exception {
        node.run("rabbitmqctl", "join_cluster", cluster.nodes().get(0).nodeName());
        node.run("rabbitmqctl", "start_app");
        Handshake.await(node, PATIENCE);
    }

    private static String running(RabbitBrokers cluster) throws IOException {
        return cluster.nodes().get(0).eval(RabbitCluster.RUNNING_NODES);
    }

    @Test
    void sixty_clients_with_one_connection_each_end_where_the_plan_says(RabbitBrokers cluster) throws Exception {
        try (AmqpBed bed = AmqpBed.over(cluster, 2)) {
            List<String> clients = new ArrayList<>();
            List<Connection> connections = new ArrayList<>();
            for (int i = 0; i < CONNECTIONS; i++) {
                clients.add("client-" + i);
                connections.add(bed.open(bed.factory(POOL, "client-" + i), "client-" + i));
            }
            List<Broker> two = cluster.brokers().subList(0, 2);
            List<String> planned =
                    clients.stream().map(client -> planned(client, two)).toList();
            assertThat(connections.stream().map(bed::place).toList()).isEqualTo(planned);

            bed.resetCounts();
            bed.set(bed.broker(2), EndpointCondition.READY);
            List<String> expected = clients.stream()
                    .map(client -> planned(client, cluster.brokers()))
                    .toList();
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(
                                    connections.stream().map(bed::place).toList())
                            .isEqualTo(expected));
            long least = 0;
            for (int i = 0; i < CONNECTIONS; i++) {
                least += expected.get(i).equals(planned.get(i)) ? 0 : 1;
            }
            Map<String, Long> places = new TreeMap<>(
                    expected.stream().collect(Collectors.groupingBy(Function.identity(), Collectors.counting())));
            System.out.printf(
                    "60 clients with one connection each, 2 to 3 brokers: %s after %d moves (the plan's least: %d)%n",
                    places, bed.moved(), least);
            assertThat(bed.moved()).isEqualTo((int) least);
            assertThat(bed.shutdowns()).isEmpty();
        }
    }

    private static String planned(String client, List<Broker> brokers) {
        List<Candidate> candidates = brokers.stream()
                .map(broker -> new Candidate(broker.endpoint().key(), broker.name(), 1))
                .toList();
        return Planner.plan(client + "/" + POOL, 1, candidates)
                .seatsByEndpoint()
                .keySet()
                .iterator()
                .next()
                .identity();
    }

    private static Channel consume(AmqpBed bed, Connection connection, String queue, AtomicInteger received)
            throws Exception {
        Channel channel = connection.createChannel();
        bed.note(channel, queue);
        channel.queueDeclare(queue, true, false, false, Map.of());
        channel.basicConsume(
                queue,
                false,
                (tag, delivery) -> {
                    received.incrementAndGet();
                    channel.basicAck(delivery.getEnvelope().getDeliveryTag(), false);
                },
                tag -> {});
        return channel;
    }

    /** Every channel still publishes, and every consumer still gets what was published. */
    private static void assertAlive(List<Channel> channels, AtomicInteger received) throws Exception {
        for (int i = 0; i < channels.size(); i++) {
            channels.get(i).basicPublish("", "balance-" + i, null, new byte[] {1});
        }
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(received.get()).isEqualTo(channels.size()));
        for (int i = 0; i < channels.size(); i++) {
            channels.get(i).queueDelete("balance-" + i);
        }
    }
}
