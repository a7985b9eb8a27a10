package io.evenkeel.demo.amqp.ledger;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.ShutdownSignalException;
import java.io.IOException;

/**
 * Receives with manual acknowledgement, and tells the ledger of everything that an application must not notice. The
 * callbacks of one channel come one after another, so its fields need no lock.
 */
final class Subscriber implements Consumer {
    private final MessageLedger ledger;
    private final Spans gaps;
    private final Channel channel;
    private final int ackEvery;
    private final Closing closing;
    private long last;
    private long lastTag;
    private int unacknowledged;
    private boolean registered;

    Subscriber(Connection connection, LedgerPlan plan, MessageLedger ledger, Spans gaps, Closing closing)
            throws IOException {
        this.ledger = ledger;
        this.gaps = gaps;
        this.closing = closing;
        this.ackEvery = plan.ackEvery();
        channel = connection.createChannel();
        channel.basicQos(plan.prefetch());
    }

    /** Whether the run is being ended, when callbacks are expected. */
    interface Closing {
        boolean begun();
    }

    Channel channel() {
        return channel;
    }

    void subscribe(String queue, QueueKind kind) throws IOException {
        // a tag of our own: Qpid's are unique per channel only, and recovery knows consumers by their tags
        channel.basicConsume(queue, false, queue, false, false, kind.consumerArguments(), this);
    }

    @Override
    public void handleDelivery(String consumerTag, Envelope envelope, AMQP.BasicProperties properties, byte[] body)
            throws IOException {
        long now = System.nanoTime();
        if (last != 0) {
            gaps.record(now, now - last);
        }
        last = now;
        ledger.delivered(LedgerMessage.of(body), envelope.isRedeliver());
        if (envelope.getDeliveryTag() <= lastTag) {
            notice("delivery tag that doesn't grow");
        }
        lastTag = envelope.getDeliveryTag();
        if (++unacknowledged >= ackEvery) {
            acknowledge(lastTag);
        }
    }

    private void acknowledge(long tag) throws IOException {
        unacknowledged = 0;
        try {
            channel.basicAck(tag, ackEvery > 1);
        } catch (AlreadyClosedException e) {
            notice("ack on a closed channel");
        }
    }

    @Override
    public void handleConsumeOk(String consumerTag) {
        if (registered) {
            notice("second consume-ok");
        }
        registered = true;
    }

    @Override
    public void handleCancelOk(String consumerTag) {
        notice("cancel-ok");
    }

    @Override
    public void handleCancel(String consumerTag) {
        notice("consumer cancelled");
    }

    @Override
    public void handleShutdownSignal(String consumerTag, ShutdownSignalException signal) {
        notice("shutdown of a consumer");
    }

    @Override
    public void handleRecoverOk(String consumerTag) {
        notice("recover-ok");
    }

    private void notice(String what) {
        if (!closing.begun()) {
            ledger.callback(what);
        }
    }
}
