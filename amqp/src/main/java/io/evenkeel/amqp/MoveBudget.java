package io.evenkeel.amqp;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** The time that one move has, and what it may do without when a part of it is over. Of one thread. */
final class MoveBudget {

    /** How long a forced move waits for acknowledgements: a broker that drains closes everything within seconds. */
    private static final Duration FORCED_PATIENCE = Duration.ofSeconds(1);

    /** So that what has to be taken back at the deadline can be asked for, at least. */
    private static final long LEAST_REQUEST_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private static final long MOST_REQUEST_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final VirtualConnection connection;
    private final boolean forced;
    private final Duration deadline;
    private final long begun;
    /** From when the deadline counts. */
    private long countsFrom;

    private boolean stops;

    MoveBudget(VirtualConnection connection, boolean forced, Duration deadline) {
        this.connection = connection;
        this.forced = forced;
        this.deadline = deadline;
        this.begun = now();
        this.countsFrom = begun;
    }

    /**
     * Consumers or publishers are stopped from now on. A voluntary move's deadline says for how long that may be, so
     * the time that a broker takes until then, such as one that was just started, is no part of it. A forced move's
     * says when its broker goes.
     */
    void stopping() {
        if (!forced && !stops) {
            countsFrom = now();
        }
        stops = true;
    }

    /** Whether anything was stopped. */
    boolean hasStopped() {
        return stops;
    }

    long now() {
        return connection.upkeep().nanos();
    }

    boolean isForced() {
        return forced;
    }

    long sinceBegun() {
        return now() - begun;
    }

    long millisSinceBegun() {
        return sinceBegun() / 1_000_000;
    }

    /** What is left of the deadline; zero or less once it has passed. */
    long left() {
        return deadline.toNanos() - (now() - countsFrom);
    }

    /** How long one request may take at the new broker, which may have fallen silent: what is left, within bounds. */
    long request() {
        return Math.max(LEAST_REQUEST_NANOS, Math.min(MOST_REQUEST_NANOS, left()));
    }

    /** Whether consumers go on elsewhere although something that they were delivered is not settled. */
    boolean isLameDuck() {
        return connection.dialer().handover() == ConsumerHandover.LAME_DUCK || (forced && leftOfPatience() <= 0);
    }

    /** How long to wait before looking again with less patience, or giving up. */
    long patience() {
        return forced && leftOfPatience() > 0 ? leftOfPatience() : left();
    }

    /** A forced move whose first patience has just ended looks again, more leniently. */
    boolean goesRegardless() {
        return forced && left() > 0;
    }

    private long leftOfPatience() {
        return FORCED_PATIENCE.toNanos() - sinceBegun();
    }
}
