package io.evenkeel.demo.amqp.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.demo.amqp.broker.QpidCluster;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The ledger sees what it is there to see: nothing where nothing moves, losses where recovery is forced. */
@Tag("slow")
class LedgerOnQpidTest {
    private static final int MOVES = 10;
    // within an hour a pool makes at most twice as many voluntary moves as it has connections
    private static final int VOLUNTARY_MOVES = 2;

    @Test
    void run_without_a_move_is_exact() throws Exception {
        try (QpidCluster cluster = QpidCluster.start(1);
                LedgerRun run = LedgerRun.start("ledger", LedgerPlan.of(QueueKind.CLASSIC), forced(cluster, 0))) {
            TimeUnit.SECONDS.sleep(2);
            LedgerReport report = run.finish();
            assertThat(report.sent()).isGreaterThan(1_000);
            assertThat(report.isExact()).as("%s", report).isTrue();
            assertThat(report.redelivered()).isZero();
            assertThat(report.callbacks()).isEmpty();
        }
    }

    @Test
    void forced_recovery_is_caught() throws Exception {
        try (QpidCluster cluster = QpidCluster.start(2);
                Way way = forced(cluster, 1);
                LedgerRun run = LedgerRun.start("ledger", LedgerPlan.of(QueueKind.CLASSIC), way)) {
            for (int move = 0; move < MOVES; move++) {
                run.move(way);
            }
            LedgerReport report = run.finish();
            System.out.println("forced recovery on Qpid, " + MOVES + " moves: " + report + ", publisher pause "
                    + run.publisherPauses() + ", consumer gap " + run.consumerGaps());
            assertThat(report.isExact()).as("%s", report).isFalse();
            assertThat(report.callbacks()).containsKey("shutdown of the connection of the producers");
        }
    }

    @Test
    void our_moves_are_exact_and_nobody_notices() throws Exception {
        assertNobodyNotices(MOVES, false);
    }

    @Test
    void our_voluntary_moves_are_exact_and_nobody_notices() throws Exception {
        assertNobodyNotices(VOLUNTARY_MOVES, true);
    }

    private static void assertNobodyNotices(int moves, boolean voluntary) throws Exception {
        try (QpidCluster cluster = QpidCluster.start(2);
                Way way = new EvenkeelWay(
                        "evenkeel",
                        cluster,
                        cluster.brokers().get(0),
                        cluster.brokers().get(1),
                        voluntary,
                        factory -> {});
                LedgerRun run = LedgerRun.start("ledger", LedgerPlan.of(QueueKind.CLASSIC), way)) {
            for (int move = 0; move < moves; move++) {
                run.move(way);
            }
            LedgerReport report = run.finish();
            System.out.println("evenkeel on Qpid, " + moves + (voluntary ? " voluntary" : " forced") + " moves: "
                    + report + ", publisher pause " + run.publisherPauses() + ", consumer gap " + run.consumerGaps());
            assertThat(report.isExact()).as("%s", report).isTrue();
            assertThat(report.redelivered()).isZero();
            assertThat(report.callbacks()).isEmpty();
        }
    }

    private static Way forced(QpidCluster cluster, int second) {
        return new ForcedRecovery(
                cluster, cluster.brokers().get(0), cluster.brokers().get(second));
    }
}
