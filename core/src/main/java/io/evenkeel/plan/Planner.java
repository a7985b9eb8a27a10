package io.evenkeel.plan;

import io.evenkeel.endpoint.EndpointKey;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Hashed-seat apportionment: decides how many of a client's connections belong to which endpoint.
 *
 * <p>Every endpoint e offers an endless row of seats with the keys {@code (k - 1 + u) / w}, k = 1, 2, …, where w is its
 * weight and u in (0, 1) a well-mixed hash of (client, rank of e). A pool of p connections takes the p smallest keys of
 * all rows. This is Webster's and Adams's divisor apportionment with the constant rounding point (½, 0) replaced by a
 * point that is drawn, once for all, per client and endpoint: hence each client is as even as whole numbers allow, and
 * which endpoints get the odd seats differs from client to client, so that many clients together are even too. Nothing
 * is coordinated; the result depends on nothing but the arguments.
 *
 * <p>What follows from "the p smallest keys", and is tested:
 * <ul>
 *   <li>P1: with equal weights each of N endpoints gets ⌊p/N⌋ or ⌈p/N⌉ seats, since all first seats come before all
 *       second.
 *   <li>P2: an endpoint that joins only puts new keys before old ones: no other endpoint gains a seat, and when one
 *       leaves, none loses one. Hence no plan could move fewer connections.
 *   <li>P3: raising a weight makes that endpoint's keys smaller and no others: seats move only towards it.
 *   <li>P4: a larger p takes more keys of the same order: growing only adds, shrinking only removes.
 * </ul>
 *
 * <p>p = 1 is weighted rendezvous hashing instead: the one seat goes to the smallest {@code -ln(1 - u) / w}, which
 * chooses an endpoint with a probability of exactly its share of the weights, where the first keys above would favour
 * the heavy. Both rules order equally weighted endpoints alike (by u), so that P4 then holds from p = 1 on; with
 * unequal weights it holds from p = 2 on, and the step between 1 and 2 may now and then move the first seat.
 * docs/adr/0003-planner.md has the measurements.
 *
 * <p>The cost is O(N + r log N), with r about the square root of the smaller of p and N ({@link Apportionment}).
 */
public final class Planner {

    private Planner() {}

    /**
     * Gives each seat of a client's pool to an endpoint.
     *
     * @param client what makes this client's pool differ from every other client's: host name and pool name, for
     *     example
     * @param seats the size of the pool, at least 0
     * @param candidates in any order; the order has no influence
     * @return the plan, empty if there are no seats or no candidates
     * @throws IllegalArgumentException if {@code seats} is negative or two candidates have the same key
     */
    public static Plan plan(String client, int seats, Collection<Candidate> candidates) {
        Objects.requireNonNull(client, "client");
        if (seats < 0) {
            throw new IllegalArgumentException("seats: " + seats + " (expected: >= 0) of client " + client);
        }
        Candidate[] row = candidates.toArray(new Candidate[0]);
        requireDistinct(row);
        if (seats == 0 || row.length == 0) {
            return Plan.empty();
        }
        double[] units = units(client, row);
        if (seats == 1) {
            return new Plan(Map.of(rendezvous(row, units).key(), 1));
        }
        return toPlan(row, new Apportionment(row, units, seats).seatsByRow());
    }

    private static void requireDistinct(Candidate[] row) {
        Set<EndpointKey> keys = new HashSet<>(row.length * 2);
        for (Candidate candidate : row) {
            if (!keys.add(candidate.key())) {
                throw new IllegalArgumentException("candidates: " + candidate.key() + " twice (expected: once)");
            }
        }
    }

    private static double[] units(String client, Candidate[] row) {
        SeatHash hash = new SeatHash(client);
        double[] units = new double[row.length];
        for (int i = 0; i < row.length; i++) {
            units[i] = hash.unit(row[i].rank());
        }
        return units;
    }

    private static Candidate rendezvous(Candidate[] row, double[] units) {
        Candidate best = row[0];
        double bestKey = Double.POSITIVE_INFINITY;
        for (int i = 0; i < row.length; i++) {
            double key = -Math.log1p(-units[i]) / row[i].weight();
            if (key < bestKey || (key == bestKey && row[i].key().compareTo(best.key()) < 0)) {
                best = row[i];
                bestKey = key;
            }
        }
        return best;
    }

    private static Plan toPlan(Candidate[] row, int[] seats) {
        Map<EndpointKey, Integer> byEndpoint = new HashMap<>();
        for (int i = 0; i < row.length; i++) {
            if (seats[i] > 0) {
                byEndpoint.put(row[i].key(), seats[i]);
            }
        }
        return new Plan(byEndpoint);
    }
}
