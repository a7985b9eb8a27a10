package io.evenkeel.balance;

import io.evenkeel.spi.EndpointConnections.RetireReason;
import io.evenkeel.time.DueTime;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The pool owns its connections: there is a budget, and an idle connection may be closed. Confined to the control
 * thread.
 */
final class PoolOwnedSeats implements SeatRules {

    private final PoolState state;
    private final SeatOperations seats;

    PoolOwnedSeats(PoolState state, SeatOperations seats) {
        this.state = state;
        this.seats = seats;
    }

    @Override
    public int missing() {
        return state.seats - state.slots.occupied();
    }

    @Override
    public void trim(int surge, long now) {
        shrink(surge, now);
        if (state.sourceHealthy) {
            moveHoles(now);
        }
    }

    /**
     * Retires what exceeds the pool's size and won't go anyway because its endpoint leaves, where there is most too
     * much.
     */
    private void shrink(int surge, long now) {
        int excess = state.slots.sum(slot -> slot.leaving ? 0 : slot.effective()) - state.seats - surge;
        for (; excess > 0; excess--) {
            Slot slot = state.slots.largest(Slot::surplus, candidate -> !candidate.leaving && candidate.mayRetire(now));
            if (slot == null) {
                return;
            }
            seats.retire(slot, RetireReason.RESIZE, outcome -> {});
        }
    }

    /** Seats without a connection go where they are planned at once: no connection moves, so nothing need be paced. */
    private void moveHoles(long now) {
        int lacking = 0;
        for (Slot slot : state.slots.all()) {
            if (!slot.leaving && !state.isEjected(slot.key())) {
                lacking += slot.deficit();
            }
        }
        int free = Math.max(0, state.seats - state.slots.occupied()) + state.slots.sum(slot -> slot.retiring);
        for (lacking -= free; lacking > 0; lacking--) {
            Slot slot = state.slots.largest(
                    candidate -> Math.min(candidate.surplus(), state.holes(candidate)),
                    candidate -> !candidate.leaving && candidate.mayRetire(now));
            if (slot == null) {
                return;
            }
            seats.retire(slot, RetireReason.REBALANCE, outcome -> {});
        }
    }

    @Override
    public @Nullable Slot refuge(Predicate<Slot> usable, long now) {
        return null;
    }

    @Override
    public void drain(Slot leaving, long now) {
        // Also those that were opened, or taken back, only after it began to leave.
        while (leaving.seats - leaving.retiring > leaving.drainTimes.size()) {
            leaving.drainTimes.add(leaving.mayRetire(now) ? now : leaving.retireAgainAt);
        }
        for (Long due = leaving.drainTimes.peek(); due != null && due - now <= 0; due = leaving.drainTimes.peek()) {
            leaving.drainTimes.poll();
            seats.retire(leaving, RetireReason.DRAIN, outcome -> {});
        }
    }

    @Override
    public DueTime nextDrainAt(Slot leaving) {
        Long first = leaving.drainTimes.peek();
        return first == null ? DueTime.never() : DueTime.at(first);
    }
}
