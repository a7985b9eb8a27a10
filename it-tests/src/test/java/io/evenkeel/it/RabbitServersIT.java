package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ShutdownSignalException;
import io.evenkeel.demo.amqp.broker.Handshake;
import io.evenkeel.demo.amqp.broker.RabbitBroker;
import io.evenkeel.demo.amqp.broker.RabbitBrokers;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The brokers do what the other tests rely on. */
@RequiresRabbitmq
class RabbitServersIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @Test
    void nodes_share_their_queues_and_count_their_own_connections(RabbitBrokers cluster) throws Exception {
        RabbitBroker first = cluster.nodes().get(0);
        RabbitBroker second = cluster.nodes().get(1);
        int before = first.connections();
        try (Connection toFirst = cluster.plainFactory(first).newConnection("first");
                Connection toSecond = cluster.plainFactory(second).newConnection("second")) {
            Channel sender = toFirst.createChannel();
            sender.queueDeclare("servers-shared", true, false, false, Map.of("x-queue-type", "quorum"));
            sender.confirmSelect();
            sender.basicPublish("", "servers-shared", null, new byte[] {42});
            sender.waitForConfirmsOrDie(5_000);
            Channel receiver = toSecond.createChannel();
            await().untilAsserted(() ->
                    assertThat(receiver.basicGet("servers-shared", true)).isNotNull());
            sender.queueDelete("servers-shared");
            assertThat(first.connections()).isEqualTo(before + 1);
        }
    }

    @Test
    void drained_node_closes_every_connection_with_320_until_it_is_revived(RabbitBrokers cluster) throws Exception {
        RabbitBroker node = cluster.nodes().get(2);
        CompletableFuture<ShutdownSignalException> signal = new CompletableFuture<>();
        Connection connection = plain(cluster, node);
        connection.addShutdownListener(signal::complete);
        try {
            node.drain();
            assertThat(signal.get(20, TimeUnit.SECONDS).getReason().toString()).contains("reply-code=320");
            assertThat(Handshake.succeeds(node.host(), node.port())).isFalse();
        } finally {
            node.revive();
            Handshake.await(node, PATIENCE);
            connection.abort();
        }
    }

    @Test
    void killed_node_refuses_at_once_and_comes_back_at_its_address(RabbitBrokers cluster) throws Exception {
        RabbitBroker node = cluster.nodes().get(2);
        try (Connection connection = plain(cluster, node)) {
            node.kill();
            assertThatThrownBy(() -> cluster.plainFactory(node).newConnection()).isInstanceOf(IOException.class);
            await().atMost(PATIENCE).until(() -> !connection.isOpen());
        } catch (IOException | AlreadyClosedException closed) {
            // it was
        } finally {
            node.start();
        }
        plain(cluster, node).close();
    }

    private static Connection plain(RabbitBrokers cluster, RabbitBroker node) throws Exception {
        var factory = cluster.plainFactory(node);
        factory.setAutomaticRecoveryEnabled(false);
        return factory.newConnection("plain");
    }
}
