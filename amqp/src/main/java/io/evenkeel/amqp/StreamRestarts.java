package io.evenkeel.amqp;

import com.rabbitmq.client.AlreadyClosedException;
import io.evenkeel.time.Backoff;
import io.evenkeel.time.Scheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts consumers of one channel again where a broker passed messages of a stream over (see {@link StreamPosition}):
 * at once when the first delivery shows it, and, for a stream to which nothing more is added, when nothing was
 * delivered for a while, since the message that was read last must come again. Thread-safe.
 */
final class StreamRestarts {

    private static final Logger LOG = LoggerFactory.getLogger(StreamRestarts.class);

    /** What a replica is given to catch up. */
    private static final Backoff WAITS = Backoff.exponential(Duration.ofSeconds(1), Duration.ofSeconds(16));
    /** A handler may block the delivery for longer; from then on only the first delivery counts. */
    private static final int MOST_WAITS = 5;

    private static final Duration WHILE_MOVING = Duration.ofMillis(100);
    private static final long REQUEST_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final VirtualChannel owner;
    private final VirtualConnection connection;
    private final ChannelConsumers consumers;

    StreamRestarts(VirtualChannel owner, VirtualConnection connection, ChannelConsumers consumers) {
        this.owner = owner;
        this.connection = connection;
        this.consumers = consumers;
    }

    /** A start that goes on, if it is one, is to show soon that nothing was passed over. */
    void await(ConsumerRecord record, EpochConsumer started) {
        int waits = record.position().waits();
        if (started.isAwaitingStream() && waits < MOST_WAITS) {
            connection.upkeep().inBackgroundAfter(WAITS.nominal(waits + 1), () -> overdue(record, started));
        }
    }

    private void overdue(ConsumerRecord record, EpochConsumer started) {
        if (started.isAwaitingStream() && record.isCurrent(started)) {
            record.position().waited();
            LOG.debug(
                    "{}: nothing of stream {} came again, {} times",
                    owner,
                    record.queue(),
                    record.position().waits());
            readAgain(record, started);
        }
    }

    /** Its first delivery is not the one that must come first. */
    void passedOver(ConsumerRecord record, EpochConsumer started, long offset) {
        LOG.debug("{}: stream {} is read again, its first message was {}", owner, record.queue(), offset);
        connection.inBackground(() -> readAgain(record, started));
    }

    private void readAgain(ConsumerRecord record, EpochConsumer stuck) {
        Link link = stuck.raw().link();
        if (!owner.isOpen() || !record.isCurrent(stuck) || !link.isOpen()) {
            // What begins after a loss, or after a move, goes on from where it was, too.
            return;
        }
        // As a move does it, so that neither a move nor recovery touches the consumer meanwhile.
        if (!connection.beginMove()) {
            connection.upkeep().inBackgroundAfter(WHILE_MOVING, () -> readAgain(record, stuck));
            return;
        }
        Scheduler.Cancellable bound = connection.links().bound(link, REQUEST_NANOS);
        try {
            consumers.readAgain(record, stuck);
        } catch (IOException | AlreadyClosedException e) {
            LOG.debug("{}: stream {} could not be read again, its channel is gone", owner, record.queue(), e);
        } finally {
            bound.cancel();
            connection.endMove();
        }
    }
}
