package io.evenkeel.balance;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import java.util.Collection;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The slots of all endpoints that have, or are to have, a seat; in order of their keys. Confined to the control thread.
 */
final class SlotTable {

    private final TreeMap<EndpointKey, Slot> slots = new TreeMap<>();

    @Nullable
    Slot get(EndpointKey key) {
        return slots.get(key);
    }

    Collection<Slot> all() {
        return slots.values();
    }

    Slot add(Endpoint endpoint, long now) {
        Slot slot = new Slot(endpoint, now);
        slots.put(endpoint.key(), slot);
        return slot;
    }

    void remove(Slot slot) {
        slots.remove(slot.key());
    }

    int sum(ToIntFunction<Slot> of) {
        int sum = 0;
        for (Slot slot : slots.values()) {
            sum += of.applyAsInt(slot);
        }
        return sum;
    }

    /** Seats counted against the pool's size. */
    int occupied() {
        return sum(Slot::occupied);
    }

    /** The slot with the largest value above 0 among those that pass; the first in order of keys of several. */
    @Nullable
    Slot largest(ToIntFunction<Slot> of, Predicate<Slot> among) {
        Slot best = null;
        int most = 0;
        for (Slot slot : slots.values()) {
            int value = of.applyAsInt(slot);
            if (value > most && among.test(slot)) {
                best = slot;
                most = value;
            }
        }
        return best;
    }

    /**
     * How many seats must leave an endpoint that stays, so that the plan is met: what is lacking somewhere and will not
     * be filled by seats that are free, or become free because their endpoints leave or the pool shrinks. Never more
     * than can be asked to go.
     */
    int movesNeeded(int seats) {
        int staying = sum(slot -> slot.leaving ? 0 : slot.effective());
        int lacking = sum(Slot::deficit);
        int movable = sum(slot -> slot.leaving ? 0 : slot.movable());
        return Math.min(movable, Math.max(0, lacking - Math.max(0, seats - staying)));
    }
}
