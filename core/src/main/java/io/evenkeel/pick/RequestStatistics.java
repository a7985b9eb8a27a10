package io.evenkeel.pick;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;

/**
 * What became of the requests on one connection, with the weight that their age leaves them: a time counts for a few
 * {@linkplain #LATENCY_TAU seconds}, a failure for {@linkplain #OUTCOME_TAU longer}, since failures are rarer.
 *
 * <p>All times are the ticker's, in nanoseconds. Threads: any; no method blocks or allocates. Nearly all updates of a
 * connection come from its event loop; where two cross, a sample may be lost, which a mean can bear and a lock on this
 * path could not.
 */
public final class RequestStatistics {

    /** How long a time counts: after it, 37 %. */
    static final Duration LATENCY_TAU = Duration.ofSeconds(2);
    /** How long a failure or a success counts: after it, 37 %. */
    static final Duration OUTCOME_TAU = Duration.ofSeconds(10);

    /**
     * As so many answers all that came before count at most: hundreds of slow first ones would otherwise outweigh the
     * few that a connection gets which looks slow, for as long as they count.
     */
    static final double MOST_ANSWERS = 128;

    private static final double LATENCY_TAU_NANOS = LATENCY_TAU.toNanos();
    private static final double OUTCOME_TAU_NANOS = OUTCOME_TAU.toNanos();
    /** Below this part of τ the first two terms of the series are exact to a millionth. */
    private static final double SHORT = 1e-3;

    /** A wait of less than eight times the usual, as a logarithm. */
    private static final double SHORT_WAIT = 3;

    private static final long NOTHING_AWAITED = Long.MIN_VALUE;
    private static final long ALWAYS = Long.MIN_VALUE;
    private static final int MANTISSA_BITS = 52;
    private static final int EXPONENT_BIAS = 1023;
    private static final long MANTISSA = (1L << MANTISSA_BITS) - 1;

    private static final VarHandle UPDATED_AT;

    static {
        try {
            UPDATED_AT = MethodHandles.lookup().findVarHandle(RequestStatistics.class, "updatedAt", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final Turn turn = new Turn();

    private double logs;
    private double answers;
    private double failures;
    private double outcomes;
    private int streak;
    /**
     * Written last, by release, and read first: a reader that sees it sees what was written before it, without a fence.
     */
    private long updatedAt;
    /** Since when requests are answered elsewhere, too. */
    private long comparableSince = ALWAYS;
    /** When the first request began that was sent after the last answer. */
    private long awaitedSince = NOTHING_AWAITED;

    /** A request that is to be answered soon begins. */
    public void began(long now) {
        if (awaitedSince == NOTHING_AWAITED) {
            awaitedSince = now;
        }
    }

    /** Something was answered whose time says nothing, or isn't known. */
    public void alive() {
        if (awaitedSince != NOTHING_AWAITED) {
            awaitedSince = NOTHING_AWAITED;
        }
    }

    /**
     * Nothing was answered elsewhere lately. What took its time until now tells this connection apart from no other: a
     * client that begins sends all to the one that is connected first, and what it is slow at then is its own code,
     * which isn't compiled yet.
     */
    void aloneUntil(long now) {
        comparableSince = now;
    }

    /** A request was answered, after so many nanoseconds. */
    public void answered(long elapsed, long now) {
        alive();
        long since = age(now);
        if (isComparable(now - elapsed)) {
            time(elapsed, since);
        } else {
            decayTimes(since);
        }
        outcome(0, since);
        streak = 0;
        UPDATED_AT.setRelease(this, now);
    }

    /** A request failed in a way that another Pod might have spared it. */
    public void failed(long now) {
        alive();
        long since = age(now);
        decayTimes(since);
        outcome(1, since);
        streak++;
        UPDATED_AT.setRelease(this, now);
    }

    /** As {@link #abandoned(long, long, boolean)} where something else may be awaited. */
    public void abandoned(long elapsed, long now) {
        abandoned(elapsed, now, false);
    }

    /**
     * The caller stopped waiting after so many nanoseconds: it would have taken longer.
     *
     * @param last whether nothing else is awaited now; if this one was not awaited for long, that is no silence
     */
    public void abandoned(long elapsed, long now, boolean last) {
        if (last && (answers <= 0 || log2(elapsed) < logs / answers + SHORT_WAIT)) {
            alive();
        }
        if (answers > 0 && log2(elapsed) > logs / answers && isComparable(now - elapsed)) {
            long since = age(now);
            time(elapsed, since);
            double kept = decay(since, OUTCOME_TAU_NANOS);
            failures *= kept;
            outcomes *= kept;
            UPDATED_AT.setRelease(this, now);
        }
    }

    private boolean isComparable(long begun) {
        long since = comparableSince;
        return since == ALWAYS || begun - since > 0;
    }

    private long age(long now) {
        return outcomes == 0 && answers == 0 ? Long.MAX_VALUE : now - (long) UPDATED_AT.getAcquire(this);
    }

    private void time(long elapsed, long since) {
        decayTimes(since);
        logs += log2(elapsed);
        answers += 1;
        if (answers > MOST_ANSWERS) {
            logs *= MOST_ANSWERS / answers;
            answers = MOST_ANSWERS;
        }
    }

    private void decayTimes(long since) {
        double kept = decay(since, LATENCY_TAU_NANOS);
        logs *= kept;
        answers *= kept;
    }

    private void outcome(double failed, long since) {
        double kept = decay(since, OUTCOME_TAU_NANOS);
        failures = failures * kept + failed;
        outcomes = outcomes * kept + 1;
    }

    /** What an answer took lately: the geometric mean of the last ones, in nanoseconds; 0 before the first. */
    public double typicalNanos() {
        UPDATED_AT.getAcquire(this);
        double count = answers;
        return count > 0 ? Math.pow(2, logs / count) : 0;
    }

    /** What is known now. */
    Evidence evidence(long now) {
        long since = age(now);
        long awaited = awaitedSince;
        double times = decay(since, LATENCY_TAU_NANOS);
        double counts = decay(since, OUTCOME_TAU_NANOS);
        return new Evidence(
                logs * times,
                answers * times,
                failures * counts,
                outcomes * counts,
                streak,
                awaited == NOTHING_AWAITED ? 0 : Math.max(0, now - awaited),
                since);
    }

    private static double decay(long nanos, double tau) {
        double part = nanos / tau;
        if (part <= 0) {
            return 1;
        }
        return part < SHORT ? 1 - part : Math.exp(-part);
    }

    /** The binary logarithm, to within 0.09: read off a double's bits, at a tenth of the price of the exact one. */
    static double log2(long nanos) {
        long bits = Double.doubleToRawLongBits(Math.max(1, nanos));
        return (bits >>> MANTISSA_BITS) - EXPONENT_BIAS + (bits & MANTISSA) / (double) (1L << MANTISSA_BITS);
    }
}
