package io.evenkeel.demo.rsocket;

import java.time.Duration;
import java.util.random.RandomGenerator;

/** How long a server works on a request, once it has begun to. */
@FunctionalInterface
public interface ServiceTime {
    /** No time at all: the answer is given on the thread that read the request. */
    ServiceTime NONE = random -> 0;

    /**
     * Draws the time for one request.
     *
     * @return nanoseconds, not negative
     */
    long nanos(RandomGenerator random);

    /** The same for every request. */
    static ServiceTime constant(Duration time) {
        long nanos = time.toNanos();
        return random -> nanos;
    }

    /** Exponentially distributed: as varied as requests whose ends are independent of their age. */
    static ServiceTime exponential(Duration mean) {
        double nanos = mean.toNanos();
        return random -> (long) (random.nextExponential() * nanos);
    }

    /** Evenly distributed between the two. */
    static ServiceTime uniform(Duration shortest, Duration longest) {
        long low = shortest.toNanos();
        long high = longest.toNanos();
        return random -> random.nextLong(low, high + 1);
    }
}
