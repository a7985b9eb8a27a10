package io.evenkeel.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.CapturedLog;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.endpoint.EndpointSet;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.health.HealthConfig;
import io.evenkeel.spi.EndpointConnections;
import io.evenkeel.spi.SeatPolicy;
import io.evenkeel.time.ManualScheduler;
import io.evenkeel.watch.SourceHealth;
import io.evenkeel.watch.WatchSnapshot;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** A pool whose seats are connections that an application opened, moved as a whole. */
class HeldSeatsTest {

    private final ManualScheduler scheduler = new ManualScheduler();
    private final List<EvenkeelEvent> events = new ArrayList<>();
    private final Held held = new Held();
    private final Rebalancer rebalancer = new Rebalancer(
            "rabbit",
            "static:///test",
            SeatPolicy.held(0),
            RebalancerConfig.builder()
                    .clientId("client-1")
                    .maxConnectionAge(Duration.ZERO)
                    .build(),
            HealthConfig.builder().build(),
            new BalanceContext(
                    scheduler.ticker(), scheduler, new SplittableRandom(7), events::add, MetricsRecorder.none()));
    private long version;

    HeldSeatsTest() {
        rebalancer.start(held);
    }

    /** As a broker would count them. */
    private final class Held implements EndpointConnections {
        final TreeMap<String, Integer> open = new TreeMap<>();
        final Set<String> unreachable = new HashSet<>();
        int movesAtOnce;
        int mostMovesAtOnce;
        int opens;
        final List<String> retired = new ArrayList<>();

        @Override
        public void join(Endpoint endpoint) {
            open.putIfAbsent(endpoint.identity(), 0);
        }

        @Override
        public void open(EndpointKey endpoint, Consumer<OpenOutcome> done) {
            opens++;
            scheduler.schedule(Duration.ofMillis(10), () -> {
                if (unreachable.contains(endpoint.identity())) {
                    done.accept(new OpenOutcome.Failed(new IOException("connection refused")));
                } else {
                    open.merge(endpoint.identity(), 1, Integer::sum);
                    done.accept(new OpenOutcome.Opened());
                }
            });
        }

        @Override
        public void retire(EndpointKey endpoint, RetireReason reason, Consumer<RetireOutcome> done) {
            retired.add(endpoint + " for " + reason);
        }

        @Override
        public void keep(EndpointKey endpoint) {}

        @Override
        public void move(
                EndpointKey from, EndpointKey to, RetireReason reason, Duration deadline, Consumer<MoveOutcome> done) {
            movesAtOnce++;
            mostMovesAtOnce = Math.max(mostMovesAtOnce, movesAtOnce);
            scheduler.schedule(Duration.ofMillis(10), () -> {
                movesAtOnce--;
                if (unreachable.contains(to.identity())) {
                    done.accept(new MoveOutcome.Failed(new IOException("connection refused")));
                } else {
                    open.merge(from.identity(), -1, Integer::sum);
                    open.merge(to.identity(), 1, Integer::sum);
                    done.accept(new MoveOutcome.Moved());
                }
            });
        }

        @Override
        public void route(Set<EndpointKey> routable) {}

        @Override
        public void probe(EndpointKey endpoint, Consumer<OpenOutcome> done) {
            done.accept(new OpenOutcome.Opened());
        }

        @Override
        public void leave(EndpointKey endpoint) {
            assertThat(open.remove(endpoint.identity()))
                    .as("connections at %s", endpoint)
                    .isZero();
        }

        @Override
        public Load load(EndpointKey endpoint) {
            return Load.NONE;
        }
    }

