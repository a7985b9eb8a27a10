package io.evenkeel.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.endpoint.EndpointSet;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.health.HealthConfig;
import io.evenkeel.spi.SeatPolicy;
import io.evenkeel.time.ManualScheduler;
import io.evenkeel.watch.SourceHealth;
import io.evenkeel.watch.WatchSnapshot;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.SplittableRandom;

/** A rebalancer over connections in memory, with time that stands still. */
final class BalanceBed {

    final ManualScheduler scheduler = new ManualScheduler();
    final List<EvenkeelEvent> events = new ArrayList<>();
    final Rebalancer rebalancer;
    final InMemoryConnections connections;
    private int seats;
    private final int surge;
    private long version;
    private List<Endpoint> current = List.of();

    BalanceBed(int seats) {
        this(seats, config().build(), 42);
    }

    BalanceBed(int seats, RebalancerConfig config, long seed) {
        this.seats = seats;
        this.surge = config.surge();
        BalanceContext context = new BalanceContext(
                scheduler.ticker(), scheduler, new SplittableRandom(seed), events::add, MetricsRecorder.none());
        rebalancer = new Rebalancer(
                "orders",
                "static:///test",
                seats,
                config,
                HealthConfig.builder().build(),
                context);
        connections = new InMemoryConnections(scheduler, rebalancer.signals());
        rebalancer.start(connections);
    }

    /** Without renewal by age, which would blur the counts. */
    static RebalancerConfig.Builder config() {
        return RebalancerConfig.builder().clientId("client-1").maxConnectionAge(Duration.ZERO);
    }

    static Endpoint pod(String identity) {
        return Endpoint.of(identity, "10.0.0." + (1 + Math.floorMod(identity.hashCode(), 250)), 5432);
    }

    static List<Endpoint> pods(int count) {
        List<Endpoint> pods = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            pods.add(Endpoint.of("pg-" + i, "10.0.1." + (i + 1), 5432));
        }
        return pods;
    }

    static Endpoint terminating(Endpoint endpoint) {
        return endpoint.withCondition(EndpointCondition.TERMINATING);
    }

    void publish(Endpoint... endpoints) {
        publish(Arrays.asList(endpoints));
    }

    void publish(Collection<Endpoint> endpoints) {
        publish(endpoints, SourceHealth.HEALTHY);
    }

    void publish(Collection<Endpoint> endpoints, SourceHealth health) {
        current = List.copyOf(endpoints);
        rebalancer.endpoints(new WatchSnapshot(
                EndpointSet.of(++version, endpoints), health, scheduler.ticker().nanos(), "endpoints changed"));
        scheduler.runDue();
    }

    void health(SourceHealth health) {
        rebalancer.endpoints(new WatchSnapshot(
                EndpointSet.of(version, current), health, scheduler.ticker().nanos(), "source is " + health));
        scheduler.runDue();
    }

    void resize(int newSeats) {
        seats = newSeats;
        rebalancer.resize(newSeats);
        scheduler.runDue();
    }

    /** From now on a move is one verb; the first so many are postponed. */
    void moveWhole(int postponed) {
        connections.postponeMoves(postponed);
        rebalancer.resize(new SeatPolicy.Budgeted(seats, SeatPolicy.Movement.WHOLE));
        scheduler.runDue();
    }

    /** Lets time pass in small steps and checks the budget on the way. */
    void pass(Duration time) {
        Duration step = Duration.ofMillis(100);
        for (Duration left = time; !left.isZero(); left = left.minus(step.compareTo(left) < 0 ? step : left)) {
            scheduler.advance(step.compareTo(left) < 0 ? step : left);
        }
        connections.assertContractKept();
    }

    void passSeconds(long seconds) {
        pass(Duration.ofSeconds(seconds));
    }

    void assertBudgetKept() {
        assertThat(connections.mostAtOnce()).as("most connections at once").isLessThanOrEqualTo(seats + surge);
    }

    /** Every endpoint has ⌊p/N⌋ or ⌈p/N⌉ and together they have p. */
    void assertEven(Collection<Endpoint> over) {
        int total = 0;
        for (Endpoint endpoint : over) {
            int open = connections.open(endpoint);
            assertThat(open)
                    .as(
                            "connections of %s in %s, %s",
                            endpoint.key(), connections.openByIdentity(), rebalancer.status())
                    .isBetween(seats / over.size(), (seats + over.size() - 1) / over.size());
            total += open;
        }
        assertThat(total).as("connections in all").isEqualTo(seats);
        assertThat(connections.total()).as("connections that servers see").isEqualTo(seats);
    }

    <E extends EvenkeelEvent> List<E> events(Class<E> type) {
        List<E> those = new ArrayList<>();
        for (EvenkeelEvent event : events) {
            if (type.isInstance(event)) {
                those.add(type.cast(event));
            }
        }
        return those;
    }

    boolean isRoutable(Endpoint endpoint) {
        EndpointKey key = endpoint.key();
        return connections.routable().contains(key);
    }
}
