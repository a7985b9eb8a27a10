package io.evenkeel.demo.page;

import java.util.Map;
import java.util.Objects;

/**
 * One of the two clients at one moment. Rates, shares and latency are of the last three seconds.
 *
 * @param key of the page's elements: {@code plain} or {@code evenkeel}
 * @param rate answers a second
 * @param failed requests that failed since the exhibit was opened
 * @param p99Millis latency of answered requests; NaN if there was none
 * @param connections by Pod, then by client process
 * @param shares the part of the answers that a Pod gave, 0 to 1, by Pod
 */
public record Side(
        Key key,
        String title,
        double rate,
        long failed,
        double p99Millis,
        Map<String, Map<String, Integer>> connections,
        Map<String, Double> shares) {

    /** Which of the two. */
    public enum Key {
        PLAIN,
        EVENKEEL
    }

    public Side {
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(title, "title");
        connections = Map.copyOf(connections);
        shares = Map.copyOf(shares);
    }
}
