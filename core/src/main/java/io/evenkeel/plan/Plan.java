package io.evenkeel.plan;

import io.evenkeel.endpoint.EndpointKey;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Map.Entry;
import java.util.Objects;
import java.util.TreeMap;

/**
 * How many seats (connections) of one client's pool each endpoint is to have. Immutable; look-ups take constant time.
 *
 * @param seatsByEndpoint only endpoints with at least one seat, iterated in order of their keys
 */
public record Plan(Map<EndpointKey, Integer> seatsByEndpoint) {

    private static final Plan EMPTY = new Plan(Map.of());

    /** @throws IllegalArgumentException if an endpoint is listed with fewer than 1 seat */
    public Plan {
        Map<EndpointKey, Integer> ordered = new LinkedHashMap<>(seatsByEndpoint.size() * 2);
        for (Entry<EndpointKey, Integer> entry : new TreeMap<>(seatsByEndpoint).entrySet()) {
            Integer seats = Objects.requireNonNull(entry.getValue(), "seats");
            if (seats < 1) {
                throw new IllegalArgumentException(
                        "seats: " + seats + " (expected: >= 1) of endpoint " + entry.getKey());
            }
            ordered.put(entry.getKey(), seats);
        }
        seatsByEndpoint = Collections.unmodifiableMap(ordered);
    }

    /** The plan without a seat: what comes of no seats or no candidates. */
    public static Plan empty() {
        return EMPTY;
    }

    /** All seats handed out: as many as were asked for, or 0 if there was no candidate to give them to. */
    public int seats() {
        int sum = 0;
        for (int seats : seatsByEndpoint.values()) {
            sum = Math.addExact(sum, seats);
        }
        return sum;
    }

    /** This endpoint's seats; 0 if it has none or is not known. */
    public int seatsOf(EndpointKey key) {
        return seatsByEndpoint.getOrDefault(key, 0);
    }
}
