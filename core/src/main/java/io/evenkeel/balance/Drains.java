package io.evenkeel.balance;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.spi.EndpointConnections.Load;
import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import io.evenkeel.spi.EndpointConnections.RetireReason;
import io.evenkeel.time.DueTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Empties endpoints that leave. Confined to the control thread.
 *
 * <pre>
 *   leaves          idle ones go, each at a random moment        in use: go when returned
 *   |-- no new work ----------------------------------------------------------------------&gt;
 *   |&lt;------------ drainSpread × share that stays ----------&gt;|
 *   |&lt;------------------------------------ drainDeadline ------------------------------&gt;| reported if not done
 * </pre>
 *
 * Where an adapter moves connections as a whole, all of them move at once and each to where most is lacking: the new
 * one is there before the old is left, so nothing has to be spread, and who waits may see the endpoint close the door.
 * Only what has nowhere to go is retired as above.
 *
 * <p>A connection in use is never closed here: after the deadline it is only reported. The larger the part of the pool
 * that leaves, the shorter the spread: seats that may not be used any more are what callers wait for.
 */
final class Drains {

    private static final Logger LOG = LoggerFactory.getLogger(Drains.class);

    /** What a move is given that begins after the deadline. */
    private static final long ALMOST_NOTHING = Duration.ofSeconds(1).toNanos();

    /** Never ask in a loop for what cannot be moved now. */
    private static final long SOONEST = Duration.ofMillis(50).toNanos();

    private final PoolState state;
    private final SeatOperations seats;
    private final Seating seating;

    Drains(PoolState state, SeatOperations seats, Seating seating) {
        this.state = state;
        this.seats = seats;
        this.seating = seating;
    }

    /** Begins to empty each endpoint that is not to stay, and takes back each that returned before it was empty. */
    void follow(Map<EndpointKey, Endpoint> staying, long now) {
        List<Slot> leavers = new ArrayList<>();
        for (Slot slot : state.slots.all()) {
            Endpoint endpoint = staying.get(slot.key());
            if (endpoint == null) {
                if (!slot.leaving) {
                    leavers.add(slot);
                }
                continue;
            }
            describe(slot, endpoint);
            if (slot.leaving) {
                takeBack(slot);
            }
        }
        double stayingShare = stayingShare(leavers);
        for (Slot slot : leavers) {
            begin(slot, (long) (state.config.drainSpread().toNanos() * stayingShare), now);
        }
    }

    private void describe(Slot slot, Endpoint endpoint) {
        if (!slot.endpoint().equals(endpoint)) {
            slot.describe(endpoint);
            seats.join(slot);
        }
    }

    private void takeBack(Slot slot) {
        slot.stay();
        for (int i = 0; i < slot.retiring; i++) {
            state.adapter.keep(slot.key());
        }
    }

    private double stayingShare(List<Slot> leavers) {
        int leaving = 0;
        for (Slot slot : leavers) {
            leaving += slot.seats;
        }
        return Math.max(0, 1 - (double) leaving / Math.max(1, state.seats));
    }

    private void begin(Slot slot, long spread, long now) {
        slot.leave(now);
        int toGo = slot.seats - slot.retiring;
        for (int i = 0; i < toGo; i++) {
            // One in each of as many strata: spread evenly, and the first goes soon.
            double part = (i + state.context.random().nextDouble()) / toGo;
            slot.drainTimes.add(now + (long) (spread * part * part));
        }
        Duration deadline = state.config.drainDeadline();
        LOG.info(
                "Pool {}: {} leaves, {} connections to retire within {}", state.pool, slot.key(), slot.seats, deadline);
        state.metrics.drainStarted(state.pool, slot.key(), slot.seats);
        state.tell(new EvenkeelEvent.DrainStarted(state.pool, slot.key(), slot.seats, deadline));
    }

    void advance(long now) {
        for (Slot slot : state.slots.all()) {
            if (!slot.leaving) {
                continue;
            }
            if (state.movesWhole()) {
                moveOut(slot, now);
            }
            seating.rules().drain(slot, now);
            reportIfLate(slot, now);
        }
    }

