package io.evenkeel.balance;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import java.util.PriorityQueue;
import java.util.Queue;

/**
 * What the rebalancer counts for one endpoint. Confined to the control thread.
 *
 * <p>A seat is counted from the moment it is asked for until its retirement is confirmed: {@code seats + opening} never
 * understates what the endpoint may hold, which is what keeps the pool within its size.
 */
final class Slot {

    private Endpoint endpoint;
    int target;
    /** Seats that the adapter confirmed, including those that are being retired. */
    int seats;
    /** Whether a dial is in flight; at most one per endpoint. */
    boolean opening;
    /** Whole moves on their way here. */
    int arriving;
    /** Retirements asked for and not confirmed, and whole moves on their way from here. */
    int retiring;
    /** Those of them that take longer than a move may: they count as seats that stay, see {@link SeatRetirements}. */
    int overdue;
    /** Whether the adapter knows the endpoint as it is described now, and whether it ever knew it. */
    boolean joined;

    boolean everJoined;
    /** Failed opens in a row, and when the next may be tried. */
    int failures;

    long retryAt;
    /** When a retirement may be asked for again after one came to nothing. */
    long retireAgainAt;
    /** How often in a row that was so. */
    int keptInARow;
    /** How many renewals in a row found nothing to renew. */
    int renewalsInVain;
    /** When the adapter may be asked again to take back retirements that are not needed any more. */
    long keepAgainAt;

    boolean leaving;
    long leavingSince;
    boolean overran;
    /** When the idle connections of a leaving endpoint are retired, one each, soonest first. */
    final Queue<Long> drainTimes = new PriorityQueue<>((a, b) -> Long.signum(a - b));

    Slot(Endpoint endpoint, long now) {
        this.endpoint = endpoint;
        this.retryAt = now;
        this.retireAgainAt = now;
        this.keepAgainAt = now;
    }

    EndpointKey key() {
        return endpoint.key();
    }

    Endpoint endpoint() {
        return endpoint;
    }

    void describe(Endpoint newer) {
        endpoint = newer;
    }

    /** Seats counted against the pool's size. */
    int occupied() {
        return seats + arriving + (opening ? 1 : 0);
    }

    /** Seats that it will have when all that was asked for is done, as far as that is to be expected. */
    int effective() {
        return occupied() - retiring + overdue;
    }

    /** How many it lacks. */
    int deficit() {
        return leaving ? 0 : Math.max(0, target - effective());
    }

    /** How many it has too many of, not counting a dial that may still fail. */
    int surplus() {
        return Math.max(0, seats - retiring + overdue - (leaving ? 0 : target));
    }

    /** Seats whose connection is not to be closed on its return already. */
    int unmarked() {
        return Math.max(0, seats - retiring);
    }

    /** How many of those that it has too many of can still be asked to go. */
    int movable() {
        return Math.min(surplus(), unmarked());
    }

    boolean mayRetire(long now) {
        return retireAgainAt - now <= 0;
    }

    boolean isEmpty() {
        return seats == 0 && !opening && arriving == 0 && retiring == 0;
    }

    void leave(long now) {
        leaving = true;
        leavingSince = now;
        overran = false;
        target = 0;
    }

    void stay() {
        leaving = false;
        overran = false;
        drainTimes.clear();
    }

    boolean isGone() {
        return leaving && isEmpty();
    }
}
