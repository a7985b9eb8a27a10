package io.evenkeel.balance;

import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import io.evenkeel.spi.EndpointConnections.OpenOutcome;
import io.evenkeel.spi.EndpointConnections.RetireOutcome;
import io.evenkeel.spi.EndpointConnections.RetireReason;
import io.evenkeel.time.Backoff;
import io.evenkeel.time.DueTime;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Moves one seat at a time from an endpoint with too many to one with too few, when the pacer says so, and renews
 * connections that are too old. Confined to the control thread.
 *
 * <pre>
 *   surge 0:  RETIRING --retired--&gt; FILLING --some open succeeds--&gt; done
 *                 |                    `--no endpoint can be dialled--&gt; the seat goes back, tried later
 *                 |--kept--&gt; tried later
 *                 `--overdue--&gt; not in the air any more --retired--&gt; FILLING, unless another is in the air
 *   surge 1:  OPENING --opened--&gt; RETIRING --retired or overdue--&gt; done
 *                `--failed--&gt; tried later
 *   whole:    MOVING --moved--&gt; done;  postponed or failed --&gt; tried later
 * </pre>
 *
 * Invariant: at most one of these is in the air, so a fault on the way costs the pool at most one seat. Each phase has
 * a deadline of its own, so none is in the air for ever: a dial's and a whole move's is the verb's, a retirement's and
 * that of a free seat are {@code moveDeadline}. What is overdue is left to {@link SeatRetirements}.
 */
final class Moves {

    private enum Phase {
        OPENING,
        RETIRING,
        FILLING,
        MOVING
    }

    /** A move in the air; {@code to} is null until it is known. */
    private static final class Move {
        final Slot from;
        final RetireReason reason;
        final boolean makeFirst;
        /** Until when a free seat is waited for to be filled. */
        long deadline;

        @Nullable
        Slot to;

        Phase phase;

        Move(Slot from, RetireReason reason, Phase phase) {
            this.from = from;
            this.reason = reason;
            this.phase = phase;
            this.makeFirst = phase == Phase.OPENING;
        }
    }

    private static final long SHORT_WAIT = Duration.ofSeconds(1).toNanos();
    /** A dial that failed so often in a row is not worth keeping a seat free for. */
    private static final int HOPELESS = 3;

    private final PoolState state;
    private final SeatOperations seats;
    private final SeatRetirements retirements;
    private final Backoff renewAgain;
    private final MovePacer pacer;
    private @Nullable Move inAir;

    Moves(PoolState state, SeatOperations seats, SeatRetirements retirements) {
        this.state = state;
        this.seats = seats;
        this.retirements = retirements;
        Duration first = state.config.moveDeadline();
        Duration age = state.config.maxConnectionAge();
        this.renewAgain = Backoff.exponential(first, age.compareTo(first) > 0 ? age : first);
        this.pacer = new MovePacer(state.config.moveWindow(), state.context.random());
    }

    /** How many connections above the pool's size there may be at this moment. */
    int surgeInAir() {
        return inAir != null && inAir.makeFirst ? 1 : 0;
    }

    int pending() {
        return pacer.expected() + (inAir == null ? 0 : 1);
    }

    void advance(long now) {
        // The one in the air is not among them: the books show its seat as retiring, free or opening already.
        pacer.expect(state.slots.movesNeeded(state.seats), now);
        if (inAir != null && inAir.phase == Phase.FILLING) {
            watchFilling(inAir, now);
        }
        if (inAir == null && hasRoom() && state.sourceHealthy) {
            beginMove(now);
        }
        if (inAir == null && hasRoom()) {
            beginRenewal(now);
        }
    }

    /**
     * With a surge the new connection comes first, which the budget allows only while nothing exceeds it already. What
     * exceeds it goes within a move's deadline: an overdue retirement has another seat retired in its place.
     */
    private boolean hasRoom() {
        return state.config.surge() == 0 || state.movesWhole() || state.slots.occupied() <= state.seats;
    }

    private void beginMove(long now) {
        if (!pacer.nextAt(state.seats, now).isDue(now)) {
            return;
        }
        Slot from = state.slotToRetireFrom(Slot::movable, now);
        Slot to = state.slots.largest(Slot::deficit, slot -> state.mayDial(slot, now));
        if (from != null && to != null) {
            pacer.begin(state.seats, now);
            begin(from, to, RetireReason.REBALANCE);
        }
    }

    private void beginRenewal(long now) {
        for (Slot slot : state.slots.all()) {
            boolean due = state.ledger.firstAt(slot.key()).isDue(now);
            if (!due || slot.leaving || !slot.mayRetire(now) || slot.unmarked() == 0) {
                continue;
            }
            // Before anything else: however this ends, it is not due again at once.
            state.ledger.renewalBegan(
                    slot.key(),
                    now + renewAgain.nominal(slot.renewalsInVain + 1).toNanos());
            Slot to = state.slots.largest(
                    candidate -> candidate.deficit() + (candidate == slot ? 1 : 0),
                    candidate -> state.mayDial(candidate, now));
            // Else put off: an old connection that works is better than none.
            if (to != null && !state.isEjected(slot.key())) {
                begin(slot, to, RetireReason.AGE);
                return;
            }
        }
    }

    private void begin(Slot from, Slot to, RetireReason reason) {
        boolean whole = state.movesWhole();
        Phase phase = whole ? Phase.MOVING : state.config.surge() == 1 ? Phase.OPENING : Phase.RETIRING;
        Move move = new Move(from, reason, phase);
        inAir = move;
        switch (phase) {
            case MOVING -> moveWhole(move, to);
            case OPENING -> openFirst(move, to);
            default -> retire(move);
        }
    }

    private void retire(Move move) {
        move.phase = Phase.RETIRING;
        retirements.retire(move.from, move.reason, () -> overdue(move), outcome -> retired(move, outcome));
    }

    private void retired(Move move, RetireOutcome outcome) {
        boolean gone = outcome instanceof RetireOutcome.Retired;
        if (move.reason == RetireReason.AGE) {
            move.from.renewalsInVain = gone ? 0 : move.from.renewalsInVain + 1;
        }
        if (inAir == move) {
            landed(move, gone);
        } else if (gone && !move.makeFirst && inAir == null) {
            fill(move);
        }
    }

    private void landed(Move move, boolean gone) {
        if (!gone) {
            if (!move.makeFirst) {
                cameToNothing(move);
            }
            later(move, state.now() + SHORT_WAIT);
        } else if (move.makeFirst) {
            arrived(move);
        } else {
            fill(move);
        }
    }

    private void fill(Move move) {
        inAir = move;
        move.phase = Phase.FILLING;
        move.deadline = state.now() + state.config.moveDeadline().toNanos();
    }

    /** Its caller may never return the connection: what is retired in its place is for {@link SeatRetirements}. */
    private void overdue(Move move) {
        if (move.reason == RetireReason.AGE) {
            // It is closed when it is returned; a younger one is not to be renewed for it.
            state.ledger.renewed(move.from.key(), state.now());
        }
        if (inAir == move && move.makeFirst) {
            arrived(move);
        } else {
            later(move, state.now() + SHORT_WAIT);
        }
    }

    private void openFirst(Move move, Slot to) {
        move.to = to;
        seats.open(to, outcome -> {
            if (!(outcome instanceof OpenOutcome.Opened)) {
                cameToNothing(move);
                later(move, to.retryAt);
            } else if (state.isPresent(move.from) && move.from.unmarked() > 0) {
                retire(move);
            } else {
                // It left or shrank meanwhile; if there is one too many now, shrinking sees to it.
                inAir = null;
            }
        });
    }

    private void moveWhole(Move move, Slot to) {
        move.to = to;
        seats.move(move.from, to, move.reason, state.config.moveDeadline(), outcome -> {
            if (outcome instanceof MoveOutcome.Moved) {
                arrived(move);
            } else if (outcome instanceof MoveOutcome.Postponed postponed) {
                later(move, state.now() + postponed.retryAfter().toNanos());
            } else {
                state.metrics.moveRolledBack(state.pool, move.from.key(), to.key());
                later(move, to.retryAt);
            }
        });
    }

    /** Some seat was filled: the first one after a retirement is where the move went. */
    void filled(Slot to) {
        if (inAir != null && inAir.phase == Phase.FILLING) {
            inAir.to = to;
            arrived(inAir);
        }
    }

    private void arrived(Move move) {
        if (inAir == move) {
            inAir = null;
        }
        if (move.phase == Phase.MOVING && move.reason == RetireReason.AGE) {
            state.ledger.renewed(move.from.key(), state.now());
        }
        Slot to = move.to;
        if (to != null && to != move.from) {
            state.movedSeat(move.from, to);
        }
    }

    private void cameToNothing(Move move) {
        if (move.reason == RetireReason.REBALANCE) {
            pacer.cameToNothing();
        }
    }

    private void later(Move move, long until) {
        if (inAir == move) {
            inAir = null;
        }
        // A renewal is due again by itself.
        if (move.reason != RetireReason.AGE) {
            pacer.postpone(Math.max(until - state.now(), SHORT_WAIT) + state.now());
        }
    }

    private void watchFilling(Move move, long now) {
        if (now - move.deadline >= 0) {
            // The seat stays free and is filled as any other; other moves need not wait for it.
            inAir = null;
            return;
        }
        if (state.slots.sum(slot -> slot.opening ? 1 : 0) > 0) {
            return;
        }
        if (state.slots.occupied() >= state.seats) {
            // A resize or another seat's fate took the free place.
            inAir = null;
            return;
        }
        Slot hopeful = state.slots.largest(
                Slot::deficit, slot -> !slot.leaving && !state.isEjected(slot.key()) && slot.failures < HOPELESS);
        if (hopeful == null && state.isPresent(move.from) && move.from.target > 0 && state.mayDial(move.from, now)) {
            inAir = null;
            pacer.postpone(now + Math.max(SHORT_WAIT, state.config.moveWindow().toNanos()));
            seats.open(move.from, outcome -> {});
        }
    }

    DueTime nextAt(long now) {
        if (inAir != null) {
            return inAir.phase == Phase.FILLING ? DueTime.at(inAir.deadline) : DueTime.never();
        }
        DueTime next = state.sourceHealthy ? pacer.nextAt(state.seats, now) : DueTime.never();
        for (Slot slot : state.slots.all()) {
            next = slot.leaving ? next : next.or(state.ledger.firstAt(slot.key()));
        }
        return next;
    }
}
