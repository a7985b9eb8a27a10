package io.evenkeel.demo.amqp;

import io.evenkeel.demo.Act;
import io.evenkeel.demo.ActUnavailableException;
import io.evenkeel.demo.amqp.broker.BrokerCluster;
import io.evenkeel.demo.amqp.broker.HostRabbitCluster;
import io.evenkeel.demo.amqp.broker.QpidCluster;
import io.evenkeel.demo.amqp.ledger.AmqpClient;
import io.evenkeel.demo.amqp.ledger.LedgerPlan;
import io.evenkeel.demo.amqp.ledger.QueueKind;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;

/**
 * RabbitMQ's own client through a Service and Evenkeel over the brokers, side by side, while brokers are added, drained
 * and killed; a ledger says what became of every message. The brokers are embedded ones, or with {@code --rabbitmq}
 * nodes of the RabbitMQ that is installed on this machine.
 */
public final class AmqpAct implements Act {
    private static final String RABBITMQ = "--rabbitmq";
    private static final int BROKERS = 4;
    private static final int RUNNING = 3;
    private static final int PROCESSES = 6;
    private static final LedgerPlan EACH = new LedgerPlan(QueueKind.CLASSIC, 2, 100, 50, 1, 256);
    // decides where the Service sends connections, so that two runs can be compared
    private static final long SEED = 20261125;

    @Override
    public boolean play(List<String> arguments, PrintStream out) throws ActUnavailableException, InterruptedException {
        try (BrokerCluster cluster = cluster(arguments, out)) {
            return play(cluster, out);
        } catch (IOException | TimeoutException e) {
            throw new ActUnavailableException(e);
        }
    }

    private static BrokerCluster cluster(List<String> arguments, PrintStream out)
            throws ActUnavailableException, IOException {
        for (String argument : arguments) {
            if (!argument.equals(RABBITMQ)) {
                throw new ActUnavailableException("argument: " + argument + " (expected: " + RABBITMQ + ", or none)");
            }
        }
        if (!arguments.isEmpty()) {
            out.println("Starting " + RUNNING + " nodes of the RabbitMQ that is installed here");
            return HostRabbitCluster.start(BROKERS, RUNNING);
        }
        out.println("Starting " + RUNNING + " embedded brokers (Qpid Broker-J)");
        return QpidCluster.start(BROKERS, RUNNING);
    }

    private static boolean play(BrokerCluster cluster, PrintStream out)
            throws IOException, TimeoutException, InterruptedException {
        LedgerPlan plan = cluster.isReplicating() ? EACH.withKind(QueueKind.QUORUM) : EACH;
        out.printf(
                "%d client processes with 2 connections each, %d messages/s with confirms and acks, once with"
                        + " RabbitMQ's own client through the Service and once with Evenkeel over the brokers%n",
                PROCESSES, PROCESSES * plan.rate());
        try (BrokerService service = new BrokerService(cluster.brokers().subList(0, RUNNING), SEED);
                LedgerFleet plain = LedgerFleet.start("plain", plainProcesses(cluster, service), plan);
                LedgerFleet evenkeel = LedgerFleet.start("evenkeel", evenkeelProcesses(cluster, service), plan)) {
            AmqpScript script = new AmqpScript(cluster, service, plain, evenkeel, out);
            AmqpVerdict verdict = script.run();
            out.println(verdict.text());
            return verdict.allReached();
        }
    }

    private static List<AmqpClient> plainProcesses(BrokerCluster cluster, BrokerService service) {
        return IntStream.range(0, PROCESSES)
                .<AmqpClient>mapToObj(process -> new PlainProcess(cluster, service))
                .toList();
    }

    private static List<AmqpClient> evenkeelProcesses(BrokerCluster cluster, BrokerService service) {
        return IntStream.range(0, PROCESSES)
                .<AmqpClient>mapToObj(process -> new EvenkeelProcess(cluster, service, "process-" + process))
                .toList();
    }
}
