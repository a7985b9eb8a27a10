package io.evenkeel.balance;

import io.evenkeel.time.DueTime;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What differs between pools that own their connections and pools whose connections the application owns. Confined to
 * the control thread.
 */
interface SeatRules {

    /** How many seats are to be opened now. */
    int missing();

    /**
     * Retires what the pool has too many of.
     *
     * @param surge how many connections above the pool's size there may be now
     */
    void trim(int surge, long now);

    /** Where a seat goes if the plan has no usable place for it, or null for nowhere. */
    @Nullable
    Slot refuge(Predicate<Slot> usable, long now);

    /** Retires what is due to go at an endpoint that leaves. */
    void drain(Slot leaving, long now);

    /** When {@link #drain} has something to do next. */
    DueTime nextDrainAt(Slot leaving);
}
