package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.MessageProperties;
import com.sun.management.ThreadMXBean;
import io.evenkeel.demo.amqp.broker.RabbitBrokers;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * What our proxies cost: the same work over the plain client and over ours, by turns in one run on one broker, and in turns who
 * goes first, printed as the median of the rounds' ratios. Times are never asserted; that both did all of the work is.
 */
@RequiresRabbitmq
class AmqpThroughputIT {
    /** An even number, so that each goes first as often. Eight give a figure; two show that the work is done. */
    private static final int ROUNDS = Integer.getInteger("evenkeel.it.rounds", 2);

    private static final int BATCH = 200;
    private static final int PREFETCH = 200;
    private static final int TIMEOUT_SECONDS = 60;
    private static final String NOWHERE = "no-such-queue";
    private static final byte[] BODY = new byte[256];
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @Test
    void side_by_side_with_the_plain_client(RabbitBrokers cluster) throws Exception {
        ConnectionFactory plain = cluster.plainFactory(cluster.brokers().get(0));
        plain.setAutomaticRecoveryEnabled(true);
        try (AmqpBed bed = AmqpBed.over(cluster, 1);
                Connection theirs = plain.newConnection("throughput-plain");
                Connection ours = bed.open(bed.factory("throughput", "throughput"), "throughput")) {
            System.out.printf(
                    "%n%-30s %8s %12s %12s %7s %14s %14s%n",
                    "throughput, messages/s",
                    "channels",
                    "plain",
                    "evenkeel",
                    "ratio",
                    "plain B/msg",
                    "evenkeel B/msg");
            for (int channels : new int[] {1, 8}) {
                for (Work work : Work.values()) {
                    compare(work, channels, theirs, ours);
                }
            }
        }
    }

    /** What is measured. What is published goes nowhere, so that the broker does as little as it can. */
    private enum Work {
        CONFIRMED("publish, confirms by " + BATCH, 40_000) {
            @Override
            void run(Channel channel, String queue, int messages) throws Exception {
                channel.confirmSelect();
                for (int i = 1; i <= messages; i++) {
                    channel.basicPublish("", NOWHERE, MessageProperties.BASIC, BODY);
                    if (i % BATCH == 0) {
                        channel.waitForConfirmsOrDie(TimeUnit.SECONDS.toMillis(TIMEOUT_SECONDS));
                    }
                }
            }
        },
        UNCONFIRMED("publish, no confirms", 160_000) {
            @Override
            void run(Channel channel, String queue, int messages) throws Exception {
                for (int i = 0; i < messages; i++) {
                    channel.basicPublish("", NOWHERE, MessageProperties.BASIC, BODY);
                }
                // answered when the broker has read all of them
                channel.queueDeclarePassive(queue);
            }
        },
        CONSUMED("consume, each acknowledged", 24_000) {
            @Override
            void prepare(Channel channel, String queue, int messages) throws Exception {
                channel.confirmSelect();
                for (int i = 0; i < messages; i++) {
                    channel.basicPublish("", queue, MessageProperties.BASIC, BODY);
                }
                channel.waitForConfirmsOrDie(TimeUnit.SECONDS.toMillis(TIMEOUT_SECONDS));
            }

            @Override
            void run(Channel channel, String queue, int messages) throws Exception {
                CountDownLatch all = new CountDownLatch(messages);
                channel.basicQos(PREFETCH);
                String tag = channel.basicConsume(
                        queue,
                        false,
                        (consumer, delivery) -> {
                            channel.basicAck(delivery.getEnvelope().getDeliveryTag(), false);
                            all.countDown();
                        },
                        consumer -> {});
                assertThat(all.await(TIMEOUT_SECONDS, TimeUnit.SECONDS))
                        .as("%d of %d messages did not come", all.getCount(), messages)
                        .isTrue();
                channel.basicCancel(tag);
            }
        };

        private final String label;
        private final int messages;

        Work(String label, int messages) {
            this.label = label;
            this.messages = messages;
        }

        /** Before the clock starts. */
        void prepare(Channel channel, String queue, int count) throws Exception {}

        abstract void run(Channel channel, String queue, int count) throws Exception;
    }

    /**
     * One trial.
     *
     * @param rate messages a second
     * @param allocated bytes a message, in all threads of the JVM
     */
    private record Trial(double rate, double allocated) {}

    private static void compare(Work work, int channels, Connection theirs, Connection ours) throws Exception {
        trial(work, channels, theirs);
        trial(work, channels, ours);
        List<Trial> plain = new ArrayList<>();
        List<Trial> evenkeel = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            if (round % 2 == 0) {
                plain.add(trial(work, channels, theirs));
                evenkeel.add(trial(work, channels, ours));
            } else {
                evenkeel.add(trial(work, channels, ours));
                plain.add(trial(work, channels, theirs));
            }
        }
        double ratio = median(IntStream.range(0, ROUNDS)
                .mapToDouble(
                        round -> evenkeel.get(round).rate() / plain.get(round).rate()));
        System.out.printf(
                "%-30s %8d %12.0f %12.0f %7.2f %14.0f %14.0f%n",
                work.label,
                channels,
                median(plain.stream().mapToDouble(Trial::rate)),
                median(evenkeel.stream().mapToDouble(Trial::rate)),
                ratio,
                median(plain.stream().mapToDouble(Trial::allocated)),
                median(evenkeel.stream().mapToDouble(Trial::allocated)));
    }

    private static Trial trial(Work work, int count, Connection connection) throws Exception {
        int each = work.messages / count;
        List<Channel> channels = new ArrayList<>();
        List<String> queues = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Channel channel = connection.createChannel();
            String queue = "throughput-" + System.nanoTime();
            channel.queueDeclare(queue, false, false, false, Map.of());
            work.prepare(channel, queue, each);
            channels.add(channel);
            queues.add(queue);
        }
        ExecutorService executor = Executors.newFixedThreadPool(count);
        try {
            long allocated = allocated();
            long began = System.nanoTime();
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                Channel channel = channels.get(i);
                String queue = queues.get(i);
                all.add(executor.submit(() -> {
                    work.run(channel, queue, each);
                    return null;
                }));
            }
            for (Future<?> one : all) {
                one.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
            }
            double seconds = (System.nanoTime() - began) / 1e9;
            double messages = (double) each * count;
            return new Trial(messages / seconds, (allocated() - allocated) / messages);
        } finally {
            executor.shutdown();
            for (int i = 0; i < count; i++) {
                channels.get(i).queueDelete(queues.get(i));
                channels.get(i).close();
            }
        }
    }

    /** Of all threads that live; the pools' threads live on between two looks. */
    private static long allocated() {
        return Arrays.stream(THREADS.getThreadAllocatedBytes(THREADS.getAllThreadIds()))
                .filter(bytes -> bytes > 0)
                .sum();
    }

    private static double median(DoubleStream values) {
        double[] sorted = values.sorted().toArray();
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }
}
