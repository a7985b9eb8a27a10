package io.evenkeel.amqp;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import io.evenkeel.time.Backoff;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Replaces the raw channel that one virtual channel sends on, where the broker has refused everything since a move or
 * recovery opened it: RabbitMQ up to 3.10 goes on refusing, for the whole life of a channel, what is published to a
 * quorum queue that elected its leader when the channel was opened. The new one is on the same link, and nothing of it
 * shows but confirms.
 *
 * <p>The old one stays open while it receives, and keeps its number from being given to another channel; the new one
 * takes one from the upper end. Thread-safe.
 */
final class SenderReplacement {

    private static final Logger LOG = LoggerFactory.getLogger(SenderReplacement.class);
    private static final Backoff WAITS = Backoff.exponential(Duration.ofMillis(500), Duration.ofSeconds(30));
    private static final Duration WHILE_MOVING = Duration.ofMillis(100);
    /** So many numbers at the upper end are tried. */
    private static final int NUMBERS = 16;

    private final VirtualChannel owner;
    private final VirtualConnection connection;
    private final AtomicInteger replaced = new AtomicInteger();

    SenderReplacement(VirtualChannel owner, VirtualConnection connection) {
        this.owner = owner;
        this.connection = connection;
    }

    /** The broker confirmed something. */
    void acked(RawChannel raw) {
        if (raw.acked()) {
            replaced.set(0);
        }
    }

    /** The broker refused something. */
    void nacked(RawChannel raw) {
        if (raw.isOpenedByUs() && !raw.isAcked() && raw.takeReplacement()) {
            schedule(raw, WAITS.nominal(replaced.get() + 1));
        }
    }

    private void schedule(RawChannel raw, Duration wait) {
        connection.upkeep().inBackgroundAfter(wait, () -> replace(raw));
    }

    private void replace(RawChannel raw) {
        if (!owner.isInUse()
                || owner.sendingOn() != raw
                || raw.isAcked()
                || !raw.link().isOpen()) {
            raw.giveReplacementBack();
            return;
        }
        if (!connection.interlock().beginMove()) {
            schedule(raw, WHILE_MOVING);
            return;
        }
        try {
            if (connection.state() == VirtualConnection.State.OPEN && owner.mayReplaceSender()) {
                open(raw);
            }
        } catch (IOException | AlreadyClosedException e) {
            LOG.debug("{}: {} refuses everything and could not be replaced", owner, raw, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            raw.giveReplacementBack();
            connection.interlock().endMove();
        }
    }

    private void open(RawChannel raw) throws IOException, InterruptedException {
        Channel channel = channel(raw.link().connection());
        if (channel == null) {
            LOG.debug("{}: {} refuses everything, and no channel is free to replace it", owner, raw);
            return;
        }
        replaced.incrementAndGet();
        RawChannel next = owner.prepareSender(raw.link(), channel);
        if (owner.publisher()
                .sendAloneOn(next, connection.dialer().publisherPause().toNanos(), true)) {
            LOG.info("{}: {} refused everything since it was opened, and is replaced for sending", owner, raw);
            owner.retireSender(raw);
        } else {
            owner.retireSender(next);
        }
    }

    private static @Nullable Channel channel(Connection connection) throws IOException {
        int most = connection.getChannelMax() > 0 ? connection.getChannelMax() : 65_535;
        for (int number = most; number > Math.max(0, most - NUMBERS); number--) {
            Channel channel = connection.createChannel(number);
            if (channel != null) {
                return channel;
            }
        }
        return null;
    }
}
