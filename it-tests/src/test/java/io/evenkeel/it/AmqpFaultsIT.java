package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.BlockedListener;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import io.evenkeel.amqp.EvenkeelConnectionFactory;
import io.evenkeel.demo.amqp.broker.Broker;
import io.evenkeel.demo.amqp.broker.Handshake;
import io.evenkeel.demo.amqp.broker.RabbitBroker;
import io.evenkeel.demo.amqp.broker.RabbitBrokers;
import io.evenkeel.endpoint.EndpointCondition;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** What the application notices when brokers are drained, stopped, killed, frozen or short of memory. */
@RequiresRabbitmq
class AmqpFaultsIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int CONNECTIONS = 30;

    @Test
    void drained_node_is_left_before_it_closes_a_connection(RabbitBrokers cluster) throws Exception {
        try (AmqpBed bed = AmqpBed.over(cluster, 3)) {
            EvenkeelConnectionFactory factory = bed.factory("drain", "drain");
            List<AmqpTraffic> all = new ArrayList<>();
            for (int i = 0; i < CONNECTIONS; i++) {
                all.add(AmqpTraffic.start(bed, bed.open(factory, "drain-" + i), "drain-" + i));
            }
            RabbitBroker node = cluster.nodes().get(1);
            assertThat(bed.places()).containsEntry(node.name(), CONNECTIONS / 3);
            // what Kubernetes does: the Pod is marked, and its preStop hook drains the node
            bed.set(node, EndpointCondition.TERMINATING);
            try {
                bed.awaitLeft(node, PATIENCE);
                node.drain();
                System.out.printf(
                        "a node with %d of %d connections is drained: %s after %d moves, %d shutdowns seen%n",
                        CONNECTIONS / 3,
                        CONNECTIONS,
                        bed.places(),
                        bed.moved(),
                        bed.shutdowns().size());
                assertThat(bed.shutdowns()).isEmpty();
                assertThat(bed.moved()).isEqualTo(CONNECTIONS / 3);
                for (AmqpTraffic traffic : all) {
                    traffic.finish();
                }
                assertThat(bed.shutdowns()).isEmpty();
            } finally {
                node.revive();
                Handshake.await(node, PATIENCE);
                AmqpTraffic.deleteQueues(cluster, all);
            }
        }
    }

    @Test
    void node_with_all_connections_is_left_before_it_closes_one(RabbitBrokers cluster) throws Exception {
        try (AmqpBed bed = AmqpBed.over(cluster, 1)) {
            EvenkeelConnectionFactory factory = bed.factory("all-drain", "all-drain");
            List<AmqpTraffic> all = new ArrayList<>();
            for (int i = 0; i < CONNECTIONS; i++) {
                all.add(AmqpTraffic.start(bed, bed.open(factory, "all-drain-" + i), "all-drain-" + i));
            }
            RabbitBroker node = cluster.nodes().get(0);
            bed.set(bed.broker(1), EndpointCondition.READY);
            bed.set(bed.broker(2), EndpointCondition.READY);
            bed.set(node, EndpointCondition.TERMINATING);
            try {
                bed.awaitLeft(node, Duration.ofSeconds(25));
                node.drain();
                for (AmqpTraffic traffic : all) {
                    traffic.finish();
                }
                System.out.printf(
                        "a node with all of %d connections is drained: %s after %d moves, %d shutdowns seen%n",
                        CONNECTIONS, bed.places(), bed.moved(), bed.shutdowns().size());
                assertThat(bed.shutdowns()).isEmpty();
            } finally {
                node.revive();
                Handshake.await(node, PATIENCE);
                AmqpTraffic.deleteQueues(cluster, all);
            }
        }
    }

    @Test
    void killed_node_is_recovered_from_and_consumers_go_on(RabbitBrokers cluster) throws Exception {
        recoversFrom(cluster, RabbitBroker::kill, RabbitBroker::start, "killed");
    }

    @Test
    void stopped_node_is_recovered_from_and_consumers_go_on(RabbitBrokers cluster) throws Exception {
        recoversFrom(cluster, RabbitBroker::stop, RabbitBroker::start, "stopped");
    }

    @Test
    void frozen_node_is_left_when_its_heartbeats_are_missed(RabbitBrokers cluster) throws Exception {
        RabbitBroker first = cluster.nodes().get(0);
        Fault freeze = node -> {
            // a queue is not answered for until RabbitMQ has given its leader's node up, which is not what is
            // tried here
            for (int i = 0; i < 3; i++) {
                first.transferLeader("frozen-" + i, first);
            }
            node.freeze();
        };
        recoversFrom(cluster, freeze, RabbitBroker::thaw, "frozen");
    }

    /** It answers the dial, and nothing that comes after the consumers are stopped: the worst moment. */
    @Test
    void node_that_is_frozen_in_mid_move_stops_consumers_for_no_longer_than_the_deadline(RabbitBrokers cluster)
            throws Exception {
        RabbitBroker silent = cluster.nodes().get(1);
        try (AmqpBed bed = AmqpBed.over(cluster, 1);
                Connection plain =
                        cluster.plainFactory(cluster.brokers().get(2)).newConnection("silent-plain")) {
            Connection connection = bed.open(bed.factory("silent", "silent"), "silent");
            AmqpTraffic traffic = AmqpTraffic.start(bed, connection, "silent");
            traffic.goesOn();
            Channel channel = connection.createChannel();
            bed.note(channel, "held");
            channel.queueDeclare("held", true, false, false, null);
            CountDownLatch held = new CountDownLatch(1);
            CountDownLatch release = new CountDownLatch(1);
            bed.onClose(release::countDown);
            AtomicLong handled = new AtomicLong();
            channel.basicConsume(
                    "held",
                    false,
                    (tag, delivery) -> {
                        held.countDown();
                        awaitRelease(release);
                        channel.basicAck(delivery.getEnvelope().getDeliveryTag(), false);
                        handled.incrementAndGet();
                    },
                    tag -> {});
            Channel sender = plain.createChannel();
            sender.basicPublish("", "held", null, new byte[0]);
            assertThat(held.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            bed.set(silent, EndpointCondition.READY);
            bed.set(bed.broker(0), EndpointCondition.TERMINATING);
            // The move has connected and prepared its channels, has cancelled the consumer, and waits for its handler.
            await().atMost(PATIENCE).until(() -> sender.consumerCount("held") == 0);
            silent.freeze();
            long begun = System.nanoTime();
            try {
                release.countDown();
                sender.basicPublish("", "held", null, new byte[0]);
                // A silent link without a bound would be noticed by its heartbeats, after two minutes.
                await().atMost(Duration.ofSeconds(30)).until(() -> handled.get() == 2);
                long without = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
                traffic.goesOn();
                System.out.printf(
                        "a node that is frozen in mid-move: consumers go on after %d ms, %d moves, %d taken back, %d"
                                + " shutdowns seen%n",
                        without, bed.moved(), bed.rolledBack(), bed.shutdowns().size());
                assertThat(bed.place(connection)).isEqualTo(bed.broker(0).name());
                assertThat(bed.moved()).isZero();
            } finally {
                silent.thaw();
                Handshake.await(silent, PATIENCE);
            }
            bed.awaitLeft(bed.broker(0), PATIENCE);
            traffic.finish();
            assertThat(bed.shutdowns()).isEmpty();
            sender.queueDelete("held");
            AmqpTraffic.deleteQueues(cluster, List.of(traffic));
        }
    }

    private static void recoversFrom(RabbitBrokers cluster, Fault fault, Fault repair, String name) throws Exception {
        try (AmqpBed bed = AmqpBed.over(cluster, 3)) {
            EvenkeelConnectionFactory factory = bed.factory(name, name);
            factory.setRequestedHeartbeat(2);
            factory.setNetworkRecoveryInterval(200);
            List<AmqpTraffic> all = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                // a quorum queue: it outlives the node
                all.add(AmqpTraffic.start(bed, bed.open(factory, name + "-" + i), name + "-" + i));
            }
            RabbitBroker victim = cluster.nodes().get(2);
            int hit = bed.places().getOrDefault(victim.name(), 0);
            assertThat(hit).isEqualTo(1);
            fault.strike(victim);
            try {
                await().atMost(PATIENCE).untilAsserted(() -> {
                    assertThat(bed.recovered()).as("recoveries").isEqualTo(hit);
                    assertThat(bed.places()).doesNotContainKey(victim.name());
                });
                for (AmqpTraffic traffic : all) {
                    traffic.goesOn();
                }
            } finally {
                repair.strike(victim);
                Handshake.await(victim, PATIENCE);
            }
            // what a frozen node had on the way to its consumers comes back only now
            for (AmqpTraffic traffic : all) {
                traffic.finish();
            }
            AmqpTraffic.deleteQueues(cluster, all);
        }
    }

    @Test
    void blocked_connection_is_told_so_and_goes_on_when_memory_is_free_again(RabbitBrokers cluster) throws Exception {
        RabbitBroker node = cluster.nodes().get(0);
        try (AmqpBed bed = AmqpBed.over(cluster, 2)) {
            EvenkeelConnectionFactory factory = bed.factory("blocked", "blocked");
            Connection connection = bed.open(factory, "blocked");
            AtomicBoolean blocked = new AtomicBoolean();
            AtomicInteger changes = new AtomicInteger();
            connection.addBlockedListener(new BlockedListener() {
                @Override
                public void handleBlocked(String reason) {
                    blocked.set(true);
                    changes.incrementAndGet();
                }

                @Override
                public void handleUnblocked() {
                    blocked.set(false);
                    changes.incrementAndGet();
                }
            });
            AmqpTraffic traffic = AmqpTraffic.start(bed, connection, "blocked");
            String before = bed.place(connection);
            Broker here = cluster.brokers().stream()
                    .filter(broker -> broker.name().equals(before))
                    .findFirst()
                    .orElseThrow();
            try {
                node.raiseMemoryAlarm(true);
                await().atMost(PATIENCE).untilTrue(blocked);
                // confirms don't come and a close would hang: it stays
                bed.set(here, EndpointCondition.TERMINATING);
                TimeUnit.SECONDS.sleep(3);
                assertThat(bed.place(connection)).isEqualTo(before);
            } finally {
                node.raiseMemoryAlarm(false);
            }
            await().atMost(PATIENCE).untilFalse(blocked);
            bed.awaitLeft(here, PATIENCE);
            traffic.finish();
            AmqpTraffic.deleteQueues(cluster, List.of(traffic));
            assertThat(bed.shutdowns()).isEmpty();
            assertThat(changes.get()).as("blocked and unblocked, once each").isEqualTo(2);
        }
    }

    @Test
    void leader_may_move_while_the_connection_moves(RabbitBrokers cluster) throws Exception {
        try (AmqpBed bed = AmqpBed.over(cluster, 1)) {
            Connection connection = bed.open(bed.factory("leader", "leader"), "leader");
            AmqpTraffic traffic = AmqpTraffic.start(bed, connection, "leader");
            bed.set(bed.broker(1), EndpointCondition.READY);
            for (int i = 0; i < 4; i++) {
                RabbitBroker to = cluster.nodes().get(1 - i % 2);
                cluster.nodes().get(2).transferLeader("leader", to);
                bed.set(bed.broker(i % 2), EndpointCondition.TERMINATING);
                bed.awaitLeft(bed.broker(i % 2), PATIENCE);
                bed.set(bed.broker(i % 2), EndpointCondition.READY);
            }
            traffic.finish();
            AmqpTraffic.deleteQueues(cluster, List.of(traffic));
            assertThat(bed.shutdowns()).isEmpty();
            assertThat(bed.moved()).isGreaterThanOrEqualTo(4);
        }
    }

    private static void awaitRelease(CountDownLatch latch) throws IOException {
        try {
            if (!latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw new IOException("the test did not go on");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private interface Fault {
        void strike(RabbitBroker node) throws Exception;
    }
}
