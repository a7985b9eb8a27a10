package io.evenkeel.balance;

import static io.evenkeel.balance.BalanceBed.config;
import static io.evenkeel.balance.BalanceBed.pods;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.event.EvenkeelEvent.ConnectionExpired;
import io.evenkeel.event.EvenkeelEvent.ConnectionOpened;
import io.evenkeel.event.EvenkeelEvent.ConnectionRetired;
import io.evenkeel.event.EvenkeelEvent.PlanChanged;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** No step makes itself due again at the same instant: rounds and events between two moments of the ticker are bounded. */
class RoundsTest {

    /** A pool of 12 seats over 4 endpoints: every seat opened, retired and reported some times over. */
    private static final int ROUNDS_AT_ONE_INSTANT = 100;

    @Test
    void seats_without_a_connection_are_not_renewed_in_a_loop() {
        BalanceBed bed = new BalanceBed(
                12, config().maxConnectionAge(Duration.ofMinutes(10)).build(), 7);
        List<Endpoint> pods = pods(4);
        bed.connections.onDemand();
        bed.publish(pods);
        bed.passSeconds(1);
        for (Endpoint pod : pods) {
            bed.connections.connect(pod);
        }
        for (int minute = 0; minute < 60; minute++) {
            bed.passSeconds(60);
            // Callers come and need as many connections as before.
            for (Endpoint pod : pods) {
                if (bed.connections.open(pod) == 0) {
                    bed.connections.connect(pod);
                }
            }
        }
        assertThat(bed.scheduler.mostAtOneInstant())
                .as("tasks at one instant")
                .isLessThanOrEqualTo(ROUNDS_AT_ONE_INSTANT);
        // Once a deadline of a move at the most, while only seats without a connection are given up.
        assertThat(bed.events(ConnectionExpired.class)).hasSizeLessThan(4 * 60 * 60 / 30);
        bed.assertBudgetKept();
    }

    @Test
    void a_connection_at_its_age_is_renewed_once() {
        BalanceBed bed = new BalanceBed(
                4, config().maxConnectionAge(Duration.ofMinutes(10)).build(), 7);
        bed.publish(pods(2));
        bed.passSeconds(1);
        bed.passSeconds(10 * 60);
        int renewed = bed.events(ConnectionExpired.class).size();
        assertThat(renewed).as("renewals within the first age").isEqualTo(4);
        assertThat(bed.events(ConnectionOpened.class)).hasSize(4 + renewed);
        assertThat(bed.scheduler.mostAtOneInstant()).isLessThanOrEqualTo(ROUNDS_AT_ONE_INSTANT);
    }

    @Test
    void a_connection_in_use_at_its_age_is_asked_for_a_bounded_number_of_times() {
        BalanceBed bed = new BalanceBed(
                4, config().maxConnectionAge(Duration.ofMinutes(10)).build(), 7);
        bed.publish(pods(2));
        bed.passSeconds(1);
        bed.connections.acquireAll();
        bed.passSeconds(60 * 60);
        assertThat(bed.events(ConnectionExpired.class)).isEmpty();
        assertThat(bed.scheduler.mostAtOneInstant()).isLessThanOrEqualTo(ROUNDS_AT_ONE_INSTANT);
    }

    @Test
    void an_endpoint_that_joins_is_planned_for_once() {
        BalanceBed bed = new BalanceBed(12);
        bed.publish(pods(3));
        bed.passSeconds(1);
        bed.events.clear();
        bed.publish(pods(4));
        bed.passSeconds(60);
        assertThat(bed.events(PlanChanged.class))
                .extracting(PlanChanged::reason)
                .containsExactly("endpoints changed");
    }

    @Test
    void a_storm_of_everything_stays_bounded_at_each_instant() {
        BalanceBed bed = new BalanceBed(
                12, config().maxConnectionAge(Duration.ofMinutes(1)).surge(1).build(), 3);
        List<Endpoint> pods = pods(4);
        bed.publish(pods);
        bed.passSeconds(5);
        for (int i = 0; i < 20; i++) {
            bed.connections.dialTime(Duration.ZERO);
            bed.publish(pods.subList(0, 1 + i % 4));
            bed.resize(4 + i % 9);
            bed.connections.unreachable(pods.get(i % 4), i % 3 == 0);
            bed.passSeconds(20);
        }
        assertThat(bed.scheduler.mostAtOneInstant())
                .as("tasks at one instant")
                .isLessThanOrEqualTo(2 * ROUNDS_AT_ONE_INSTANT);
        assertThat(bed.events(ConnectionRetired.class)).isNotEmpty();
        assertThat(bed.events(EvenkeelEvent.class)).hasSizeLessThan(4_000);
    }
}