    private void reportIfLate(Slot slot, long now) {
        if (!slot.overran && now - deadline(slot) >= 0) {
            overran(slot);
        }
    }

    /** Every seat at once; one that comes to nothing is tried again while the slot leaves. */
    private void moveOut(Slot slot, long now) {
        for (int left = slot.seats - slot.retiring; left > 0 && slot.mayRetire(now); left--) {
            Slot to = destination(now);
            if (to == null) {
                return;
            }
            slot.drainTimes.poll();
            Duration rest = Duration.ofNanos(Math.max(ALMOST_NOTHING, deadline(slot) - now));
            seats.move(slot, to, RetireReason.DRAIN, rest, outcome -> movedOut(slot, to, outcome));
        }
    }

    private @Nullable Slot destination(long now) {
        Slot lacking = state.slots.largest(Slot::deficit, candidate -> state.isWell(candidate, now));
        return lacking != null ? lacking : seating.rules().refuge(candidate -> state.isWell(candidate, now), now);
    }

    private void movedOut(Slot from, Slot to, MoveOutcome outcome) {
        if (outcome instanceof MoveOutcome.Moved) {
            state.movedSeat(from, to);
        } else if (outcome instanceof MoveOutcome.Postponed postponed) {
            from.retireAgainAt =
                    state.now() + Math.max(SOONEST, postponed.retryAfter().toNanos());
        }
    }

    private long deadline(Slot slot) {
        return slot.leavingSince + state.config.drainDeadline().toNanos();
    }

    private void overran(Slot slot) {
        slot.overran = true;
        // What moves as a whole is in use all the time, and on its way while it is moved.
        boolean whole = state.movesWhole();
        int left = whole ? slot.seats : state.adapter.load(slot.key()).inUse();
        LOG.warn(
                "Pool {}: {} still has {} connections in use {} after it began to leave; they stay until {} or"
                        + " it closes them ({}, or lengthen the Pod's grace period and drainDeadline)",
                state.pool,
                slot.key(),
                left,
                state.config.drainDeadline(),
                whole ? "they can be moved" : "they are returned",
                whole ? "see in the status or at DEBUG what keeps them" : "shorten the transactions");
        state.tell(new EvenkeelEvent.DrainOverran(state.pool, slot.key(), left));
    }

    /** Forgets the endpoints that hold nothing any more and are to hold nothing. */
    void removeGone(long now) {
        for (Slot slot : List.copyOf(state.slots.all())) {
            if (isAbandoned(slot)) {
                slot.seats = 0;
            }
            boolean unused = slot.isEmpty() && slot.target == 0 && !state.isEjected(slot.key());
            if (slot.isGone() || unused) {
                state.slots.remove(slot);
                state.ledger.left(slot.key());
                if (slot.everJoined) {
                    state.adapter.leave(slot.key());
                }
                tellGone(slot, now);
            }
        }
    }

    /**
     * Seats of a leaving endpoint that the adapter has not confirmed as retired, while neither it nor the signals show
     * any connection there: the confirmation is lost.
     */
    private boolean isAbandoned(Slot slot) {
        return slot.overran
                && slot.seats > 0
                && slot.retiring == 0
                && state.ledger.open(slot.key()) == 0
                && state.adapter.load(slot.key()).equals(Load.NONE);
    }

    private void tellGone(Slot slot, long now) {
        if (slot.leaving) {
            Duration took = Duration.ofNanos(now - slot.leavingSince);
            LOG.info("Pool {}: {} is drained after {} ms", state.pool, slot.key(), took.toMillis());
            state.tell(new EvenkeelEvent.DrainEnded(state.pool, slot.key(), took));
            state.metrics.drained(state.pool, slot.key(), took, !slot.overran);
        }
        state.tell(new EvenkeelEvent.EndpointLeft(state.pool, slot.key()));
    }

    DueTime nextAt() {
        DueTime next = DueTime.never();
        for (Slot slot : state.slots.all()) {
            if (slot.leaving) {
                next = next.or(seating.rules().nextDrainAt(slot));
                next = slot.overran ? next : next.or(DueTime.at(deadline(slot)));
            }
        }
        return next;
    }
}
