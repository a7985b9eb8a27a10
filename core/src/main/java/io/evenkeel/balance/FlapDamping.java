package io.evenkeel.balance;

import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;

/**
 * Holds down endpoints that come and go. Confined to the control thread.
 *
 * <p>An endpoint that leaves before it has been there for {@link #STABLE} has flapped. The first time it may come back
 * at once; from the second time on it is left out for the hold-down when it comes back, which doubles with each further
 * flap up to its maximum, and is forgotten once it has been away or stayed for {@link #FORGET}. A Pod that was replaced
 * after a long life under the same name, as a StatefulSet does, has not flapped and is never held.
 */
final class FlapDamping {

    static final Duration STABLE = Duration.ofMinutes(2);
    /** A Pod that restarts once soon after it came is to carry work as soon as it is back. */
    static final int FREE = 1;

    static final Duration FORGET = Duration.ofMinutes(20);

    private final long holdNanos;
    private final long maxNanos;
    private final Map<String, History> histories = new HashMap<>();

    FlapDamping(Duration hold, Duration max) {
        this.holdNanos = hold.toNanos();
        this.maxNanos = max.toNanos();
    }

    void arrived(String identity, long now) {
        History history = histories.computeIfAbsent(identity, key -> new History());
        history.since = now;
        history.present = true;
        history.heldUntil = now + hold(history.flaps);
    }

    private long hold(int flaps) {
        if (flaps <= FREE || holdNanos == 0) {
            return 0;
        }
        int doublings = Math.min(flaps - FREE - 1, 30);
        return holdNanos > maxNanos >> doublings ? maxNanos : holdNanos << doublings;
    }

    void left(String identity, long now) {
        History history = histories.get(identity);
        if (history != null && history.present) {
            // Time spent held down is not time spent serving: an endpoint that leaves within it has flapped again.
            if (now - history.since < STABLE.toNanos() + Math.max(0, history.heldUntil - history.since)) {
                history.flaps++;
            } else {
                history.flaps = 0;
            }
            history.since = now;
            history.present = false;
        }
        forget(now);
    }

    boolean isHeld(String identity, long now) {
        History history = histories.get(identity);
        return history != null && history.present && history.heldUntil - now > 0;
    }

    /** When it may be used; meaningless unless held. */
    long heldUntil(String identity) {
        History history = histories.get(identity);
        return history == null ? 0 : history.heldUntil;
    }

    private void forget(long now) {
        for (Iterator<History> i = histories.values().iterator(); i.hasNext(); ) {
            History history = i.next();
            if (!history.present && now - history.since > FORGET.toNanos()) {
                i.remove();
            }
        }
    }

    private static final class History {
        int flaps;
        boolean present;
        long since;
        long heldUntil;
    }
}
