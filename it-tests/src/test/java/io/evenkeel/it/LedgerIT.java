package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.demo.amqp.broker.Broker;
import io.evenkeel.demo.amqp.broker.RabbitBrokers;
import io.evenkeel.demo.amqp.ledger.EvenkeelWay;
import io.evenkeel.demo.amqp.ledger.ForcedRecovery;
import io.evenkeel.demo.amqp.ledger.LedgerPlan;
import io.evenkeel.demo.amqp.ledger.LedgerReport;
import io.evenkeel.demo.amqp.ledger.LedgerRun;
import io.evenkeel.demo.amqp.ledger.QueueKind;
import io.evenkeel.demo.amqp.ledger.Way;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * What becomes of every message when the connections of its producers and consumers are moved twenty times under load, and
 * what the naive way makes of it. Each row stands in the output.
 */
@RequiresRabbitmq
class LedgerIT {
    private static final int MOVES = 20;
    // it ends as soon as the prefetch is used up, some 40 ms on an idle machine; the rest is for a busy one
    private static final Duration ACK_HOLD = Duration.ofSeconds(2);
    private static final AtomicInteger RUNS = new AtomicInteger();

    /** Within an hour a pool makes at most twice as many as it has connections. */
    private static final int VOLUNTARY_MOVES = 2;
    /** Few enough that two processors, which three brokers share with the test, are not what is measured. */
    private static final int LOW_RATE = 200;

    private static final int LOW_RATE_MOVES = 8;

    private static final int WARM_UP_MOVES = 5;

    /** What the first moves load and compile is no pause of a move. */
    @BeforeAll
    static void warmUp(RabbitBrokers cluster) throws Exception {
        Way way = evenkeel(cluster, Duration.ZERO);
        try (LedgerRun run = LedgerRun.start("ledger-0", LedgerPlan.of(QueueKind.CLASSIC), way)) {
            for (int i = 0; i < WARM_UP_MOVES; i++) {
                run.move(way);
            }
            run.finish();
        }
    }

    @BeforeAll
    static void head() {
        System.out.printf(
                "%nmoves of both connections, 4 lanes; pauses are median / longest of the moves' longest,"
                        + " in brackets the same without a move%n%-8s %-24s %5s %10s %9s %7s %10s %4s %10s %11s %9s %9s  %s%n",
                "queue",
                "way",
                "moves",
                "messages/s",
                "confirmed",
                "refused",
                "unanswered",
                "lost",
                "duplicated",
                "redelivered",
                "disorder",
                "callbacks",
                "publisher pause, consumer gap");
    }

    @Test
    void classic_queues_lose_and_repeat_nothing(RabbitBrokers cluster) throws Exception {
        LedgerReport report = run(QueueKind.CLASSIC, evenkeel(cluster, Duration.ZERO));
        assertExact(report);
        assertThat(report.redelivered()).isZero();
    }

    @Test
    void quorum_queues_lose_and_repeat_nothing(RabbitBrokers cluster) throws Exception {
        assertExact(run(QueueKind.QUORUM, evenkeel(cluster, Duration.ZERO)));
    }

    @Test
    void quorum_queues_with_ack_hold_hardly_redeliver(RabbitBrokers cluster) throws Exception {
        LedgerReport report = run(QueueKind.QUORUM, evenkeel(cluster, ACK_HOLD));
        assertExact(report);
        assertThat(report.redelivered()).as("in %d moves", MOVES).isLessThanOrEqualTo(1);
    }

    @Test
    void streams_are_read_on_and_not_again(RabbitBrokers cluster) throws Exception {
        assertExact(run(QueueKind.STREAM, evenkeel(cluster, Duration.ZERO)));
    }

    @Test
    void voluntary_moves_lose_and_repeat_nothing_either(RabbitBrokers cluster) throws Exception {
        for (int i = 0; i < MOVES / VOLUNTARY_MOVES; i++) {
            EvenkeelWay way = new EvenkeelWay(
                    "evenkeel, voluntary",
                    cluster,
                    cluster.brokers().get(0),
                    cluster.brokers().get(1),
                    true,
                    factory -> {});
            LedgerReport report = run(LedgerPlan.of(QueueKind.CLASSIC), VOLUNTARY_MOVES, way);
            assertExact(report);
            assertThat(report.redelivered()).isZero();
        }
    }

    @Test
    void with_few_messages_the_pauses_are_those_of_the_moves_alone(RabbitBrokers cluster) throws Exception {
        for (QueueKind kind : QueueKind.values()) {
            assertExact(run(LedgerPlan.of(kind).withRate(LOW_RATE), LOW_RATE_MOVES, evenkeel(cluster, Duration.ZERO)));
        }
    }

    @Test
    void forced_recovery_is_caught_on_classic_queues(RabbitBrokers cluster) throws Exception {
        assertCaught(run(QueueKind.CLASSIC, naive(cluster)));
    }

    @Test
    void forced_recovery_is_caught_on_quorum_queues(RabbitBrokers cluster) throws Exception {
        assertCaught(run(QueueKind.QUORUM, naive(cluster)));
    }

    @Test
    void forced_recovery_is_caught_on_streams(RabbitBrokers cluster) throws Exception {
        LedgerReport report = run(QueueKind.STREAM, naive(cluster));
        assertCaught(report);
        assertThat(report.duplicated()).isPositive();
    }

    private static void assertExact(LedgerReport report) {
        assertThat(report.isExact()).as("%s", report).isTrue();
        assertThat(report.callbacks()).isEmpty();
    }

    private static void assertCaught(LedgerReport report) {
        assertThat(report.isExact()).as("%s", report).isFalse();
        assertThat(report.noticed()).isPositive();
    }

    private static Way evenkeel(RabbitBrokers cluster, Duration ackHold) throws Exception {
        String label = ackHold.isZero() ? "evenkeel" : "evenkeel, ack-hold";
        Broker first = cluster.brokers().get(0);
        Broker second = cluster.brokers().get(1);
        return new EvenkeelWay(label, cluster, first, second, factory -> factory.setAckHold(ackHold));
    }

    private static Way naive(RabbitBrokers cluster) {
        return new ForcedRecovery(
                cluster, cluster.brokers().get(0), cluster.brokers().get(1));
    }

    private static LedgerReport run(QueueKind kind, Way way) throws Exception {
        return run(LedgerPlan.of(kind), MOVES, way);
    }

    private static LedgerReport run(LedgerPlan plan, int moves, Way way) throws Exception {
        String name = "ledger-" + RUNS.incrementAndGet();
        try (LedgerRun run = LedgerRun.start(name, plan, way)) {
            for (int i = 0; i < moves; i++) {
                run.move(way);
            }
            LedgerReport report = run.finish();
            System.out.printf(
                    "%-8s %-24s %5d %10d %9d %7d %10d %4d %10d %11d %9d %9d  %s (%s), %s (%s)%n",
                    plan.kind().label(),
                    way.label(),
                    moves,
                    plan.rate(),
                    report.confirmed(),
                    report.refused(),
                    report.unanswered(),
                    report.lost(),
                    report.duplicated(),
                    report.redelivered(),
                    report.outOfOrder(),
                    report.noticed(),
                    run.publisherPauses(),
                    run.restingPublisherPauses(),
                    run.consumerGaps(),
                    run.restingConsumerGaps());
            if (way instanceof EvenkeelWay ours) {
                System.out.printf(
                        "%-8s   of which the moves' own: publisher pause %s, consumer gap %s%n",
                        "", ours.publisherPauses(), ours.consumerGaps());
            }
            return report;
        }
    }
}
