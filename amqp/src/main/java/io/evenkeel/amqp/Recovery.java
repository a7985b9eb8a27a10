package io.evenkeel.amqp;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ShutdownSignalException;
import com.rabbitmq.client.TopologyRecoveryException;
import io.evenkeel.time.Scheduler;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings what the application had to a new link, after the old one was lost: a move without a source. In the order that
 * each needs the one before: exchanges, queues, bindings, channels with their settings, consumers. What can't be
 * declared goes to the exception handler, and the rest goes on, as in automatic recovery. Of one thread.
 */
final class Recovery {

    private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);

    /** How long what belongs to one channel, or one declaration, may take at the new broker. */
    private static final long REQUEST_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final VirtualConnection connection;
    private final Link link;
    private final boolean withTopology;
    /** The one channel for all declarations, while it is open. */
    private @Nullable Channel declaring;

    Recovery(VirtualConnection connection, Link link, boolean withTopology) {
        this.connection = connection;
        this.link = link;
        this.withTopology = withTopology;
    }

    void channels() throws IOException, InterruptedException {
        for (VirtualChannel channel : connection.channels()) {
            Scheduler.Cancellable bound = connection.links().bound(link, REQUEST_NANOS);
            try {
                channel.reopenOn(link);
            } finally {
                bound.cancel();
            }
        }
    }

    /** Before the channels, so that one is free for it; one that is refused takes its channel with it. */
    void topology() throws IOException {
        if (!withTopology) {
            return;
        }
        connection.tellTopologyRecoveryStarted();
        try {
            for (TopologyRecord.Exchange exchange : connection.topology().exchanges()) {
                if (!exchange.name().isEmpty() && !exchange.name().startsWith("amq.")) {
                    declare(exchange, "exchange " + exchange.name());
                }
            }
            for (TopologyRecord.Queue queue : connection.topology().queues()) {
                declare(queue, "queue " + queue.name());
            }
            for (TopologyRecord.Binding binding : connection.topology().bindings()) {
                declare(binding, "binding of " + binding.destination() + " to " + binding.source());
            }
        } finally {
            close();
        }
    }

    private void close() {
        Channel used = declaring;
        declaring = null;
        if (used != null) {
            try {
                used.close();
            } catch (IOException | TimeoutException | ShutdownSignalException e) {
                LOG.debug("{}: the channel that declared was not closed in order", connection, e);
            }
        }
    }

    private Channel declaring() throws IOException {
        Channel open = declaring;
        if (open == null || !open.isOpen()) {
            open = link.connection().createChannel();
            if (open == null) {
                throw new IOException(connection + ": no channel to declare on (expected: channel-max to allow one)");
            }
            declaring = open;
        }
        return open;
    }

    private void declare(TopologyRecord.Entity entity, String what) throws IOException {
        Scheduler.Cancellable bound = connection.links().bound(link, REQUEST_NANOS);
        Channel channel = declaring();
        try {
            if (entity instanceof TopologyRecord.Queue queue) {
                redeclare(queue, channel);
            } else {
                entity.declare(channel);
            }
        } catch (IOException | RuntimeException e) {
            if (!link.isOpen()) {
                throw e;
            }
            tell(
                    channel,
                    new TopologyRecoveryException(
                            "Caught an exception while recovering " + what + ": " + e.getMessage(), e));
        } finally {
            bound.cancel();
        }
    }

    private void redeclare(TopologyRecord.Queue queue, Channel channel) throws IOException {
        String name = queue.declared(channel);
        if (name.equals(queue.name())) {
            return;
        }
        connection.topology().renameQueue(queue.name(), name);
        for (VirtualChannel one : connection.channels()) {
            for (ConsumerRecord consumer : one.consumers().all()) {
                if (consumer.queue().equals(queue.name())) {
                    consumer.queue(name);
                }
            }
        }
    }

    /** Each by itself: one that is refused takes no other of another channel with it. */
    void consumers() {
        if (!withTopology) {
            return;
        }
        for (VirtualChannel channel : connection.channels()) {
            for (ConsumerRecord consumer : channel.consumers().all()) {
                resume(channel, consumer);
            }
        }
    }

    private void resume(VirtualChannel channel, ConsumerRecord consumer) {
        Scheduler.Cancellable bound = connection.links().bound(link, REQUEST_NANOS);
        try {
            channel.consumers().resume(consumer, true);
        } catch (IOException | RuntimeException e) {
            if (link.isOpen()) {
                tell(
                        channel,
                        new TopologyRecoveryException(
                                "Caught an exception while recovering consumer " + consumer.tag() + " of " + channel
                                        + ": " + e.getMessage(),
                                e));
            }
        } finally {
            bound.cancel();
        }
    }

    private void tell(Channel channel, TopologyRecoveryException failure) {
        LOG.debug("{}", failure.getMessage(), failure);
        connection
                .guard()
                .run(
                        "ExceptionHandler.handleTopologyRecoveryException",
                        link.endpoint(),
                        () -> connection
                                .exceptionHandler()
                                .handleTopologyRecoveryException(connection, channel, failure));
    }
}
