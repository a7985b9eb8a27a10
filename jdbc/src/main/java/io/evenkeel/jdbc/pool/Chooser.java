package io.evenkeel.jdbc.pool;

import io.evenkeel.jdbc.pool.Slots.Hints;
import io.evenkeel.jdbc.pool.Slots.PaddedHints;
import io.evenkeel.jdbc.pool.Slots.Slot;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * Chooses a free seat. Each thread takes the Pods in turn, so that work is even at any rate; where the Pod whose turn
 * it is is clearly busier than another, drawn at random, that one serves (the power of two choices, Mitzenmacher
 * 2001).
 *
 * <p>At each Pod a thread goes back to the seat it had there last: two processors that take turns on one seat pay for
 * its cache line each time. For the same reason how busy Pods are is looked at only now and then while acquires follow
 * each other quickly, see {@link Hints#looked}; and a thread that makes more than {@value #MOST_GRANTED} of them within
 * a tick goes to each Pod {@value Hints#STAY} times in a row, since over many Pods such threads share all seats.
 *
 * <p>Where the Pod whose turn it is had no seat, or was too busy, the seat of another that was found instead is that
 * turn's for the rest of the tick, see {@link Hints#detour}. Where callers that wait for a processor hold most seats,
 * each acquire would search for one otherwise.
 */
final class Chooser {
    static final int MOST_GRANTED = 128;

    /**
     * From this difference in connections in use on, the less busy of two Pods serves out of turn. A difference of
     * one is what any other caller makes, who may only wait for a processor: to yield to it costs evenness and gains
     * nothing.
     */
    private static final int UNEVEN = 2;

    private final CoarseClock clock;
    private volatile boolean packed;

    Chooser(CoarseClock clock) {
        this.clock = clock;
    }

    /** Whether seats at the front are preferred, so that those that are needed only now and then become idle. */
    void pack(boolean on) {
        packed = on;
    }

    /** The slot's hints for this routing. */
    @SuppressWarnings("ReferenceEquality") // hints are of one routing object
    static Hints hints(Slot slot, Routing routing) {
        Hints hints = slot.hints;
        if (hints == null || hints.routing != routing) {
            int turns = routing.turns().length;
            hints = new PaddedHints(routing, turns == 0 ? 0 : slot.nextInt(turns));
            slot.hints = hints;
        }
        return hints;
    }

    /** Whether the hints may be followed without a look at how busy the Pods are. */
    boolean mayFollow(Hints hints) {
        return hints.mayFollow(clock.now());
    }

    /**
     * A seat taken for the caller, or null if none is free.
     *
     * @param avoided Pods to go to only if no other has a free seat
     */
    @Nullable
    Seat take(Slot slot, Hints hints, int turn, Collection<Pod> avoided) {
        Pod[] turns = hints.routing.turns();
        if (turns.length == 0) {
            return null;
        }
        int one = turn;
        int two = turns.length == 1 ? 0 : (turn + 1 + slot.nextInt(turns.length - 1)) % turns.length;
        int busier = turns[one] == turns[two] ? 0 : turns[one].busierBy(turns[two]);
        hints.looked(clock.now());
        if (busier >= UNEVEN) {
            one = two;
            two = turn;
        }
        Seat seat = avoided.isEmpty() ? take(slot, hints, one) : null;
        if (seat == null && avoided.isEmpty() && one != two) {
            seat = take(slot, hints, two);
        }
        if (seat == null) {
            seat = takeAny(slot, hints, turn, avoided);
        }
        if (seat != null && seat.pod != turns[turn] && avoided.isEmpty()) {
            hints.detour(turn, seat);
        }
        return seat;
    }

    private @Nullable Seat takeAny(Slot slot, Hints hints, int turn, Collection<Pod> avoided) {
        Pod[] turns = hints.routing.turns();
        for (int i = 0; i < turns.length; i++) {
            int at = (turn + i) % turns.length;
            Seat seat = avoided.contains(turns[at]) ? null : take(slot, hints, at);
            if (seat != null) {
                return seat;
            }
        }
        for (int i = 0; i < turns.length && !avoided.isEmpty(); i++) {
            Seat seat = take(slot, hints, i);
            if (seat != null) {
                return seat;
            }
        }
        return null;
    }

    private @Nullable Seat take(Slot slot, Hints hints, int turn) {
        Pod pod = hints.routing.turns()[turn];
        Seat hinted = hints.seats[turn];
        if (hinted != null && hinted.pod == pod && hinted.take()) {
            return hinted;
        }
        Seat[] seats = pod.seats();
        Seat free = takeAny(seats, packed || seats.length < 2 ? 0 : slot.nextInt(seats.length));
        if (free != null) {
            hints.seats[turn] = free;
        }
        return free;
    }

    static @Nullable Seat takeAny(Seat[] seats, int from) {
        for (int i = 0, at = from; i < seats.length; i++) {
            if (seats[at].take()) {
                return seats[at];
            }
            at = at + 1 == seats.length ? 0 : at + 1;
        }
        return null;
    }
}
