package io.evenkeel.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.status.EndpointStatus;
import io.evenkeel.watch.SourceHealth;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whatever happens, in whatever order: the budget holds at every moment, nothing in use is closed (the connections in memory
 * see to both), and once things are quiet the pool is at its plan.
 */
class RebalancerFuzzTest {

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void any_order_of_events_keeps_the_budget_and_ends_at_the_plan(int surge) {
        long base = Long.getLong("evenkeel.seed", new SplittableRandom().nextLong());
        for (int run = 0; run < 150; run++) {
            long seed = base + run;
            System.out.println("seed " + seed + ", surge " + surge);
            new Run(seed, surge).play();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void with_a_caller_that_never_returns_it_ends_one_seat_short_of_the_plan(int surge) {
        long base = Long.getLong("evenkeel.seed", new SplittableRandom().nextLong());
        for (int run = 0; run < 30; run++) {
            long seed = base + run;
            System.out.println("seed " + seed + ", surge " + surge + ", one never returns");
            Run one = new Run(seed, surge);
            one.sticks = true;
            one.play();
        }
    }

    private static final class Run {
        private final SplittableRandom random;
        private final long seed;
        private final BalanceBed bed;
        private final Map<String, Endpoint> present = new LinkedHashMap<>();
        private final Set<Endpoint> ever = new LinkedHashSet<>();
        private int seats;
        private int most;
        private final int surge;
        private boolean sticks;
        private @Nullable Endpoint stuckAt;

        Run(long seed, int surge) {
            this.seed = seed;
            this.surge = surge;
            random = new SplittableRandom(seed);
            seats = 1 + random.nextInt(20);
            most = seats;
            RebalancerConfig config = RebalancerConfig.builder()
                    .clientId("client-" + seed)
                    .surge(surge)
                    .moveWindow(Duration.ofSeconds(random.nextInt(12)))
                    .maxConnectionAge(Duration.ofSeconds(random.nextBoolean() ? 0 : 60))
                    .slowStart(Duration.ofSeconds(random.nextBoolean() ? 0 : 20))
                    .build();
            bed = new BalanceBed(seats, config, seed);
        }

        void play() {
            for (int step = 0; step < 120; step++) {
                act();
                bed.pass(Duration.ofMillis(random.nextInt(4000)));
                assertThat(bed.connections.mostAtOnce())
                        .as("connections at once, seed %s step %s", seed, step)
                        .isLessThanOrEqualTo(most + surge);
            }
            settle();
        }

        private void act() {
            int action = random.nextInt(10);
            List<Endpoint> those = new ArrayList<>(present.values());
            Endpoint any = those.isEmpty() ? null : those.get(random.nextInt(those.size()));
            if (action < 2 || any == null) {
                String identity = "pg-" + random.nextInt(8);
                present.putIfAbsent(identity, Endpoint.of(identity, "10.0.3." + random.nextInt(100), 5432));
                ever.add(Objects.requireNonNull(present.get(identity)));
                bed.publish(present.values());
            } else if (action == 2) {
                present.remove(any.identity());
                bed.publish(present.values());
            } else if (action == 3) {
                present.put(any.identity(), BalanceBed.terminating(any));
                bed.publish(present.values());
            } else if (action == 4) {
                resize(1 + random.nextInt(20));
            } else if (action == 5) {
                bed.health(random.nextBoolean() ? SourceHealth.STALE : SourceHealth.HEALTHY);
            } else if (action == 6) {
                bed.connections.unreachable(any, random.nextBoolean());
            } else if (bed.isRoutable(any) && bed.connections.idle(any) > 0) {
                if (sticks && stuckAt == null) {
                    bed.connections.stick(any);
                    stuckAt = any;
                } else {
                    bed.connections.acquire(any);
                }
            } else {
                bed.connections.release(any);
            }
        }

        private void resize(int to) {
            bed.resize(to);
            // What is in use beyond a smaller size stays until it is returned, so the larger one bounds for a while.
            seats = to;
            most = Math.max(most, to);
        }

        private void settle() {
            List<Endpoint> last = BalanceBed.pods(1 + random.nextInt(5));
            bed.health(SourceHealth.HEALTHY);
            bed.publish(last);
            for (Endpoint endpoint : ever) {
                bed.connections.unreachable(endpoint, false);
                while (bed.connections.release(endpoint)) {
                    bed.pass(Duration.ofMillis(50));
                }
            }
            if (stuckAt != null) {
                settleButOne(last, stuckAt);
            }
            calm();
            assertThat(bed.connections.total())
                    .as("seed %s, %s, at %s", seed, bed.connections.openByIdentity(), bed.rebalancer.status())
                    .isEqualTo(seats);
            assertThat(bed.rebalancer.status().movesPending())
                    .as("moves, seed %s", seed)
                    .isZero();
            bed.assertEven(last);
        }

        /** Every move is made, and no renewal is under way. */
        private void calm() {
            bed.passSeconds(3600 + 900);
            for (int i = 0; i < 600 && bed.rebalancer.status().movesPending() > 0; i++) {
                bed.pass(Duration.ofMillis(100));
            }
        }

        /** All but the one caller have returned theirs, and every move is made that can be made. */
        private void settleButOne(List<Endpoint> last, Endpoint stuck) {
            calm();
            String seen = "seed " + seed + ", " + bed.connections.openByIdentity() + ", one never returned at " + stuck
                    + ", at " + bed.rebalancer.status();
            assertThat(bed.connections.total()).as(seen).isEqualTo(seats);
            int lacking = 0;
            for (EndpointStatus endpoint : bed.rebalancer.status().endpoints()) {
                lacking += Math.max(0, endpoint.plannedSeats() - endpoint.open());
            }
            assertThat(lacking).as(seen).isLessThanOrEqualTo(1);
            assertThat(bed.rebalancer.status().movesPending()).as(seen).isZero();
            bed.connections.unstick(stuck);
        }
    }
}
