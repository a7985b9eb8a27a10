package io.evenkeel.demo.amqp.broker;

import java.io.IOException;
import java.net.InetSocketAddress;

/** A node of a RabbitMQ cluster, with what RabbitMQ's own tools can do to it. */
public interface RabbitBroker extends Broker {
    /** What it is called in the cluster, such as {@code rabbit@rabbit-1}. */
    String nodeName();

    /** Where it speaks TLS. */
    InetSocketAddress tlsAddress();

    /**
     * Runs one of RabbitMQ's tools on it.
     *
     * @return what it printed
     * @throws IOException if it failed, with what it printed
     */
    String run(String... command) throws IOException;

    /** Evaluates an Erlang expression in it. */
    default String eval(String expression) throws IOException {
        return run("rabbitmqctl", "eval", expression).trim();
    }

    /** Maintenance mode: it moves its queues' leaders away, then closes its listeners and every connection. */
    default void drain() throws IOException {
        run("rabbitmq-upgrade", "drain");
    }

    /** The end of maintenance mode: it listens again. */
    default void revive() throws IOException {
        run("rabbitmq-upgrade", "revive");
    }

    /** Sets or clears the memory alarm, which blocks every connection that publishes, on all nodes. */
    default void raiseMemoryAlarm(boolean raised) throws IOException {
        run("rabbitmqctl", "set_vm_memory_high_watermark", raised ? "0.00001" : "0.6");
    }

    @Override
    default int connections() throws IOException {
        return Integer.parseInt(eval("length(rabbit_networking:local_connections())."));
    }

    /** Which node the queue's leader, or its only copy, is on. */
    default String leader(String queue) throws IOException {
        return eval(lookup(queue) + "node(element(2, amqqueue:get_pid(Q))).").replace("'", "");
    }

    /** Lets the leader of a quorum queue move to a node. */
    default void transferLeader(String queue, RabbitBroker to) throws IOException {
        eval(lookup(queue) + "rabbit_quorum_queue:transfer_leadership(Q, '" + to.nodeName() + "').");
    }

    private static String lookup(String queue) {
        return "{ok, Q} = rabbit_amqqueue:lookup({resource, <<\"/\">>, queue, <<\"" + queue + "\">>}), ";
    }
}
