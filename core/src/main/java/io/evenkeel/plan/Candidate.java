package io.evenkeel.plan;

import io.evenkeel.endpoint.EndpointKey;
import java.util.Objects;

/**
 * An endpoint that may be given seats. Immutable.
 *
 * @param key who and where it is; breaks ties
 * @param rank the identity string that is hashed together with the client: the endpoint's own identity, or the one that
 *     it inherited from an endpoint that it replaced ({@link Ranks})
 * @param weight its share relative to the other candidates, above 0 and finite
 */
public record Candidate(EndpointKey key, String rank, double weight) {

    public Candidate {
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(rank, "rank");
        if (rank.isEmpty()) {
            throw new IllegalArgumentException("rank: \"\" (expected: not empty) of endpoint " + key);
        }
        if (!(weight > 0) || Double.isInfinite(weight)) {
            throw new IllegalArgumentException(
                    "weight: " + weight + " (expected: above 0 and finite) of endpoint " + key);
        }
    }
}
