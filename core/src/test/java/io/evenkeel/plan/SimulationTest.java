package io.evenkeel.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Many clients at once: how even the endpoints' loads become and what that costs, next to what else could be done. Prints
 * the table that it measured; each figure is the mean of {@value #TRIALS} trials with other names.
 *
 * <p>Loads are max/mean over endpoints of the connections of all clients. Moves are connections opened anew, as a multiple
 * of the fair share of the endpoints that joined: with fewer, they could not have theirs.
 */
class SimulationTest {

    private static final int TRIALS = 20;
    private static final long SEED = 20_261_124;

    private final Random random = new Random(SEED);

    private record Outcome(double maxToMean, double moves) {}

    private record Scenario(int clients, int seats, int before, int after) {}

    /** How one client spreads its seats; index i of the result is endpoint i. */
    private interface Spread {
        int[] seats(String client, int seats, List<String> endpoints);
    }

    private static final Scenario FEW_PODS = new Scenario(100, 10, 7, 8);
    private static final Scenario MANY_PODS = new Scenario(1_000, 3, 50, 51);

    @Test
    void scalingOut_hashedSeatsAreEvenWithTheFewestMoves() {
        Outcome few = mean(FEW_PODS, SimulationTest::planned);
        Outcome many = mean(MANY_PODS, SimulationTest::planned);
        print("hashed seats", "100 x 10, 7 -> 8", few);
        print("hashed seats", "1000 x 3, 50 -> 51", many);
        assertThat(few.maxToMean).isCloseTo(1.05, within(0.02));
        assertThat(few.moves).isCloseTo(1.00, within(0.03));
        assertThat(many.maxToMean).isCloseTo(1.30, within(0.04));
        assertThat(many.moves).isCloseTo(1.00, within(0.08));
    }

    @Test
    void scalingOut_evenSplitWithExtrasToTheFirstIsUneven() {
        Outcome few = mean(FEW_PODS, SimulationTest::extrasToTheFirst);
        Outcome many = mean(MANY_PODS, SimulationTest::extrasToTheFirst);
        print("even, extras to the first", "100 x 10, 7 -> 8", few);
        print("even, extras to the first", "1000 x 3, 50 -> 51", many);
        assertThat(few.maxToMean).isCloseTo(1.60, within(1e-9));
        assertThat(many.maxToMean).isCloseTo(17.0, within(1e-9));
    }

    @Test
    void scalingOut_redialAtRandomMovesEverything() {
        Outcome few = meanOfRedial(FEW_PODS);
        Outcome many = meanOfRedial(MANY_PODS);
        print("redial at random, by age", "100 x 10, 7 -> 8", few);
        print("redial at random, by age", "1000 x 3, 50 -> 51", many);
        assertThat(few.maxToMean).isCloseTo(1.13, within(0.03));
        assertThat(few.moves).isEqualTo(8);
        assertThat(many.maxToMean).isCloseTo(1.31, within(0.04));
        assertThat(many.moves).isEqualTo(51);
    }

    @Test
    void scalingOut_weakHashRuinsTheBalance() {
        Outcome concatenated = mean(
                MANY_PODS,
                (client, seats, endpoints) ->
                        smallest(seats, endpoints, endpoint -> positive((client + endpoint).hashCode())));
        Outcome combined = mean(
                MANY_PODS,
                (client, seats, endpoints) ->
                        smallest(seats, endpoints, endpoint -> positive(31 * client.hashCode() + endpoint.hashCode())));
        Outcome xor = mean(
                MANY_PODS,
                (client, seats, endpoints) ->
                        smallest(seats, endpoints, endpoint -> positive(client.hashCode() ^ endpoint.hashCode())));
        print("String.hashCode, one string", "1000 x 3, 50 -> 51", concatenated);
        print("String.hashCode, 31 a + b", "1000 x 3, 50 -> 51", combined);
        print("String.hashCode, xor", "1000 x 3, 50 -> 51", xor);
        for (Outcome weak : List.of(concatenated, combined, xor)) {
            assertThat(weak.maxToMean).isGreaterThan(2.5);
        }
    }

    @Test
    void rollingUpdates_costEveryConnectionOneReconnectEach() {
        for (int trial = 0; trial < TRIALS; trial++) {
            Outcome oneUpdate = rollingUpdates(trial, 1, true);
            Outcome fiveUpdates = rollingUpdates(trial, 5, true);
            assertThat(oneUpdate.moves).as("trial %d", trial).isEqualTo(1.0);
            assertThat(fiveUpdates.moves).as("trial %d", trial).isEqualTo(5.0);
            assertThat(fiveUpdates.maxToMean).as("trial %d", trial).isLessThan(1.12);
        }
        Outcome inherited = average(trial -> rollingUpdates(trial, 1, true));
        Outcome inheritedOften = average(trial -> rollingUpdates(trial, 5, true));
        Outcome notInherited = average(trial -> rollingUpdates(trial, 1, false));
        Outcome redial = average(trial -> rollingRedial());
        print("hashed seats, ranks inherited", "100 x 10, 8 replaced", inherited);
        print("  the same, five updates", "100 x 10, 8 replaced", inheritedOften);
        print("hashed seats, not inherited", "100 x 10, 8 replaced", notInherited);
        print("redial at random when closed", "100 x 10, 8 replaced", redial);
        assertThat(inherited.maxToMean).isCloseTo(1.05, within(0.02));
        assertThat(notInherited.moves).isGreaterThan(1.1);
        assertThat(redial.moves).isCloseTo(1.6, within(0.1));
        assertThat(redial.maxToMean).isBetween(1.55, 1.9);
    }

    @Test
    void oneSeat_rendezvousByOneMinusUAgreesWithTheFirstSeatsOfMore() {
        Agreement equal = agreement(8, false);
        Agreement unequal = agreement(8, true);
        System.out.printf(
                Locale.ROOT,
                "first seat lost from p = 1 to 2, 8 endpoints: -ln(u)/w %.3f equal, %.3f unequal weights; "
                        + "-ln(1-u)/w %.3f equal, %.3f unequal%n",
                equal.lostByU,
                unequal.lostByU,
                equal.lostByOneMinusU,
                unequal.lostByOneMinusU);
        assertThat(equal.lostByOneMinusU).isZero();
        assertThat(equal.lostByU).isGreaterThan(0.9);
        assertThat(unequal.lostByOneMinusU).isLessThan(0.1);
    }

    @Test
    void oneSeat_firstKeysWouldFavourTheHeavy() {
        int clients = 100_000;
        int byKeys = 0;
        int planned = 0;
        Candidate heavy = candidate("heavy", 2);
        Candidate light = candidate("light", 1);
        for (int i = 0; i < clients; i++) {
            SeatHash hash = new SeatHash("client-" + i);
            byKeys += hash.unit("heavy") / 2 < hash.unit("light") ? 1 : 0;
            planned += Planner.plan("client-" + i, 1, List.of(heavy, light)).seatsOf(heavy.key());
        }
        System.out.printf(
                Locale.ROOT,
                "p = 1, weights 2 : 1, share of the heavier (fair 0.667): u/w %.3f, -ln(1-u)/w %.3f%n",
                byKeys / (double) clients,
                planned / (double) clients);
        assertThat(planned / (double) clients).isCloseTo(2 / 3.0, within(0.01));
        assertThat(byKeys / (double) clients).isCloseTo(0.75, within(0.01));
    }

    @Test
    void unequalWeights_seatsStayNearTheQuota() {
        int plans = 0;
        int withinOne = 0;
        double worst = 0;
        for (int round = 0; round < 2_000; round++) {
            List<Candidate> candidates = new ArrayList<>();
            for (int i = 2 + random.nextInt(30); i >= 0; i--) {
                candidates.add(candidate("pg-" + i, 0.1 + 3 * random.nextDouble()));
            }
            int seats = candidates.size() * (1 + random.nextInt(4));
            Plan plan = Planner.plan("web-" + round, seats, candidates);
            double weights = candidates.stream().mapToDouble(Candidate::weight).sum();
            double off = candidates.stream()
                    .mapToDouble(c -> Math.abs(plan.seatsOf(c.key()) - seats * c.weight() / weights))
                    .max()
                    .orElseThrow();
            plans++;
            withinOne += off < 1 ? 1 : 0;
            worst = Math.max(worst, off);
        }
        System.out.printf(
                Locale.ROOT,
                "weights 0.1 to 3.1, 3 to 32 endpoints, 1 to 4 seats each: all within 1 of p w / W in %.3f of the plans, "
                        + "worst %.2f off%n",
                withinOne / (double) plans,
                worst);
        assertThat(withinOne / (double) plans).isGreaterThan(0.5);
        assertThat(worst).isLessThan(2);
    }

    @Test
    void unequalWeights_fewerSeatsThanEndpoints_heavyOnesGetALittleMoreThanTheirShare() {
        List<Candidate> candidates = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            candidates.add(candidate("pg-" + i, i < 10 ? 2 : 1));
        }
        int clients = 20_000;
        for (int seats : new int[] {1, 2, 10, 20}) {
            long heavy = 0;
            for (int client = 0; client < clients; client++) {
                Plan plan = Planner.plan("web-" + client, seats, candidates);
                for (Candidate candidate : candidates.subList(0, 10)) {
                    heavy += plan.seatsOf(candidate.key());
                }
            }
            double share = heavy / (double) (clients * seats);
            System.out.printf(Locale.ROOT, "10 of weight 2, 10 of weight 1 (fair 0.667), p = %d: %.3f%n", seats, share);
            assertThat(share).as("%d seats", seats).isCloseTo(2 / 3.0, within(0.03));
        }
    }

    private record Agreement(double lostByU, double lostByOneMinusU) {}

    private Agreement agreement(int size, boolean unequal) {
        int clients = 20_000;
        int lostByU = 0;
        int lostByOneMinusU = 0;
        for (int i = 0; i < clients; i++) {
            String client = "client-" + i;
            List<Candidate> candidates = new ArrayList<>();
            for (int j = 0; j < size; j++) {
                candidates.add(candidate("pg-" + j, unequal ? 0.1 + 3 * random.nextDouble() : 1));
            }
            SeatHash hash = new SeatHash(client);
            Candidate byU = candidates.stream()
                    .min(Comparator.comparingDouble(c -> -Math.log(hash.unit(c.rank())) / c.weight()))
                    .orElseThrow();
            Plan one = Planner.plan(client, 1, candidates);
            Plan two = Planner.plan(client, 2, candidates);
            lostByU += two.seatsOf(byU.key()) == 0 ? 1 : 0;
            lostByOneMinusU += one.seatsByEndpoint().keySet().stream().anyMatch(key -> two.seatsOf(key) == 0) ? 1 : 0;
        }
        return new Agreement(lostByU / (double) clients, lostByOneMinusU / (double) clients);
    }

    private static Outcome mean(Scenario scenario, Spread spread) {
        return average(trial -> scaleOut(trial, scenario, spread));
    }

    private static Outcome scaleOut(int trial, Scenario scenario, Spread spread) {
        List<String> after = names("pg" + trial + "-", scenario.after);
        List<String> before = after.subList(0, scenario.before);
        int[] load = new int[scenario.after];
        int opened = 0;
        for (String client : names("web" + trial + "-", scenario.clients)) {
            int[] old = Arrays.copyOf(spread.seats(client, scenario.seats, before), scenario.after);
            int[] now = spread.seats(client, scenario.seats, after);
            for (int i = 0; i < now.length; i++) {
                load[i] += now[i];
                opened += Math.max(0, now[i] - old[i]);
            }
        }
        return new Outcome(maxToMean(load), opened / fairShareOfTheNew(scenario));
    }

    private Outcome meanOfRedial(Scenario scenario) {
        return average(trial -> {
            int[] load = new int[scenario.after];
            int connections = scenario.clients * scenario.seats;
            for (int i = 0; i < connections; i++) {
                load[random.nextInt(load.length)]++;
            }
            return new Outcome(maxToMean(load), connections / fairShareOfTheNew(scenario));
        });
    }

    private static double fairShareOfTheNew(Scenario scenario) {
        return scenario.clients * scenario.seats * (scenario.after - scenario.before) / (double) scenario.after;
    }

    /** 8 Pods are replaced one after another, each within one settle window; moves are per connection. */
    private static Outcome rollingUpdates(int trial, int updates, boolean inherit) {
        List<Endpoint> pods = new ArrayList<>();
        names("pg" + trial + "-", 8).forEach(name -> pods.add(Endpoint.of(name, "10.0.0.1", 5432)));
        List<String> clients = names("web" + trial + "-", 100);
        Ranks ranks = Ranks.none();
        int opened = 0;
        for (int step = 0; step < 8 * updates; step++) {
            List<Plan> before = plans(clients, pods, ranks);
            Endpoint next = Endpoint.of("pg" + trial + "-new-" + step, "10.0.0.1", 5432);
            Endpoint gone = pods.set(step % 8, next);
            ranks = inherit ? ranks.after(List.of(gone), List.of(next), pods) : ranks;
            opened += opened(before, plans(clients, pods, ranks));
        }
        int[] load = new int[8];
        for (Plan plan : plans(clients, pods, ranks)) {
            Arrays.setAll(load, i -> load[i] + plan.seatsOf(pods.get(i).key()));
        }
        return new Outcome(maxToMean(load), opened / 1_000.0);
    }

    private static List<Plan> plans(List<String> clients, List<Endpoint> pods, Ranks ranks) {
        List<Candidate> candidates = new ArrayList<>();
        pods.forEach(pod -> candidates.add(new Candidate(pod.key(), ranks.of(pod), 1)));
        List<Plan> plans = new ArrayList<>();
        clients.forEach(client -> plans.add(Planner.plan(client, 10, candidates)));
        return plans;
    }

    private static int opened(List<Plan> before, List<Plan> after) {
        int opened = 0;
        for (int i = 0; i < after.size(); i++) {
            for (EndpointKey key : after.get(i).seatsByEndpoint().keySet()) {
                opened += Math.max(0, after.get(i).seatsOf(key) - before.get(i).seatsOf(key));
            }
        }
        return opened;
    }

    /** The same with connections that dial any of the 8 present Pods when theirs goes. */
    private Outcome rollingRedial() {
        int[] load = new int[8];
        for (int i = 0; i < 1_000; i++) {
            load[random.nextInt(8)]++;
        }
        int opened = 0;
        for (int step = 0; step < 8; step++) {
            int closed = load[step];
            load[step] = 0;
            for (int i = 0; i < closed; i++) {
                load[random.nextInt(8)]++;
            }
            opened += closed;
        }
        return new Outcome(maxToMean(load), opened / 1_000.0);
    }

    private static int[] planned(String client, int seats, List<String> endpoints) {
        List<Candidate> candidates = new ArrayList<>();
        endpoints.forEach(endpoint -> candidates.add(candidate(endpoint, 1)));
        Plan plan = Planner.plan(client, seats, candidates);
        return candidates.stream().mapToInt(c -> plan.seatsOf(c.key())).toArray();
    }

    private static int[] extrasToTheFirst(String client, int seats, List<String> endpoints) {
        int size = endpoints.size();
        return IntStream.range(0, size)
                .map(i -> seats / size + (i < seats % size ? 1 : 0))
                .toArray();
    }

    private interface Unit {
        long of(String endpoint);
    }

    /** What the planner does with equal weights and fewer seats than endpoints, but with another hash. */
    private static int[] smallest(int seats, List<String> endpoints, Unit unit) {
        int[] result = new int[endpoints.size()];
        IntStream.range(0, endpoints.size())
                .boxed()
                .sorted(Comparator.comparingLong(i -> unit.of(endpoints.get(i))))
                .limit(seats)
                .forEach(i -> result[i] = 1);
        return result;
    }

    private static long positive(int hash) {
        return Integer.toUnsignedLong(hash);
    }

    private interface Trial {
        Outcome run(int trial);
    }

    private static Outcome average(Trial trial) {
        double maxToMean = 0;
        double moves = 0;
        for (int i = 0; i < TRIALS; i++) {
            Outcome outcome = trial.run(i);
            maxToMean += outcome.maxToMean / TRIALS;
            moves += outcome.moves / TRIALS;
        }
        return new Outcome(maxToMean, Math.round(moves * 1e6) / 1e6);
    }

    private static double maxToMean(int[] load) {
        return Arrays.stream(load).max().orElseThrow()
                / Arrays.stream(load).average().orElseThrow();
    }

    private static Candidate candidate(String name, double weight) {
        return new Candidate(new EndpointKey(name, "10.0.0.1", 5432), name, weight);
    }

    private static List<String> names(String prefix, int count) {
        return IntStream.range(0, count).mapToObj(i -> prefix + i).toList();
    }

    private static void print(String how, String what, Outcome outcome) {
        System.out.printf(
                Locale.ROOT,
                "%-30s %-21s max/mean %5.2f   moves %5.2f   (seed %d)%n",
                how,
                what,
                outcome.maxToMean,
                outcome.moves,
                SEED);
    }
}
