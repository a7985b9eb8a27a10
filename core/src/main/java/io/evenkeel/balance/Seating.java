package io.evenkeel.balance;

import io.evenkeel.spi.EndpointConnections.OpenOutcome;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Which rules hold for a pool's seats, and where those that are free are opened. Confined to the control thread. */
final class Seating {

    private final PoolState state;
    private final SeatOperations seats;
    private final SeatRules poolOwned;
    private final SeatRules applicationOwned;

    Seating(PoolState state, SeatOperations seats, SeatRetirements retirements) {
        this.state = state;
        this.seats = seats;
        this.poolOwned = new PoolOwnedSeats(state, retirements);
        this.applicationOwned = new ApplicationOwnedSeats(state, seats);
    }

    /** What holds for the connections of this pool, by who owns them. */
    SeatRules rules() {
        return state.policy.isPoolOwned() ? poolOwned : applicationOwned;
    }

    /** Gives the free seats to the endpoints that lack most, at most one dial at each at a time. */
    void fill(Consumer<Slot> filled, long now) {
        while (rules().missing() > 0) {
            Slot slot = placeFor(now);
            if (slot == null) {
                return;
            }
            seats.open(slot, outcome -> {
                if (outcome instanceof OpenOutcome.Opened) {
                    filled.accept(slot);
                }
            });
        }
    }

    private @Nullable Slot placeFor(long now) {
        Slot planned = state.slots.largest(Slot::deficit, candidate -> state.mayDial(candidate, now));
        if (planned != null || rules().missing() <= lackingWhereWell(now)) {
            return planned;
        }
        return rules().refuge(candidate -> state.mayDial(candidate, now), now);
    }

    private int lackingWhereWell(long now) {
        return state.slots.sum(slot -> state.isWell(slot, now) ? slot.deficit() : 0);
    }
}
