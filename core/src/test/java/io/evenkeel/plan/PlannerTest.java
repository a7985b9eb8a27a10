package io.evenkeel.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.evenkeel.endpoint.EndpointKey;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** P1 to P4 exhaustively in small scopes and for random sets, and every plan against the definition itself. */
class PlannerTest {

    private static final int MAX_SEATS = 12;
    private static final int MAX_ENDPOINTS = 6;
    private static final double[] WEIGHTS = {0.1, 0.5, 1, 2, 7.3};

    @Test
    void planIsTheSmallestKeysOfTheDefinition() {
        Random random = seeded(1);
        for (int round = 0; round < 400; round++) {
            List<Candidate> candidates =
                    random.nextBoolean() ? equal(1 + random.nextInt(60)) : weighted(1 + random.nextInt(60), random);
            String client = "client-" + random.nextInt(1_000);
            int seats = 2 + random.nextInt(300);
            assertThat(Planner.plan(client, seats, candidates).seatsByEndpoint())
                    .as("client %s, %d seats, %s", client, seats, candidates)
                    .isEqualTo(bySorting(client, seats, candidates));
        }
    }

    @Test
    void planIsTheSmallestKeysOfTheDefinitionForExtremeWeights() {
        double[] weights = {Double.MIN_VALUE, 1e-300, 1e-9, 1, 1e9, 1e300, Double.MAX_VALUE};
        Random random = seeded(2);
        for (int round = 0; round < 300; round++) {
            List<Candidate> candidates = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                candidates.add(candidate(i, weights[random.nextInt(weights.length)]));
            }
            int seats = 2 + random.nextInt(40);
            assertThat(Planner.plan("c" + round, seats, candidates).seatsByEndpoint())
                    .as("client c%d, %d seats, %s", round, seats, candidates)
                    .isEqualTo(bySorting("c" + round, seats, candidates));
        }
    }

    @Test
    void orderOfCandidatesHasNoInfluence() {
        Random random = seeded(3);
        List<Candidate> candidates = weighted(40, random);
        // Equal ranks give equal keys: only the endpoint key can decide.
        candidates.add(new Candidate(new EndpointKey("twin-a", "10.9.0.1", 1), "twin", 1));
        candidates.add(new Candidate(new EndpointKey("twin-b", "10.9.0.2", 1), "twin", 1));
        for (int seats = 0; seats <= 90; seats++) {
            Plan plan = Planner.plan("client", seats, candidates);
            Collections.shuffle(candidates, random);
            assertThat(Planner.plan("client", seats, candidates)).isEqualTo(plan);
        }
    }

    @Test
    void p1_equalWeights_everyEndpointGetsFloorOrCeiling() {
        forSmallScopes((client, seats, candidates) -> {
            Plan plan = Planner.plan(client, seats, candidates);
            assertThat(plan.seats()).isEqualTo(seats);
            for (Candidate candidate : candidates) {
                assertThat(plan.seatsOf(candidate.key()))
                        .as("%s, %d seats, %s", client, seats, candidates)
                        .isBetween(seats / candidates.size(), -Math.floorDiv(-seats, candidates.size()));
            }
        });
    }

    @Test
    void p1_equalWeights_noEndpointIsFavouredOverClients() {
        int clients = 20_000;
        for (int seats : new int[] {1, 2, 3, 7, 10, 25}) {
            Map<EndpointKey, Integer> sum = sumOverClients(clients, seats, equal(8));
            double expected = clients * seats / 8.0;
            double deviation = Math.sqrt(clients * (seats % 8 / 8.0) * (1 - seats % 8 / 8.0));
            for (Candidate candidate : equal(8)) {
                assertThat((double) sum.getOrDefault(candidate.key(), 0))
                        .as("%d seats, %s", seats, candidate.key())
                        .isCloseTo(expected, within(5 * deviation));
            }
        }
    }

    @Test
    void p2_joiningRaisesNoOtherCountAndLeavingLowersNone() {
        forSmallScopes((client, seats, candidates) -> {
            for (Candidate joining : candidates) {
                assertJoiningOnlyTakes(client, seats, joining, candidates);
            }
        });
    }

    @Test
    void p3_raisingAWeightOnlyPullsTowardsIt() {
        forSmallScopes((client, seats, candidates) -> {
            for (Candidate raised : candidates) {
                for (double factor : new double[] {1.01, 1.5, 3, 50}) {
                    assertRaisingOnlyPulls(client, seats, raised, factor, candidates);
                }
            }
        });
    }

    @Test
    void p4_equalWeights_growingOnlyAddsFromTheFirstSeatOn() {
        forSmallScopes((client, seats, candidates) -> assertGrowingOnlyAdds(client, seats, candidates));
    }

    @Test
    void p4_unequalWeights_growingOnlyAddsFromTheSecondSeatOn() {
        forSmallScopes((client, seats, candidates) -> {
            if (seats >= 2) {
                assertGrowingOnlyAdds(client, seats, reweighted(candidates, client.hashCode()));
            }
        });
    }

    @Test
    void p2ToP4_holdForUnequalWeights() {
        forSmallScopes((client, seats, candidates) -> {
            List<Candidate> unequal = reweighted(candidates, client.hashCode() + seats);
            for (Candidate one : unequal) {
                assertJoiningOnlyTakes(client, seats, one, unequal);
                assertRaisingOnlyPulls(client, seats, one, 1.7, unequal);
            }
        });
    }

    @Test
    void p1ToP4_holdForRandomSetsUpToTenThousandEndpoints() {
        Random random = seeded(4);
        for (int size : new int[] {9, 50, 333, 1_000, 10_000}) {
            for (int round = 0; round < 12; round++) {
                List<Candidate> candidates = round % 2 == 0 ? equal(size) : weighted(size, random);
                String client = "client-" + random.nextInt();
                int seats = 2 + random.nextInt(random.nextBoolean() ? 20 : 3 * size);
                Candidate one = candidates.get(random.nextInt(size));
                assertJoiningOnlyTakes(client, seats, one, candidates);
                assertRaisingOnlyPulls(client, seats, one, 1 + random.nextDouble() * 9, candidates);
                assertGrowingOnlyAdds(client, seats, candidates);
            }
        }
    }

    @Test
    void seatsFollowWeightsWithinOneSeatOfACommonQuota() {
        Random random = seeded(5);
        for (int round = 0; round < 300; round++) {
            List<Candidate> candidates = weighted(1 + random.nextInt(40), random);
            Plan plan = Planner.plan("client-" + round, 2 + random.nextInt(500), candidates);
            // n seats mean n - 1 < w t < n + 1 for the threshold t that all endpoints share.
            double least = 0;
            double most = Double.POSITIVE_INFINITY;
            for (Candidate candidate : candidates) {
                int seats = plan.seatsOf(candidate.key());
                least = Math.max(least, (seats - 1) / candidate.weight());
                most = Math.min(most, (seats + 1) / candidate.weight());
            }
            assertThat(least).as("round %d: %s", round, plan).isLessThan(most);
        }
    }

    @Test
    void seatsFollowWeightsOnAverageOverClients() {
        List<Candidate> candidates =
                List.of(candidate(0, 0.5), candidate(1, 1), candidate(2, 1), candidate(3, 2), candidate(4, 3.5));
        int clients = 20_000;
        for (int seats : new int[] {1, 8, 20, 100}) {
            Map<EndpointKey, Integer> sum = sumOverClients(clients, seats, candidates);
            for (Candidate candidate : candidates) {
                double mean = sum.getOrDefault(candidate.key(), 0) / (double) clients;
                double quota = seats * candidate.weight() / 8;
                double noise = 5 * Math.sqrt(0.25 / clients);
                assertThat(mean)
                        .as("%d seats, weight %s", seats, candidate.weight())
                        .isCloseTo(quota, within(noise + (seats == 1 ? 0 : 0.05)));
            }
        }
    }

    @Test
    void noSeatsOrNoCandidates_isAnEmptyPlan() {
        assertThat(Planner.plan("client", 0, equal(3))).isEqualTo(Plan.empty());
        assertThat(Planner.plan("client", 5, List.of())).isEqualTo(Plan.empty());
        assertThat(Plan.empty().seats()).isZero();
        assertThat(Plan.empty().seatsOf(candidate(0, 1).key())).isZero();
    }

    @Test
    void manySeatsPerEndpoint_areAllHandedOut() {
        for (int seats : new int[] {100_000, 10_000_000, Integer.MAX_VALUE}) {
            for (int size : new int[] {1, 2, 7}) {
                Plan plan = Planner.plan("client", seats, equal(size));
                assertThat(plan.seats()).isEqualTo(seats);
                for (int given : plan.seatsByEndpoint().values()) {
                    assertThat((long) given).isBetween((long) seats / size, seats / size + 1L);
                }
            }
        }
    }

    @Test
    void faultyArguments_areRefusedByName() {
        assertThatThrownBy(() -> Planner.plan("web-1/pg", -1, equal(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("seats: -1 (expected: >= 0) of client web-1/pg");
        assertThatThrownBy(() -> Planner.plan("c", 1, List.of(candidate(0, 1), candidate(0, 2))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("candidates: pod-0@10.0.0.0:5432 twice (expected: once)");
        for (double weight : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> candidate(0, weight)).hasMessageStartingWith("weight: " + weight);
        }
        EndpointKey key = candidate(0, 1).key();
        assertThatThrownBy(() -> new Candidate(key, "", 1)).hasMessageStartingWith("rank: \"\"");
        assertThatThrownBy(() -> new Plan(Map.of(key, 0))).hasMessageStartingWith("seats: 0");
    }

    private interface Scope {
        void check(String client, int seats, List<Candidate> candidates);
    }

    private static void forSmallScopes(Scope scope) {
        for (int client = 0; client < 20; client++) {
            for (int size = 1; size <= MAX_ENDPOINTS; size++) {
                for (int seats = 0; seats <= MAX_SEATS; seats++) {
                    scope.check("web-" + client, seats, equal(size));
                }
            }
        }
    }

    private static void assertJoiningOnlyTakes(
            String client, int seats, Candidate joining, List<Candidate> candidates) {
        List<Candidate> others = new ArrayList<>(candidates);
        others.remove(joining);
        Plan without = Planner.plan(client, seats, others);
        Plan with = Planner.plan(client, seats, candidates);
        for (Candidate other : others) {
            if (with.seatsOf(other.key()) > without.seatsOf(other.key())) {
                throw new AssertionError(other + " gains when " + joining + " joins: " + client + ", " + seats);
            }
        }
        assertThat(with.seats()).isEqualTo(seats);
    }

    private static void assertRaisingOnlyPulls(
            String client, int seats, Candidate raised, double factor, List<Candidate> candidates) {
        List<Candidate> after = new ArrayList<>(candidates);
        after.set(after.indexOf(raised), new Candidate(raised.key(), raised.rank(), raised.weight() * factor));
        Plan low = Planner.plan(client, seats, candidates);
        Plan high = Planner.plan(client, seats, after);
        for (Candidate candidate : candidates) {
            int change = high.seatsOf(candidate.key()) - low.seatsOf(candidate.key());
            if (candidate == raised ? change < 0 : change > 0) {
                throw new AssertionError(candidate + " by " + change + ", when " + raised + " is raised by " + factor
                        + ": " + client + ", " + seats);
            }
        }
    }

    private static void assertGrowingOnlyAdds(String client, int seats, List<Candidate> candidates) {
        Plan small = Planner.plan(client, seats, candidates);
        Plan large = Planner.plan(client, seats + 1, candidates);
        small.seatsByEndpoint().forEach((key, given) -> {
            if (large.seatsOf(key) < given) {
                throw new AssertionError(
                        key + " loses from " + seats + " to " + (seats + 1) + ": " + client + ", " + candidates);
            }
        });
    }

    private record Seat(double place, EndpointKey key) {}

    /** The definition, word by word: all keys, sorted. */
    private static Map<EndpointKey, Integer> bySorting(String client, int seats, List<Candidate> candidates) {
        SeatHash hash = new SeatHash(client);
        List<Seat> all = new ArrayList<>();
        for (Candidate candidate : candidates) {
            for (int k = 1; k <= seats; k++) {
                all.add(new Seat((k - 1 + hash.unit(candidate.rank())) / candidate.weight(), candidate.key()));
            }
        }
        all.sort(Comparator.comparingDouble(Seat::place).thenComparing(Seat::key));
        Map<EndpointKey, Integer> counts = new HashMap<>();
        all.subList(0, seats).forEach(seat -> counts.merge(seat.key(), 1, Integer::sum));
        return counts;
    }

    private static Map<EndpointKey, Integer> sumOverClients(int clients, int seats, List<Candidate> candidates) {
        Map<EndpointKey, Integer> sum = new HashMap<>();
        for (int client = 0; client < clients; client++) {
            Planner.plan("web-" + client, seats, candidates)
                    .seatsByEndpoint()
                    .forEach((key, given) -> sum.merge(key, given, Integer::sum));
        }
        return sum;
    }

    private static List<Candidate> equal(int size) {
        List<Candidate> candidates = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            candidates.add(candidate(i, 1));
        }
        return candidates;
    }

    private static List<Candidate> weighted(int size, Random random) {
        List<Candidate> candidates = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            candidates.add(candidate(i, WEIGHTS[random.nextInt(WEIGHTS.length)]));
        }
        return candidates;
    }

    private static List<Candidate> reweighted(List<Candidate> candidates, int seed) {
        return weighted(candidates.size(), new Random(seed));
    }

    private static Candidate candidate(int i, double weight) {
        String host = "10." + i / 65536 + "." + i / 256 % 256 + "." + i % 256;
        return new Candidate(new EndpointKey("pod-" + i, host, 5432), "pod-" + i, weight);
    }

    private static Random seeded(long seed) {
        System.out.println("PlannerTest: seed " + seed);
        return new Random(seed);
    }
}
