package io.evenkeel.rsocket;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;

/**
 * What a request on one connection is expected to take, from what the last ones took: a peak-sensitive, exponentially
 * weighted moving average (Finagle's "peak EWMA"), plus what its failures cost.
 *
 * <p>A sample above the average replaces it at once, one below pulls it down slowly, by {@code 1 - exp(-t / τ)} after a
 * pause of t: quick to avoid, slow to trust. A failure is taken as an answer that took {@code max(elapsed, 5 s)}, so that a
 * server that fails fast doesn't look fast. Failures are averaged over the answers of the last 10 s rather than taken as peaks:
 * otherwise one error among a thousand answers would ban a Pod for a minute.
 *
 * <p>Both are evidence of the past and lose weight with time. {@link #nanos(long, double)} therefore mixes in, as the
 * evidence ages, what is known of the alternative: with no history the two are equals, so a newcomer is neither avoided nor
 * a magnet.
 *
 * <p>Threads: any. Nearly all updates of a connection come from its event loop; where two cross, one sample may be lost, which
 * an average can bear and a lock on this path could not.
 */
final class LatencyEstimate {

    /** How long a sample of the time counts: a pause of the collector must not brand a Pod for long. */
    static final Duration TAU = Duration.ofSeconds(1);
    /** How long a failure counts. */
    static final Duration FAILURE_TAU = Duration.ofSeconds(10);

    static final Duration FAILURE = Duration.ofSeconds(5);

    private static final double TAU_NANOS = TAU.toNanos();
    private static final double FAILURE_TAU_NANOS = FAILURE_TAU.toNanos();
    private static final double FAILURE_NANOS = FAILURE.toNanos();
    /** Below this part of τ the first two terms of the series are exact to a millionth. */
    private static final double SHORT = 1e-3;

    private double average;
    private double answers;
    private double failureCost;
    private boolean known;
    /** Written last, by release, and read first: whoever sees it sees what was written before it, without a fence. */
    private long updatedAt;

    private static final VarHandle UPDATED_AT;

    static {
        try {
            UPDATED_AT = MethodHandles.lookup().findVarHandle(LatencyEstimate.class, "updatedAt", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private void update(long now) {
        UPDATED_AT.setRelease(this, now);
    }

    private long updatedAt() {
        return (long) UPDATED_AT.getAcquire(this);
    }

    void succeeded(long elapsed, long now) {
        long since = now - updatedAt();
        if (known) {
            double weight = decay(since, TAU_NANOS);
            average = elapsed > average ? elapsed : average * weight + elapsed * (1 - weight);
        } else {
            average = elapsed;
            known = true;
        }
        count(since, 0);
        update(now);
    }

    void failed(long elapsed, long now) {
        count(now - updatedAt(), Math.max((double) elapsed, FAILURE_NANOS));
        update(now);
    }

    private void count(long since, double cost) {
        double weight = answers == 0 ? 0 : decay(since, FAILURE_TAU_NANOS);
        answers = answers * weight + 1;
        failureCost = failureCost * weight + cost;
    }

    /** Nobody waited for the answer: it would have taken longer than this. */
    void abandoned(long elapsed, long now) {
        if (elapsed > average) {
            double weight = answers == 0 ? 0 : decay(now - updatedAt(), FAILURE_TAU_NANOS);
            answers = answers * weight;
            failureCost = failureCost * weight;
            average = elapsed;
            known = true;
            update(now);
        }
    }

    private static double decay(long nanos, double tau) {
        double part = nanos / tau;
        if (part <= 0) {
            return 1;
        }
        return part < SHORT ? 1 - part : Math.exp(-part);
    }

    /** How long ago the last answer or failure was; the longest time there is if there was none. */
    long since(long now) {
        long last = updatedAt();
        return known || answers > 0 ? now - last : Long.MAX_VALUE;
    }

    /** Whether any answer is remembered. */
    boolean isKnown() {
        return lastNanos() > 0;
    }

    /** The average as it was at the last answer; 0 without any. */
    double lastNanos() {
        updatedAt();
        return known ? average : 0;
    }

    /**
     * What a request is expected to take, in nanoseconds.
     *
     * @param otherwise what the alternative takes: what to assume as far as there is no recent evidence
     */
    double nanos(long now, double otherwise) {
        long since = now - updatedAt();
        double latency = otherwise;
        if (known) {
            double weight = decay(since, TAU_NANOS);
            latency = average * weight + otherwise * (1 - weight);
        }
        double failing = failureCost;
        if (failing == 0) {
            return latency;
        }
        double weight = decay(since, FAILURE_TAU_NANOS);
        return latency + failing * weight / (answers * weight + 1);
    }
}
