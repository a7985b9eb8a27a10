package io.evenkeel.it;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import io.evenkeel.demo.amqp.broker.RabbitBrokers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A message every {@value #PERIOD_MILLIS} ms on a quorum queue, with confirms and acks, over one connection. */
final class AmqpTraffic {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int PERIOD_MILLIS = 100;

    private final String queue;
    private final Channel sender;
    private final Channel receiver;
    private final ConcurrentSkipListSet<Integer> confirmed = new ConcurrentSkipListSet<>();
    private final ConcurrentSkipListSet<Integer> received = new ConcurrentSkipListSet<>();
    /** How many came again: those whose acknowledgement did not reach a broker before it was gone. */
    private final AtomicInteger again = new AtomicInteger();

    private final ConcurrentSkipListMap<Long, Integer> outstanding = new ConcurrentSkipListMap<>();
    private final Thread thread;
    private volatile boolean stopped;

    private AmqpTraffic(String queue, Channel sender, Channel receiver) {
        this.queue = queue;
        this.sender = sender;
        this.receiver = receiver;
        thread = new Thread(this::send, "traffic-" + queue);
        thread.setDaemon(true);
    }

    static AmqpTraffic start(AmqpBed bed, Connection connection, String queue) throws Exception {
        AmqpTraffic traffic = new AmqpTraffic(queue, connection.createChannel(), connection.createChannel());
        bed.note(traffic.sender, queue + " sender");
        bed.note(traffic.receiver, queue + " receiver");
        bed.onClose(traffic::stop);
        traffic.prepare();
        traffic.thread.start();
        return traffic;
    }

    private void prepare() throws Exception {
        sender.queueDeclare(queue, true, false, false, Map.of("x-queue-type", "quorum"));
        sender.confirmSelect();
        sender.addConfirmListener(
                (number, multiple) -> settle(number, multiple, true),
                (number, multiple) -> settle(number, multiple, false));
        // what is outstanding when a channel ends was answered by that; a later confirm of several is not for it
        sender.addShutdownListener(signal -> outstanding.clear());
        receiver.basicQos(50);
        receiver.basicConsume(
                queue,
                false,
                (tag, delivery) -> {
                    if (!received.add(Integer.parseInt(new String(delivery.getBody(), US_ASCII)))) {
                        again.incrementAndGet();
                    }
                    receiver.basicAck(delivery.getEnvelope().getDeliveryTag(), false);
                },
                tag -> {});
    }

    private void settle(long number, boolean multiple, boolean acked) {
        var settled = outstanding.subMap(multiple ? 0L : number, true, number, true);
        if (acked) {
            confirmed.addAll(settled.values());
        }
        settled.clear();
    }

    private void send() {
        for (int i = 0; !stopped; i++) {
            long number = 0;
            try {
                number = sender.getNextPublishSeqNo();
                outstanding.put(number, i);
                sender.basicPublish("", queue, null, Integer.toString(i).getBytes(US_ASCII));
                TimeUnit.MILLISECONDS.sleep(PERIOD_MILLIS);
            } catch (InterruptedException e) {
                return;
            } catch (Exception lost) {
                // a lost broker: nobody confirmed it, so nobody misses it
                outstanding.remove(number, i);
                if (!pause()) {
                    return;
                }
            }
        }
    }

    private static boolean pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(50);
            return true;
        } catch (InterruptedException e) {
            return false;
        }
    }

    void stop() {
        stopped = true;
        thread.interrupt();
    }

    /** Messages are sent and confirmed. */
    void goesOn() {
        int before = confirmed.size();
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(confirmed.size())
                        .as("confirmed on %s", queue)
                        .isGreaterThan(before + 5));
    }

    int confirmedCount() {
        return confirmed.size();
    }

    int receivedCount() {
        return received.size();
    }

    /** How many were received more than once. */
    int againCount() {
        return again.get();
    }

    /** Goes on for a moment, stops, and fails unless everything that was confirmed arrives. */
    void finish() throws Exception {
        goesOn();
        stop();
        thread.join(TimeUnit.SECONDS.toMillis(10));
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(received).containsAll(confirmed));
    }

    /** Where all nodes run again: each node that is away would cost a time-out. */
    static void deleteQueues(RabbitBrokers cluster, List<AmqpTraffic> all) throws Exception {
        try (Connection connection =
                        cluster.plainFactory(cluster.brokers().get(0)).newConnection("deletes");
                Channel channel = connection.createChannel()) {
            for (AmqpTraffic traffic : all) {
                channel.queueDelete(traffic.queue);
            }
        }
    }
}
