package io.evenkeel.kubernetes;

import io.evenkeel.time.Backoff;
import java.time.Duration;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * How long to wait before the API server is asked again: 1 s after the first failure, doubling to 30 s, half of it at
 * random, so that those who were thrown out together do not come back together. Not thread-safe.
 */
final class RetryWaits {

    static final Duration LONGEST = Duration.ofSeconds(30);

    private static final Backoff BACKOFF = Backoff.exponential(Duration.ofSeconds(1), LONGEST);
    private static final Duration SOON = Duration.ofSeconds(1);

    private final RandomGenerator random;
    private int failures;

    RetryWaits(RandomGenerator random) {
        this.random = random;
    }

    /** It failed. @return how often in a row */
    int failed() {
        return ++failures;
    }

    /** It worked: the next failure is the first again. */
    void reset() {
        failures = 0;
    }

    /** The wait after no failure at all, up to a second. */
    Duration soon() {
        return Duration.ofNanos((long) (SOON.toNanos() * random.nextDouble()));
    }

    /**
     * The wait after the failures so far.
     *
     * @param retryAfter what the server asked for, or null. If it is longer it is honoured, with up to as much again at
     *     random as the back-off, since the server says the same to every client
     */
    Duration wait(@Nullable Duration retryAfter) {
        Duration jittered = BACKOFF.after(failures, random);
        return retryAfter == null || retryAfter.compareTo(jittered) < 0 ? jittered : retryAfter.plus(jittered);
    }
}
