package io.evenkeel.balance;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.time.DueTime;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The application owns the connections: none is retired, there is no budget, and a seat whose planned place can't be
 * reached goes to any that can. Confined to the control thread.
 */
final class ApplicationOwnedSeats implements SeatRules {

    private final PoolState state;
    private final SeatOperations seats;

    ApplicationOwnedSeats(PoolState state, SeatOperations seats) {
        this.state = state;
        this.seats = seats;
    }

    /** Under no budget: a connection that moves counts where it goes to, not at both ends. */
    @Override
    public int missing() {
        return state.seats - state.slots.sum(Slot::effective);
    }

    @Override
    public void trim(int surge, long now) {
        // A seat that is not wanted any more is given back by the application.
    }

    /**
     * The endpoint with the least for its weight, any one of several, so that many clients of a lost endpoint do not
     * all go to the same. The seat moves to its planned place later, as any other surplus.
     */
    @Override
    public @Nullable Slot refuge(Predicate<Slot> usable, long now) {
        Endpoint best = null;
        double least = Double.POSITIVE_INFINITY;
        int ties = 0;
        for (Endpoint endpoint : state.staying.values()) {
            Slot slot = state.slots.get(endpoint.key());
            if (slot == null ? state.isEjected(endpoint.key()) : !usable.test(slot)) {
                continue;
            }
            double load = (slot == null ? 0 : slot.effective()) / endpoint.weight();
            ties = load < least ? 1 : load == least ? ties + 1 : ties;
            if (load < least || (load == least && state.context.random().nextInt(ties) == 0)) {
                best = endpoint;
                least = load;
            }
        }
        if (best == null) {
            return null;
        }
        Slot known = state.slots.get(best.key());
        Slot slot = known != null ? known : seats.add(best, now);
        return usable.test(slot) ? slot : null;
    }

    @Override
    public void drain(Slot leaving, long now) {
        // What leaves is moved as a whole, and nothing else is done to it.
    }

    @Override
    public DueTime nextDrainAt(Slot leaving) {
        return DueTime.at(leaving.retireAgainAt);
    }
}
