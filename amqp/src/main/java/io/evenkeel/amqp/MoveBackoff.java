package io.evenkeel.amqp;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * When one connection is moved again whose voluntary moves are taken back, and how long such a move may keep consumers
 * stopped. The wait doubles from 30 s to 10 min, and the patience is 1/120 of it (at least 1 s, at most the configured
 * deadline), so a connection that is never quiet loses less than 1 % of its throughput. Thread-safe.
 */
final class MoveBackoff {

    private static final Duration FIRST = Duration.ofSeconds(30);
    private static final Duration MOST = Duration.ofMinutes(10);
    private static final Duration LEAST_PATIENCE = Duration.ofSeconds(1);
    private static final int WAIT_PER_PATIENCE = 120;

    /** @param until the ticker's nanoseconds */
    private record Wait(Duration length, long until, String reason) {}

    private volatile @Nullable Wait wait;

    /** A move was taken back. */
    void rolledBack(long now, String reason) {
        Wait before = wait;
        Duration length = before == null ? FIRST : min(before.length().multipliedBy(2), MOST);
        wait = new Wait(length, now + length.toNanos(), reason);
    }

    void moved() {
        wait = null;
    }

    /** Whether a move was taken back since the last one that was not. */
    boolean isActive() {
        return wait != null;
    }

    /** Why, or null. */
    @Nullable
    String reason() {
        Wait now = wait;
        return now == null ? null : now.reason();
    }

    /** How long no voluntary move begins. */
    Duration left(long now) {
        Wait current = wait;
        return current == null ? Duration.ZERO : Duration.ofNanos(Math.max(0, current.until() - now));
    }

    /** How long the next move may keep consumers stopped. */
    Duration patience(Duration deadline) {
        Wait before = wait;
        Duration share = before == null ? Duration.ZERO : before.length().dividedBy(WAIT_PER_PATIENCE);
        return min(deadline, share.compareTo(LEAST_PATIENCE) > 0 ? share : LEAST_PATIENCE);
    }

    private static Duration min(Duration one, Duration other) {
        return one.compareTo(other) <= 0 ? one : other;
    }
}
