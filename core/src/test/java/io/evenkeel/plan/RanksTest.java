package io.evenkeel.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.Endpoint;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RanksTest {

    private int addresses;

    @Test
    void endpointWithoutInheritance_isHashedUnderItsIdentity() {
        assertThat(Ranks.none().of(pod("pg-1"))).isEqualTo("pg-1");
    }

    @Test
    void arrivalThatReplacesAnother_takesItsRank() {
        Endpoint a = pod("a");
        Endpoint b = pod("b");
        Endpoint x = pod("x");
        Ranks ranks = Ranks.none().after(List.of(a), List.of(x), List.of(b, x));
        assertThat(ranks.of(x)).isEqualTo("a");
        assertThat(ranks.of(b)).isEqualTo("b");
    }

    @Test
    void arrivalWithoutAnyoneToReplace_keepsItsIdentity() {
        Endpoint a = pod("a");
        Endpoint x = pod("x");
        assertThat(Ranks.none().after(List.of(), List.of(x), List.of(a, x)).of(x))
                .isEqualTo("x");
    }

    @Test
    void rankIsPassedOnAlongAChain() {
        Endpoint current = pod("pod-0");
        Ranks ranks = Ranks.none();
        for (int step = 1; step <= 100; step++) {
            Endpoint next = pod("pod-" + step);
            ranks = ranks.after(List.of(current), List.of(next), List.of(next));
            assertThat(ranks.of(next)).as("step %d", step).isEqualTo("pod-0");
            current = next;
        }
    }

    @Test
    void sameZoneIsPairedFirst() {
        Endpoint a = pod("a", "east");
        Endpoint b = pod("b", "west");
        Endpoint c = pod("c", null);
        Endpoint x = pod("x", "west");
        Endpoint y = pod("y", "north");
        Endpoint z = pod("z", "east");
        Ranks ranks = Ranks.none().after(List.of(a, b, c), List.of(x, y, z), List.of(x, y, z));
        assertThat(ranks.of(x)).isEqualTo("b");
        assertThat(ranks.of(z)).isEqualTo("a");
        assertThat(ranks.of(y)).isEqualTo("c");
    }

    @Test
    void identityThatComesBackElsewhere_takesItsOwnRankRatherThanAnothers() {
        Endpoint before = pod("pg-1", "east");
        Endpoint other = pod("pg-0", "west");
        Endpoint again = pod("pg-1", "west");
        Ranks ranks = Ranks.none().after(List.of(other, before), List.of(again), List.of(again));
        assertThat(ranks.of(again)).isEqualTo("pg-1");
    }

    @Test
    void identityThatComesBackElsewhere_keepsWhatItHadInherited() {
        Endpoint a = pod("a");
        Endpoint x = pod("x");
        Endpoint xAgain = pod("x");
        Ranks ranks = Ranks.none().after(List.of(a), List.of(x), List.of(x));
        assertThat(ranks.after(List.of(x), List.of(xAgain), List.of(xAgain)).of(xAgain))
                .isEqualTo("a");
    }

    @Test
    void identityThatComesBackWhileItsHeirIsThere_getsARankOfItsOwn() {
        Endpoint gone = pod("pg-1");
        Endpoint heir = pod("pg-x");
        Endpoint back = pod("pg-1");
        Ranks inherited = Ranks.none().after(List.of(gone), List.of(heir), List.of(heir));
        Ranks ranks = inherited.after(List.of(), List.of(back), List.of(heir, back));
        assertThat(ranks.of(heir)).isEqualTo("pg-1");
        assertThat(ranks.of(back)).isEqualTo("pg-1#2");
        Ranks offeredAgain = inherited.after(List.of(gone), List.of(back), List.of(heir, back));
        assertThat(offeredAgain.of(back)).isEqualTo("pg-1#2");
    }

    @Test
    void sameIdentityAtTwoAddresses_getsTwoRanks() {
        Endpoint one = pod("pg-1");
        Endpoint two = pod("pg-1");
        Ranks arrivedTogether = Ranks.none().after(List.of(), List.of(one, two), List.of(one, two));
        assertThat(arrivedTogether.of(one)).isNotEqualTo(arrivedTogether.of(two));
        Ranks neverAnnounced = Ranks.none().after(List.of(), List.of(), List.of(one, two));
        assertThat(neverAnnounced.of(one)).isNotEqualTo(neverAnnounced.of(two));
    }

    @Test
    void rankThatWasTakenSince_isNotHandedOutAgain() {
        Endpoint a = pod("a");
        Endpoint x = pod("x");
        Endpoint y = pod("y");
        Ranks ranks = Ranks.none().after(List.of(a), List.of(x), List.of(x));
        assertThat(ranks.after(List.of(a), List.of(y), List.of(x, y)).of(y)).isEqualTo("y");
    }

    @Test
    void inheritedRankOfOneThatLeft_isKnownUntilItIsNoLongerOffered() {
        Endpoint a = pod("a");
        Endpoint b = pod("b");
        Endpoint x = pod("x");
        Endpoint y = pod("y");
        Ranks xIsA = Ranks.none().after(List.of(a), List.of(x), List.of(b, x));
        Ranks xLeft = xIsA.after(List.of(x), List.of(), List.of(b));
        assertThat(xLeft.after(List.of(x), List.of(y), List.of(b, y)).of(y)).isEqualTo("a");
        Ranks forgotten = xLeft.after(List.of(), List.of(), List.of(b));
        assertThat(forgotten).isEqualTo(Ranks.none());
    }

    @Test
    void orderOfArgumentsHasNoInfluence() {
        Random random = seeded(11);
        List<Endpoint> left = pods("old", 20);
        List<Endpoint> arrived = pods("new", 17);
        List<Endpoint> present = new ArrayList<>(pods("kept", 10));
        present.addAll(arrived);
        Ranks ranks = Ranks.none().after(left, arrived, present);
        for (int round = 0; round < 50; round++) {
            Collections.shuffle(left, random);
            Collections.shuffle(arrived, random);
            Collections.shuffle(present, random);
            assertThat(Ranks.none().after(left, arrived, present)).isEqualTo(ranks);
        }
    }

    @Test
    void anyHistory_ranksOfPresentEndpointsAreDistinctStableAndFew() {
        for (int seed = 0; seed < 200; seed++) {
            Random random = seeded(seed);
            Ranks ranks = Ranks.none();
            List<Endpoint> present = new ArrayList<>();
            List<Endpoint> left = new ArrayList<>();
            for (int step = 0; step < 100; step++) {
                List<Endpoint> next = new ArrayList<>(present);
                next.removeIf(endpoint -> random.nextInt(4) == 0);
                List<Endpoint> kept = List.copyOf(next);
                List<Endpoint> arrived = someNewPods(random);
                next.addAll(arrived);
                if (random.nextInt(3) == 0) {
                    left.clear();
                }
                present.stream().filter(endpoint -> !kept.contains(endpoint)).forEach(left::add);
                Ranks after = ranks.after(left, arrived, next);

                assertThat(ranksOf(after, next))
                        .as("seed %d, step %d", seed, step)
                        .hasSameSizeAs(next);
                for (Endpoint endpoint : kept) {
                    assertThat(after.of(endpoint)).isEqualTo(ranks.of(endpoint));
                }
                assertThat(after.size()).isLessThanOrEqualTo(next.size() + left.size());
                ranks = after;
                present = next;
            }
        }
    }

    private List<Endpoint> someNewPods(Random random) {
        List<Endpoint> arrived = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            // Few names, so that names come back, also next to their heirs and twice at once.
            arrived.add(pod("pg-" + random.nextInt(8), random.nextBoolean() ? "east" : null));
        }
        return arrived;
    }

    private static Set<String> ranksOf(Ranks ranks, Collection<Endpoint> endpoints) {
        Set<String> distinct = new HashSet<>();
        endpoints.forEach(endpoint -> distinct.add(ranks.of(endpoint)));
        return distinct;
    }

    private List<Endpoint> pods(String name, int count) {
        List<Endpoint> pods = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            pods.add(pod(name + "-" + i, "zone-" + i % 3));
        }
        return pods;
    }

    private Endpoint pod(String identity) {
        return pod(identity, null);
    }

    private Endpoint pod(String identity, @Nullable String zone) {
        addresses++;
        return Endpoint.of(identity, "10.0." + addresses / 256 + "." + addresses % 256, 5432)
                .withZone(zone);
    }

    private static Random seeded(long seed) {
        if (seed % 50 == 0 || seed == 11) {
            System.out.println("RanksTest: seed " + seed + (seed == 11 ? "" : " and the 49 after it"));
        }
        return new Random(seed);
    }
}
