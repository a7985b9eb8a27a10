package io.evenkeel.benchmarks;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import io.evenkeel.amqp.EvenkeelConnectionFactory;
import io.evenkeel.demo.amqp.broker.BrokerCluster;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** A consumer with workers, of which one is always at work for long; each round on a connection of its own. */
final class AmqpBusyConsumer implements AmqpRounds.Pair {

    private static final int WORKERS = 20;
    private static final int SHORT_MILLIS = 20;
    /** Longer than any move waits. */
    private static final int LONG_MILLIS = 9_000;

    /** The machine may be busy with other things. */
    private static final int PATIENCE_MILLIS = 60_000;

    private static final int BACKLOG = 2_000;
    private static final int AHEAD = 500;
    private static final Duration AGE = Duration.ofSeconds(5);
    private static final String QUEUE = "busy";

    private final BrokerCluster cluster;
    private final int seconds;
    private long rolledBack;
    private long moved;

    AmqpBusyConsumer(BrokerCluster cluster, int seconds) {
        this.cluster = cluster;
        this.seconds = seconds;
    }

    @Override
    public double round(boolean with) throws Exception {
        try (AmqpTarget target = new AmqpTarget(cluster, cluster.brokers().get(0));
                Connection sending = sender()) {
            EvenkeelConnectionFactory factory = target.factory("busy", with ? AGE : Duration.ZERO);
            Connection connection = factory.newConnection();
            Channel sender = sending.createChannel();
            sender.queueDelete(QUEUE);
            sender.queueDeclare(QUEUE, false, false, false, null);
            double rate = run(connection.createChannel(), sender);
            rolledBack += factory.status().rolledBack();
            moved += factory.status().moves();
            connection.abort();
            sender.queueDelete(QUEUE);
            return rate;
        }
    }

    private Connection sender() throws IOException, TimeoutException {
        ConnectionFactory factory = cluster.plainFactory(cluster.brokers().get(0));
        factory.setHandshakeTimeout(PATIENCE_MILLIS);
        return factory.newConnection();
    }

    private double run(Channel channel, Channel sender) throws Exception {
        ExecutorService workers = Executors.newFixedThreadPool(WORKERS);
        AtomicLong done = new AtomicLong();
        AtomicBoolean longRuns = new AtomicBoolean();
        channel.basicQos(WORKERS);
        fill(sender);
        channel.basicConsume(
                QUEUE,
                false,
                (tag, delivery) -> workers.execute(
                        () -> work(channel, delivery.getEnvelope().getDeliveryTag(), longRuns, done)),
                tag -> {});
        long begun = System.nanoTime();
        long end = begun + TimeUnit.SECONDS.toNanos(seconds);
        while (System.nanoTime() - end < 0) {
            fill(sender);
            TimeUnit.MILLISECONDS.sleep(100);
        }
        double rate = done.get() * 1e9 / (System.nanoTime() - begun);
        workers.shutdownNow();
        return rate;
    }

    private static void fill(Channel sender) throws IOException {
        for (long waiting = sender.messageCount(QUEUE); waiting < BACKLOG; waiting += AHEAD) {
            for (int i = 0; i < AHEAD; i++) {
                sender.basicPublish("", QUEUE, null, new byte[1]);
            }
        }
    }

    private static void work(Channel channel, long tag, AtomicBoolean longRuns, AtomicLong done) {
        boolean isLong = longRuns.compareAndSet(false, true);
        try {
            TimeUnit.MILLISECONDS.sleep(isLong ? LONG_MILLIS : SHORT_MILLIS);
            channel.basicAck(tag, false);
            done.incrementAndGet();
        } catch (IOException e) {
            throw new IllegalStateException("acknowledging " + tag + " (expected: the connection stays)", e);
        } catch (InterruptedException e) {
            // The round is over.
            Thread.currentThread().interrupt();
        } finally {
            if (isLong) {
                longRuns.set(false);
            }
        }
    }

    @Override
    public String state() {
        return rolledBack + " moves were taken back, " + moved + " got through";
    }

    @Override
    public void close() {}
}