    private static List<Endpoint> brokers(int count) {
        List<Endpoint> brokers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            brokers.add(Endpoint.of("rabbit-" + i, "10.0.0." + (i + 1), 5672));
        }
        return brokers;
    }

    private void publish(List<Endpoint> endpoints) {
        rebalancer.endpoints(new WatchSnapshot(
                EndpointSet.of(++version, endpoints),
                SourceHealth.HEALTHY,
                scheduler.ticker().nanos(),
                "endpoints changed"));
        scheduler.runDue();
    }

    private void want(int seats) {
        for (int i = 0; i < seats; i++) {
            rebalancer.signals().wanted();
        }
    }

    private void pass(long millis) {
        scheduler.advance(Duration.ofMillis(millis));
        assertThat(held.retired)
                .as("an application's connection is never retired")
                .isEmpty();
    }

    private long moved() {
        return events.stream()
                .filter(EvenkeelEvent.ConnectionMoved.class::isInstance)
                .count();
    }

    @Test
    void seats_that_were_wanted_before_an_endpoint_is_known_are_opened_when_one_is() {
        want(2);
        pass(5000);
        assertThat(held.opens).isZero();
        publish(brokers(2));
        pass(100);
        assertThat(held.open).hasToString("{rabbit-0=1, rabbit-1=1}");
    }

    @Test
    void sixty_over_two_are_twenty_each_over_three_after_twenty_moves() {
        publish(brokers(2));
        want(60);
        pass(2000);
        assertThat(held.open).hasToString("{rabbit-0=30, rabbit-1=30}");
        publish(brokers(3));
        pass(20_000);
        assertThat(held.open).hasToString("{rabbit-0=20, rabbit-1=20, rabbit-2=20}");
        assertThat(moved()).isEqualTo(20);
        assertThat(held.opens).isEqualTo(60);
    }

    @Test
    void a_leaving_endpoint_is_left_by_all_at_once_and_at_once() {
        List<Endpoint> brokers = brokers(3);
        publish(brokers);
        want(30);
        pass(1000);
        publish(List.of(brokers.get(0).withCondition(EndpointCondition.TERMINATING), brokers.get(1), brokers.get(2)));
        pass(50);
        assertThat(held.open).hasToString("{rabbit-1=15, rabbit-2=15}");
        assertThat(held.mostMovesAtOnce).isEqualTo(10);
        assertThat(moved()).isEqualTo(10);
    }

    @Test
    void what_leaves_goes_wherever_it_can_if_its_place_cannot_be_reached() {
        List<Endpoint> brokers = brokers(3);
        publish(brokers);
        want(30);
        pass(1000);
        held.unreachable.add("rabbit-1");
        publish(List.of(brokers.get(0).withCondition(EndpointCondition.TERMINATING), brokers.get(1), brokers.get(2)));
        pass(2000);
        assertThat(held.open).hasToString("{rabbit-1=10, rabbit-2=20}");
        held.unreachable.clear();
        pass(60_000);
        assertThat(held.open).hasToString("{rabbit-1=15, rabbit-2=15}");
    }

    @Test
    void a_lost_seat_is_opened_elsewhere_at_once_and_goes_back_when_it_can() {
        List<Endpoint> brokers = brokers(2);
        publish(brokers);
        want(2);
        pass(100);
        held.unreachable.add("rabbit-0");
        held.open.merge("rabbit-0", -1, Integer::sum);
        rebalancer.signals().lost(brokers.get(0).key());
        pass(20);
        assertThat(held.open).hasToString("{rabbit-0=0, rabbit-1=2}");
        held.unreachable.clear();
        pass(30_000);
        assertThat(held.open).hasToString("{rabbit-0=1, rabbit-1=1}");
    }

    @Test
    void with_a_single_endpoint_it_is_tried_again_there() {
        List<Endpoint> brokers = brokers(1);
        publish(brokers);
        want(1);
        pass(100);
        held.unreachable.add("rabbit-0");
        held.open.put("rabbit-0", 0);
        rebalancer.signals().lost(brokers.get(0).key());
        pass(3000);
        assertThat(held.opens).isGreaterThan(2);
        held.unreachable.clear();
        pass(15_000);
        assertThat(held.open).hasToString("{rabbit-0=1}");
    }

    @Test
    void a_seat_that_is_given_back_is_not_filled_again() {
        List<Endpoint> brokers = brokers(2);
        publish(brokers);
        want(3);
        pass(100);
        String most = held.open.get("rabbit-0") == 2 ? "rabbit-0" : "rabbit-1";
        held.open.merge(most, -1, Integer::sum);
        rebalancer
                .signals()
                .released(brokers.get(most.equals("rabbit-0") ? 0 : 1).key());
        pass(60_000);
        assertThat(held.opens).isEqualTo(3);
        assertThat(rebalancer.status().seats()).isEqualTo(2);
        assertThat(held.open).hasToString("{rabbit-0=1, rabbit-1=1}");
    }

    @Test
    void seats_that_are_given_back_are_no_news_even_if_others_have_to_move_for_it() {
        List<Endpoint> brokers = brokers(2);
        publish(brokers);
        want(6);
        pass(100);
        try (CapturedLog log = new CapturedLog()) {
            for (int i = 0; i < 3; i++) {
                held.open.merge("rabbit-0", -1, Integer::sum);
                rebalancer.signals().released(brokers.get(0).key());
            }
            pass(60_000);
            assertThat(held.open.values()).containsExactlyInAnyOrder(1, 2);
            assertThat(moved()).isPositive();
            assertThat(log.linesWith("to move")).isEmpty();
        }
    }
}
