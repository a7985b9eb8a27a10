package io.evenkeel.demo.amqp;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.impl.NetworkConnection;
import io.evenkeel.demo.amqp.broker.Broker;
import io.evenkeel.demo.amqp.ledger.AmqpClient;
import io.evenkeel.demo.amqp.ledger.LedgerPlan;
import io.evenkeel.demo.amqp.ledger.LedgerReport;
import io.evenkeel.demo.amqp.ledger.LedgerRun;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;

/** Client processes of one kind, each with a connection for its producers and one for its consumers. */
final class LedgerFleet implements AutoCloseable {
    private final String label;
    private final List<LedgerRun> runs = new ArrayList<>();

    private LedgerFleet(String label) {
        this.label = label;
    }

    static LedgerFleet start(String queues, List<AmqpClient> processes, LedgerPlan plan)
            throws IOException, TimeoutException {
        LedgerFleet fleet = new LedgerFleet(processes.get(0).label());
        try {
            for (int i = 0; i < processes.size(); i++) {
                fleet.runs.add(LedgerRun.start(queues + "-" + i, plan, processes.get(i)));
            }
            return fleet;
        } catch (IOException | TimeoutException | RuntimeException e) {
            fleet.close();
            throw e;
        }
    }

    String label() {
        return label;
    }

    /** One per client process. */
    List<LedgerRun> runs() {
        return List.copyOf(runs);
    }

    LedgerReport report() {
        return LedgerReport.total(runs.stream().map(LedgerRun::report).toList());
    }

    /** How many of its connections say that they are on this broker; through a Service they can't know. */
    int connections(Broker broker) {
        int count = 0;
        for (LedgerRun run : runs) {
            for (Connection connection : List.of(run.sending(), run.receiving())) {
                count += isAt(broker, (NetworkConnection) connection) ? 1 : 0;
            }
        }
        return count;
    }

    private static boolean isAt(Broker broker, NetworkConnection connection) {
        return connection.getPort() == broker.port()
                && broker.host().equals(connection.getAddress().getHostAddress());
    }

    /** Stops sending everywhere and waits until everything has arrived. */
    LedgerReport finish() throws InterruptedException {
        List<LedgerReport> reports = new ArrayList<>();
        for (LedgerRun run : runs) {
            reports.add(run.finish());
        }
        return LedgerReport.total(reports);
    }

    @Override
    public void close() {
        runs.forEach(LedgerRun::close);
    }
}
