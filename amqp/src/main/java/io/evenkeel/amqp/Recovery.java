package io.evenkeel.amqp;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.TopologyRecoveryException;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings what the application had to a new link, after the old one was lost: a move without a source. In the order that each
 * needs the one before: channels with their settings, exchanges, queues, bindings, consumers. What can't be declared is told
 * to the exception handler, and the rest goes on, as automatic recovery does it.
 */
final class Recovery {

    private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);

    private final VirtualConnection connection;
    private final Link link;
    private final boolean withTopology;

    Recovery(VirtualConnection connection, Link link, boolean withTopology) {
        this.connection = connection;
        this.link = link;
        this.withTopology = withTopology;
    }

    void channels() throws IOException, InterruptedException {
        for (VirtualChannel channel : connection.channels()) {
            channel.reopenOn(link);
        }
    }

    void topology() throws IOException {
        if (!withTopology) {
            return;
        }
        connection.tellTopologyRecoveryStarted();
        TopologyRecord topology = connection.topology();
        for (TopologyRecord.Exchange exchange : topology.exchanges()) {
            if (!exchange.name().isEmpty() && !exchange.name().startsWith("amq.")) {
                declare(exchange, "exchange " + exchange.name());
            }
        }
        for (TopologyRecord.Queue queue : topology.queues()) {
            declare(queue, "queue " + queue.name());
        }
        for (TopologyRecord.Binding binding : topology.bindings()) {
            declare(binding, "binding of " + binding.destination() + " to " + binding.source());
        }
    }

    /** Each on a channel of its own: one that is refused takes its channel with it. */
    private void declare(TopologyRecord.Entity entity, String what) throws IOException {
        Channel channel = link.connection().createChannel();
        if (channel == null) {
            throw new IOException(connection + ": no channel is free to declare " + what);
        }
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
            channel.abort();
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

    void consumers() {
        if (!withTopology) {
            return;
        }
        for (VirtualChannel channel : connection.channels()) {
            try {
                channel.consumers().resume(true);
            } catch (IOException | RuntimeException e) {
                tell(
                        channel,
                        new TopologyRecoveryException(
                                "Caught an exception while recovering the consumers of " + channel + ": "
                                        + e.getMessage(),
                                e));
            }
        }
    }

    private void tell(Channel channel, TopologyRecoveryException failure) {
        LOG.debug("{}", failure.getMessage(), failure);
        connection.exceptionHandler().handleTopologyRecoveryException(connection, channel, failure);
    }
}
