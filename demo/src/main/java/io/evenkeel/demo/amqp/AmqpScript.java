package io.evenkeel.demo.amqp;

import io.evenkeel.demo.amqp.broker.Broker;
import io.evenkeel.demo.amqp.broker.BrokerCluster;
import io.evenkeel.demo.amqp.ledger.LedgerReport;
import io.evenkeel.endpoint.EndpointCondition;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.StringJoiner;
import java.util.concurrent.TimeUnit;

/**
 * What happens to the brokers, in order. The pauses are what a cluster takes: a Pod keeps running for its grace period
 * after it was marked, and the kubelet notices a dead container after a second.
 */
final class AmqpScript {
    private static final Duration STEADY = Duration.ofSeconds(6);
    private static final Duration AFTER_ADDED = Duration.ofSeconds(14);
    private static final Duration GRACE = Duration.ofSeconds(8);
    private static final Duration NOTICED_AFTER = Duration.ofSeconds(1);
    private static final Duration RESTART_AFTER = Duration.ofSeconds(4);
    private static final Duration AFTER_RESTART = Duration.ofSeconds(12);
    private static final long LINE_MILLIS = 2_000;

    private final BrokerCluster cluster;
    private final BrokerService service;
    private final LedgerFleet plain;
    private final LedgerFleet evenkeel;
    private final PrintStream out;
    private final long began = System.nanoTime();

    AmqpScript(BrokerCluster cluster, BrokerService service, LedgerFleet plain, LedgerFleet evenkeel, PrintStream out) {
        this.cluster = cluster;
        this.service = service;
        this.plain = plain;
        this.evenkeel = evenkeel;
        this.out = out;
    }

    AmqpVerdict run() throws IOException, InterruptedException {
        say("steady");
        watch(STEADY);

        Broker added = cluster.brokers().get(cluster.brokers().size() - 1);
        added.start();
        service.report(added, EndpointCondition.READY);
        say(added.name() + " is added");
        watch(AFTER_ADDED);
        AmqpVerdict.Spread afterAdded = new AmqpVerdict.Spread(plainAt(added), evenkeel.connections(added));

        Broker drained = cluster.brokers().get(0);
        service.report(drained, EndpointCondition.TERMINATING);
        say(drained.name() + " is terminating, " + GRACE.toSeconds() + " s of grace");
        watch(GRACE);
        drained.stop();
        service.remove(drained);
        say(drained.name() + " has closed its connections and is gone");
        watch(STEADY);
        AmqpVerdict.Pair planned = new AmqpVerdict.Pair(plain.report(), evenkeel.report());

        Broker killed = cluster.brokers().get(1);
        kill(killed);
        LedgerReport plainEnd = plain.finish();
        LedgerReport evenkeelEnd = evenkeel.finish();
        return new AmqpVerdict(
                cluster.brokers().size(), afterAdded, planned, new AmqpVerdict.Pair(plainEnd, evenkeelEnd));
    }

    private void kill(Broker broker) throws IOException, InterruptedException {
        broker.kill();
        say(broker.name() + " is killed");
        watch(NOTICED_AFTER);
        service.report(broker, EndpointCondition.NOT_READY);
        watch(RESTART_AFTER);
        broker.start();
        service.report(broker, EndpointCondition.READY);
        say(broker.name() + " is back");
        watch(AFTER_RESTART);
    }

    /** Brokers can't tell whose connections they have; those that aren't Evenkeel's are the others'. */
    private int plainAt(Broker broker) throws IOException {
        return Math.max(0, broker.connections() - evenkeel.connections(broker));
    }

    private void watch(Duration duration) throws IOException, InterruptedException {
        long end = System.nanoTime() + duration.toNanos();
        while (System.nanoTime() - end < 0) {
            long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            TimeUnit.MILLISECONDS.sleep(Math.max(1, Math.min(LINE_MILLIS, left)));
            say(line());
        }
    }

    private String line() throws IOException {
        StringJoiner brokers = new StringJoiner("  ");
        for (Broker broker : cluster.brokers()) {
            brokers.add(
                    broker.isRunning()
                            ? broker.name() + " " + plainAt(broker) + "/" + evenkeel.connections(broker)
                            : broker.name() + " -");
        }
        return brokers + "   " + line(plain) + "   " + line(evenkeel);
    }

    private static String line(LedgerFleet fleet) {
        LedgerReport report = fleet.report();
        return fleet.label() + ": " + report.confirmed() + " confirmed, " + report.refused() + " not, "
                + report.redelivered() + " redelivered";
    }

    private void say(String what) {
        out.printf(Locale.ROOT, "%5.1f s  %s%n", (System.nanoTime() - began) / 1e9, what);
    }
}
