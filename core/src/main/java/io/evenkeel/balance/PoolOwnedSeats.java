package io.evenkeel.balance;

import io.evenkeel.spi.EndpointConnections.RetireReason;
import io.evenkeel.time.DueTime;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The pool owns its connections: there is a budget, and an idle connection may be closed. Confined to the control
 * thread.
 */
final class PoolOwnedSeats implements SeatRules {

    private final PoolState state;
    private final SeatRetirements retirements;

    PoolOwnedSeats(PoolState state, SeatRetirements retirements) {
        this.state = state;
        this.retirements = retirements;
    }

    @Override
    public int missing() {
        return state.seats - state.slots.occupied();
    }

    @Override
    public void trim(int surge, long now) {
        shrink(surge, now);
        takeBack(surge, now);
        if (state.sourceHealthy) {
            moveHoles(now);
        }
    }

    /**
     * Retires what exceeds the pool's size and won't go anyway because its endpoint leaves, where there is most too
     * much. What is overdue won't go: another seat goes in its place.
     */
    private void shrink(int surge, long now) {
        for (int excess = staying(Slot::effective) - state.seats - surge; excess > 0; excess--) {
            Slot slot = slotWithTooMuch(surge, now);
            if (slot == null) {
                return;
            }
            retirements.retire(slot, RetireReason.RESIZE);
        }
    }

    /** The sum over the endpoints that stay, and what those that leave will keep as far as is to be expected. */
    private int staying(ToIntFunction<Slot> of) {
        boolean budgeted = !state.movesWhole();
        return state.slots.sum(slot -> !slot.leaving ? of.applyAsInt(slot) : budgeted ? slot.overdue : 0);
    }

    /**
     * If all that is too much is overdue, the budget costs an endpoint that has what is planned one of its seats; never
     * because of a dial that may still fail.
     */
    private @Nullable Slot slotWithTooMuch(int surge, long now) {
        if (state.slots.sum(slot -> slot.leaving ? 0 : slot.movable()) > 0) {
            return state.slotToRetireFrom(Slot::movable, now);
        }
        boolean overdue = state.slots.sum(slot -> slot.overdue) > 0;
        boolean beyond = staying(slot -> slot.seats - slot.retiring + slot.overdue) > state.seats + surge;
        return overdue && beyond ? state.slotToRetireFrom(Slot::unmarked, now) : null;
    }

    /** What is marked and need not go after all stays; not while the pool exceeds its size. */
    private void takeBack(int surge, long now) {
        if (staying(Slot::occupied) <= state.seats + surge) {
            for (Slot slot : state.slots.all()) {
                retirements.takeBack(slot, now);
            }
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
        int free = Math.max(0, state.seats - state.slots.occupied())
                + state.slots.sum(slot -> slot.retiring - slot.overdue);
        for (lacking -= free; lacking > 0; lacking--) {
            Slot slot = state.slots.largest(
                    candidate -> Math.min(candidate.movable(), state.holes(candidate)),
                    candidate -> !candidate.leaving && candidate.mayRetire(now));
            if (slot == null) {
                return;
            }
            retirements.retire(slot, RetireReason.REBALANCE);
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
            retirements.retire(leaving, RetireReason.DRAIN);
        }
    }

    @Override
    public DueTime nextDrainAt(Slot leaving) {
        Long first = leaving.drainTimes.peek();
        return first == null ? DueTime.never() : DueTime.at(first);
    }
}
