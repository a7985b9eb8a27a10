package io.evenkeel.rsocket;

import java.time.Duration;

/**
 * What a request on one connection is expected to take, from what the last ones took: a peak-sensitive, exponentially
 * weighted moving average (Finagle's "peak EWMA"), plus what its failures cost.
 *
 * <p>A sample above the average replaces it at once, one below pulls it down slowly, by {@code 1 - exp(-t / τ)} after a
 * pause of t: quick to avoid, slow to trust. A failure is taken as an answer that took {@code max(elapsed, 5 s)}, so that a
 * server that fails fast doesn't look fast. Failures are averaged over the answers of the last τ rather than taken as peaks:
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

    static final Duration TAU = Duration.ofSeconds(10);
    static final Duration FAILURE = Duration.ofSeconds(5);

    private static final double TAU_NANOS = TAU.toNanos();
    private static final double FAILURE_NANOS = FAILURE.toNanos();
    /** Below this part of τ the first two terms of the series are exact to a millionth. */
    private static final double SHORT = 1e-3;

    private double average;
    private double answers;
    private double failureCost;
    // Written last and read first: whoever sees it sees what was written before.
    private volatile long updatedAt;
    private volatile boolean known;

    void succeeded(long elapsed, long now) {
        double weight = weight(now);
        average = elapsed > average ? elapsed : average * weight + elapsed * (1 - weight);
        answers = answers * weight + 1;
        failureCost = failureCost * weight;
        updatedAt = now;
        known = true;
    }

    void failed(long elapsed, long now) {
        double weight = weight(now);
        answers = answers * weight + 1;
        failureCost = failureCost * weight + Math.max(elapsed, FAILURE_NANOS);
        updatedAt = now;
    }

    /** Nobody waited for the answer: it would have taken longer than this. */
    void abandoned(long elapsed, long now) {
        if (elapsed > average) {
            average = elapsed;
            updatedAt = now;
            known = true;
        }
    }

    private double weight(long now) {
        return known || answers > 0 ? decay(now - updatedAt) : 0;
    }

    private static double decay(long nanos) {
        double part = nanos / TAU_NANOS;
        if (part <= 0) {
            return 1;
        }
        return part < SHORT ? 1 - part : Math.exp(-part);
    }

    /** Whether any answer is remembered. */
    boolean isKnown() {
        return known;
    }

    /** The average as it was at the last answer; 0 without any. */
    double lastNanos() {
        return known ? average : 0;
    }

    /**
     * What a request is expected to take, in nanoseconds.
     *
     * @param otherwise what the alternative takes: what to assume as far as there is no recent evidence
     */
    double nanos(long now, double otherwise) {
        long then = updatedAt;
        double weight = decay(now - then);
        double latency = known ? average * weight + otherwise * (1 - weight) : otherwise;
        double failing = failureCost;
        return failing == 0 ? latency : latency + failing * weight / (answers * weight + 1);
    }
}
