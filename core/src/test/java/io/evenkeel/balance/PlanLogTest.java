package io.evenkeel.balance;

import static io.evenkeel.balance.BalanceBed.pods;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.CapturedLog;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.spi.SeatPolicy;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What of plans is told at INFO and WARN: what somebody who watches the pool would want to know, and that once. */
class PlanLogTest {

    private final CapturedLog log = new CapturedLog();
    private final List<Endpoint> pods = pods(3);

    @AfterEach
    void release() {
        log.close();
    }

    private List<String> plans() {
        return log.linesWith(" to move ").stream()
                .map(line -> line.substring(line.indexOf("Pool orders")))
                .toList();
    }

    private BalanceBed held() {
        BalanceBed bed = new BalanceBed(1);
        bed.rebalancer.resize(SeatPolicy.held(0));
        bed.scheduler.runDue();
        return bed;
    }

    @Test
    void connections_that_an_application_opens_are_no_news() {
        BalanceBed bed = held();
        bed.publish(pods);
        IntStream.range(0, 30).forEach(i -> bed.rebalancer.signals().wanted());
        bed.passSeconds(1);
        assertThat(plans())
                .containsExactly("Pool orders: 0 connections over 0 of 3 endpoints, 0 to move (endpoints changed)");
    }

    @Test
    void what_endpoints_do_to_such_connections_is_told() {
        BalanceBed bed = held();
        bed.publish(pods.subList(0, 2));
        IntStream.range(0, 30).forEach(i -> bed.rebalancer.signals().wanted());
        bed.passSeconds(1);
        bed.publish(pods);
        assertThat(plans())
                .endsWith("Pool orders: 30 connections over 3 of 3 endpoints, 10 to move (endpoints changed)")
                .hasSize(2);
    }

    @Test
    void a_plan_that_changes_nothing_is_not_told_again() {
        BalanceBed bed = new BalanceBed(6);
        bed.publish(pods);
        bed.passSeconds(1);
        bed.publish(pods.stream().map(pod -> pod.withWeight(1.01)).toList());
        assertThat(plans())
                .containsExactly("Pool orders: 6 connections over 3 of 3 endpoints, 0 to move (endpoints changed)");
    }

    @Test
    void a_new_size_is_told_once() {
        BalanceBed bed = new BalanceBed(6);
        bed.publish(pods);
        bed.resize(9);
        bed.resize(9);
        assertThat(plans())
                .endsWith("Pool orders: 9 connections over 3 of 3 endpoints, 0 to move (resized from 6 to 9)")
                .hasSize(2);
    }

    @Test
    void that_no_endpoint_can_be_used_is_told_once_and_again_when_something_changes() {
        BalanceBed bed = held();
        bed.publish(pods);
        bed.publish();
        IntStream.range(0, 10).forEach(i -> bed.rebalancer.signals().wanted());
        bed.passSeconds(1);
        assertThat(log.linesWith("no endpoint can be used")).hasSize(1);
        bed.publish(pods.get(0).withCondition(EndpointCondition.NOT_READY));
        assertThat(log.linesWith("no endpoint can be used")).hasSize(2);
    }
}
