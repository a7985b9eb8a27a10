package io.evenkeel.demo.amqp.ledger;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ConfirmListener;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.MessageProperties;
import java.io.IOException;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Sends numbered messages at fixed moments, with confirms, as an application would: it asks for the sequence number
 * before it publishes, and learns by its number which message an ack or nack is for. A publish that throws is not
 * repeated, so that every repetition is another sender's.
 */
final class Producer {
    private static final long AFTER_FAILURE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final AMQP.BasicProperties PERSISTENT = MessageProperties.MINIMAL_PERSISTENT_BASIC;

    private final int lane;
    private final String queue;
    private final Channel channel;
    private final MessageLedger ledger;
    private final Spans pauses;
    private final int bodySize;
    private final long periodNanos;
    private final Thread thread;
    private final ConcurrentNavigableMap<Long, LedgerMessage> outstanding = new ConcurrentSkipListMap<>();
    private final AtomicLong blockedSince = new AtomicLong();
    private volatile boolean stopped;

    Producer(int lane, String queue, Connection connection, LedgerPlan plan, MessageLedger ledger, Spans pauses)
            throws IOException {
        this.lane = lane;
        this.queue = queue;
        this.ledger = ledger;
        this.pauses = pauses;
        this.bodySize = plan.bodySize();
        this.periodNanos = TimeUnit.SECONDS.toNanos(1) * plan.lanes() / plan.rate();
        channel = connection.createChannel();
        // here and not on a channel of its own: recovery declares a queue again on the channel that declared it
        channel.queueDeclare(queue, true, false, false, plan.kind().queueArguments());
        channel.confirmSelect();
        channel.addConfirmListener(new Confirms());
        // what keeps the account of confirms has to take the end of the channel as the answer to what is outstanding
        channel.addShutdownListener(signal -> refuseOutstanding());
        thread = new Thread(this::work, "evenkeel-demo-producer-" + lane);
        thread.setDaemon(true);
    }

    Channel channel() {
        return channel;
    }

    void deleteQueue() throws IOException {
        channel.queueDelete(queue);
    }

    void start() {
        thread.start();
    }

    void stop() throws InterruptedException {
        stopped = true;
        LockSupport.unpark(thread);
        thread.join(TimeUnit.SECONDS.toMillis(30));
        if (thread.isAlive()) {
            throw new IllegalStateException(
                    thread.getName() + ": still in basicPublish after 30 s (expected: returned)");
        }
    }

    private void work() {
        long due = System.nanoTime() + periodNanos * lane / 4;
        for (long number = 0; !stopped; number++, due += periodNanos) {
            while (System.nanoTime() - due < 0 && !stopped) {
                LockSupport.parkNanos(due - System.nanoTime());
            }
            if (!stopped) {
                publish(new LedgerMessage(lane, number));
            }
        }
    }

    private void publish(LedgerMessage message) {
        long began = System.nanoTime();
        long sequenceNumber = 0;
        try {
            sequenceNumber = channel.getNextPublishSeqNo();
            outstanding.put(sequenceNumber, message);
            channel.basicPublish("", queue, PERSISTENT, message.body(bodySize));
            ledger.sent(message);
            long end = System.nanoTime();
            long since = blockedSince.getAndSet(0);
            pauses.record(end, end - (since == 0 ? began : since));
        } catch (AlreadyClosedException | IOException e) {
            // or a later confirm of several would be taken for its own
            outstanding.remove(sequenceNumber, message);
            ledger.refused(message);
            // a pause lasts from the first failure to the next success
            blockedSince.compareAndSet(0, began);
            LockSupport.parkNanos(AFTER_FAILURE_NANOS);
        }
    }

    private void refuseOutstanding() {
        for (Long number : outstanding.keySet()) {
            LedgerMessage message = outstanding.remove(number);
            if (message != null) {
                ledger.refused(message);
            }
        }
    }

    private final class Confirms implements ConfirmListener {
        @Override
        public void handleAck(long sequenceNumber, boolean multiple) {
            settle(sequenceNumber, multiple, true);
        }

        @Override
        public void handleNack(long sequenceNumber, boolean multiple) {
            settle(sequenceNumber, multiple, false);
        }

        private void settle(long sequenceNumber, boolean multiple, boolean acked) {
            if (multiple) {
                var settled = outstanding.headMap(sequenceNumber, true);
                settled.values().forEach(message -> settle(message, acked));
                settled.clear();
            } else {
                LedgerMessage message = outstanding.remove(sequenceNumber);
                if (message == null) {
                    ledger.callback("confirm of an unknown number");
                } else {
                    settle(message, acked);
                }
            }
        }

        private void settle(LedgerMessage message, boolean acked) {
            if (acked) {
                ledger.confirmed(message);
            } else {
                ledger.refused(message);
            }
        }
    }
}
