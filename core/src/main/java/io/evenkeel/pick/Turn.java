package io.evenkeel.pick;

import io.evenkeel.pick.Appraisal.Standing;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;

/**
 * When it is a connection's turn, in the rotation's virtual time: each pick moves its pass on by a stride that is the
 * inverse of its share, and the lowest pass is next.
 *
 * <p>The pass is changed by compare-and-set from every picking thread; the rest is written by one appraising thread at
 * a time and read without a fence: a stale share is a share of a hundredth of a second ago.
 */
final class Turn {

    /** The stride of weight 1. */
    static final double SCALE = 1 << 20;

    private static final double LONGEST_STRIDE = 1L << 40;
    private static final AtomicLongFieldUpdater<Turn> PASS = AtomicLongFieldUpdater.newUpdater(Turn.class, "pass");

    private volatile long pass;
    private boolean placed;
    private long stride = (long) SCALE;
    private double share = 1;
    private Standing standing = Standing.IN_SERVICE;
    private long interval;
    private long pickedAt;

    boolean isPlaced() {
        return placed;
    }

    /**
     * Gives a newcomer its place: anywhere within its first stride, so that clients that start together don't begin
     * alike.
     */
    void place(long virtual, double anywhere) {
        PASS.set(this, virtual + (long) (stride * anywhere));
        placed = true;
    }

    /**
     * What it gets from now on, in a rotation that has come to {@code virtual}. One whose share has grown waits no
     * longer than that allows. Not looked at in each pick: a thread that was a pick behind would set the pass back,
     * which is a turn for nothing, and the more often the larger the share.
     *
     * @param newInterval nanoseconds between two requests at least, where it isn't in service
     */
    void appraise(double newShare, Standing newStanding, long newInterval, long virtual) {
        long before = stride;
        share = newShare;
        stride = (long) Math.max(1, Math.min(LONGEST_STRIDE, SCALE / newShare));
        interval = newInterval;
        standing = newStanding;
        if (stride < before) {
            PASS.accumulateAndGet(this, virtual + stride, Math::min);
        }
    }

    double share() {
        return share;
    }

    boolean isInService() {
        return standing == Standing.IN_SERVICE;
    }

    /** Whether one that isn't in service may have a request again. */
    boolean isDue(long now) {
        return now - pickedAt >= interval;
    }

    long pass() {
        return pass;
    }

    /**
     * Where a pass stands in a rotation that has come to {@code virtual}: never so far behind that it would catch up in
     * a burst.
     */
    long key(long from, long virtual) {
        return Math.max(virtual - 2 * stride, from);
    }

    /** Takes the turn, unless another thread took it. */
    boolean take(long expected, long key, long now) {
        if (!PASS.compareAndSet(this, expected, key + stride)) {
            return false;
        }
        pickedAt = now;
        return true;
    }

    /** Takes a turn in any case: after several that others took it evens out later. */
    void takeAnyway(long now) {
        PASS.getAndAdd(this, stride);
        pickedAt = now;
    }
}
