package io.evenkeel.rsocket;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;

/**
 * So many requests until then: what one lease of a server grants. Thread-safe.
 *
 * <p>rsocket-java keeps a request that finds no lease at its connection until the server grants the next one there,
 * which may be never. So none may get that far. {@code availability()} can't prevent it, since two requests can see the
 * same last permit; this is counted down before a request is handed over.
 *
 * <p>Invariant: rsocket-java has at least as many permits as are left here, and for longer. It gets the lease first; a
 * permit that is taken here is taken there at most once; and here the lease ends earlier, by a twentieth of its time
 * within {@link #LEAST_MARGIN} and {@link #MOST_MARGIN}: rsocket-java ends it by a clock of whole milliseconds, and the
 * server began to count when it sent it. A permit whose request was cancelled before it was sent is not given back.
 * What is left to rsocket-java is a request whose result is asked for only after the lease it got has ended.
 */
final class LeasePermits {

    static final Duration LEAST_MARGIN = Duration.ofMillis(3);
    static final Duration MOST_MARGIN = Duration.ofMillis(50);

    private static final int PARTS = 20;

    private static final AtomicIntegerFieldUpdater<LeasePermits> LEFT =
            AtomicIntegerFieldUpdater.newUpdater(LeasePermits.class, "left");

    private final long ends;
    private volatile int left;

    private LeasePermits(int requests, long ends) {
        this.left = requests;
        this.ends = ends;
    }

    static LeasePermits of(int requests, Duration time, long now) {
        long nanos = time.toNanos();
        long margin = Math.max(LEAST_MARGIN.toNanos(), Math.min(MOST_MARGIN.toNanos(), nanos / PARTS));
        return new LeasePermits(requests, now + nanos - margin);
    }

    boolean isLeft(long now) {
        return left > 0 && ends - now > 0;
    }

    /** Takes one permit, if there is any. */
    boolean take(long now) {
        while (true) {
            int before = left;
            if (before <= 0 || ends - now <= 0) {
                return false;
            }
            if (LEFT.compareAndSet(this, before, before - 1)) {
                return true;
            }
        }
    }
}
