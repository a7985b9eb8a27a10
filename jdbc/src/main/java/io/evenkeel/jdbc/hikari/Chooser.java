package io.evenkeel.jdbc.hikari;

import io.evenkeel.jdbc.hikari.Slots.Slot;
import io.evenkeel.time.Ticker;
import org.jspecify.annotations.Nullable;

/**
 * Chooses a free seat: two routable seats are drawn at random, so each Pod by its number of seats, and the Pod with the
 * smaller part of its seats in use wins (the power of two choices; Mitzenmacher 2001).
 *
 * <p>Reading how busy a Pod is means reading words that other processors write, which costs more than everything else
 * in an acquire. So a thread keeps its choice for a few acquires, but only where they follow each other so quickly
 * that no Pod can tell: at most {@value #STICKY}, and none at all where a connection was out for longer than about
 * {@value #QUICK_NANOS} ns. See docs/adr/0004-acquire-path.md.
 */
final class Chooser {
    static final int STICKY = 32;
    static final long QUICK_NANOS = 2_000;

    private final Ticker ticker;

    Chooser(Ticker ticker) {
        this.ticker = ticker;
    }

    /** A seat taken for the caller, or null if none of {@code routing}'s is free. */
    @Nullable
    Seat take(Routing routing, Slot slot) {
        Seat[] all = routing.seats();
        if (all.length == 0) {
            return null;
        }
        grant(slot, routing.lanes().length);
        Seat seat = takeOfTwo(all, slot);
        if (seat == null) {
            seat = takeAny(all, slot.nextInt(all.length));
        }
        slot.seat = seat;
        return seat;
    }

    /** How many acquires this choice is good for: doubled while they are quick, one as soon as they are not. */
    private void grant(Slot slot, int lanes) {
        long now = ticker.nanos();
        int granted = slot.granted;
        boolean quick = now - slot.chosenAt < granted * QUICK_NANOS;
        slot.chosenAt = now;
        slot.granted = quick ? Math.min(STICKY, granted << 1) : 1;
        slot.left = lanes == 1 ? Integer.MAX_VALUE : slot.granted - 1;
    }

    private static @Nullable Seat takeOfTwo(Seat[] all, Slot slot) {
        Seat one = all[slot.nextInt(all.length)];
        Seat other = all[slot.nextInt(all.length)];
        if (one.lane != other.lane && other.lane.isLessBusyThan(one.lane)) {
            Seat swap = one;
            one = other;
            other = swap;
        }
        if (one.take()) {
            return one;
        }
        Seat seat = takeAny(one.lane.seats(), 0);
        return seat != null || !other.take() ? seat : other;
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
