package io.evenkeel.benchmarks;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import io.evenkeel.amqp.AmqpConnectionStatus;
import io.evenkeel.amqp.EvenkeelConnectionFactory;
import io.evenkeel.demo.amqp.broker.Broker;
import io.evenkeel.demo.amqp.broker.BrokerCluster;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Two connections with 1,500 channels each that were moved; the old link of one of them can't be closed. */
final class AmqpLameDuck implements AmqpRounds.Pair {

    private static final int CHANNELS = 1_500;
    private static final int MESSAGES = 40_000;
    private static final int PREFETCH = 200;
    private static final int PATIENCE_SECONDS = 120;
    private static final byte[] BODY = new byte[256];

    /** One connection, moved from the first broker to the second. */
    private record Moved(AmqpTarget target, EvenkeelConnectionFactory factory, Connection connection, Channel channel)
            implements AutoCloseable {

        AmqpConnectionStatus status() {
            return factory.status().connections().get(0);
        }

        @Override
        public void close() throws IOException {
            connection.abort();
            target.close();
        }
    }

    private final Moved with;
    private final Moved without;

    private AmqpLameDuck(Moved with, Moved without) {
        this.with = with;
        this.without = without;
    }

    static AmqpLameDuck open(BrokerCluster cluster) throws Exception {
        return new AmqpLameDuck(moved(cluster, true), moved(cluster, false));
    }

    private static Moved moved(BrokerCluster cluster, boolean lameDuck) throws Exception {
        Broker from = cluster.brokers().get(0);
        Broker to = cluster.brokers().get(1);
        AmqpTarget target = new AmqpTarget(cluster, from);
        EvenkeelConnectionFactory factory = target.factory(lameDuck ? "with" : "without", Duration.ZERO);
        Connection connection = factory.newConnection();
        for (int i = 1; i < CHANNELS; i++) {
            connection.createChannel();
        }
        Channel channel = connection.createChannel();
        Moved moved = new Moved(target, factory, connection, channel);
        if (lameDuck) {
            leaveOneUnsettled(channel);
        }
        target.leave(from, to);
        await(() -> to.endpoint().key().equals(moved.status().endpoint())
                && moved.status().lameDucks() == (lameDuck ? 1 : 0));
        return moved;
    }

    private static void leaveOneUnsettled(Channel channel) throws Exception {
        String queue =
                channel.queueDeclare("unsettled", false, false, false, null).getQueue();
        channel.basicPublish("", queue, null, BODY);
        await(() -> channel.basicGet(queue, false) != null);
    }

    private interface Condition {
        boolean holds() throws IOException;
    }

    private static void await(Condition condition) throws Exception {
        long begun = System.nanoTime();
        while (!condition.holds()) {
            if (System.nanoTime() - begun > TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS)) {
                throw new TimeoutException(
                        "not so after " + PATIENCE_SECONDS + " s (expected: moved to the second broker)");
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    @Override
    public double round(boolean lameDuck) throws Exception {
        Channel channel = (lameDuck ? with : without).channel();
        String queue = "rounds-" + lameDuck;
        channel.queueDeclare(queue, false, false, false, null);
        for (int i = 0; i < MESSAGES; i++) {
            channel.basicPublish("", queue, null, BODY);
        }
        await(() -> channel.messageCount(queue) == MESSAGES);
        CountDownLatch all = new CountDownLatch(MESSAGES);
        channel.basicQos(PREFETCH);
        long begun = System.nanoTime();
        String tag = channel.basicConsume(
                queue,
                false,
                (consumer, delivery) -> {
                    channel.basicAck(delivery.getEnvelope().getDeliveryTag(), false);
                    all.countDown();
                },
                consumer -> {});
        if (!all.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new TimeoutException(all.getCount() + " of " + MESSAGES + " messages did not come");
        }
        double rate = MESSAGES * 1e9 / (System.nanoTime() - begun);
        channel.basicCancel(tag);
        channel.queueDelete(queue);
        return rate;
    }

    @Override
    public String state() {
        return "lame ducks at the end: " + with.status().lameDucks() + " with, "
                + without.status().lameDucks() + " without";
    }

    @Override
    public void close() throws IOException {
        with.close();
        without.close();
    }
}
