package io.evenkeel.balance;

import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.spi.EndpointConnections.RetireOutcome;
import io.evenkeel.spi.EndpointConnections.RetireReason;
import io.evenkeel.time.Backoff;
import io.evenkeel.time.DueTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Asks the adapter to retire seats, and keeps the books of it. Confined to the control thread.
 *
 * <pre>
 *   ASKED --retired--&gt; the seat is free
 *     |  `--kept-----&gt; the seat is as it was; its endpoint is asked again with a back-off
 *     `--moveDeadline--&gt; OVERDUE --retired or kept, however late--&gt; as above
 * </pre>
 *
 * <p>A connection in use is marked and closed when its caller returns it, which may be never. So a retirement that
 * takes longer than a move may is <em>overdue</em>: it stays marked, but counts as a seat that stays, and what must go
 * goes elsewhere.
 *
 * <p>Invariant (progress): {@code 0 <= slot.overdue <= slot.retiring}, and every decision counts an overdue retirement
 * as a seat that is there and stays there: {@link Slot#effective} (what an endpoint lacks, what exceeds the pool's
 * size) and {@link Slot#surplus}; what may be asked to go is {@link Slot#movable}, which leaves it out. So each caller
 * that never returns its connection costs its pool that one seat, and one move's deadline once; no later move waits for
 * it, and no later retirement asks for the same connection again.
 *
 * <p>Where connections move as a whole nothing is counted as overdue: no move waits for room there, and a connection
 * that goes is left out of new work, so marking another in its place would leave its endpoint without any.
 */
final class SeatRetirements {

    private static final Backoff AGAIN = Backoff.exponential(Duration.ofSeconds(1), Duration.ofSeconds(10));
    private static final long KEEP_AGAIN = Duration.ofSeconds(1).toNanos();

    private static final class Retirement {
        final Slot slot;
        final RetireReason reason;
        final DueTime overdueAt;
        final Runnable onOverdue;
        boolean overdue;

        Retirement(Slot slot, RetireReason reason, DueTime overdueAt, Runnable onOverdue) {
            this.slot = slot;
            this.reason = reason;
            this.overdueAt = overdueAt;
            this.onOverdue = onOverdue;
        }
    }

    private final PoolState state;
    private final Set<Retirement> pending = new LinkedHashSet<>();

    SeatRetirements(PoolState state) {
        this.state = state;
    }

    void retire(Slot slot, RetireReason reason) {
        retire(slot, reason, () -> {}, outcome -> {});
    }

    /** @param onOverdue runs when it becomes overdue, at most once and before {@code then} */
    void retire(Slot slot, RetireReason reason, Runnable onOverdue, Consumer<RetireOutcome> then) {
        Duration patience = state.config.moveDeadline();
        DueTime overdueAt = state.movesWhole() ? DueTime.never() : DueTime.at(state.now() + patience.toNanos());
        Retirement retirement = new Retirement(slot, reason, overdueAt, onOverdue);
        pending.add(retirement);
        slot.retiring++;
        boolean leaves = reason == RetireReason.DRAIN || reason == RetireReason.RESIZE;
        state.adapter.retire(
                slot.key(),
                reason,
                leaves ? state.config.drainDeadline() : patience,
                () -> slot.retiring,
                outcome -> {
                    ended(retirement);
                    booked(slot, reason, outcome);
                    then.accept(outcome);
                },
                late -> {
                    if (late instanceof RetireOutcome.Retired && state.isPresent(slot)) {
                        retired(slot, reason);
                    }
                });
    }

    private void ended(Retirement retirement) {
        pending.remove(retirement);
        retirement.slot.retiring--;
        retirement.slot.overdue -= retirement.overdue ? 1 : 0;
    }

    private void booked(Slot slot, RetireReason reason, RetireOutcome outcome) {
        if (outcome instanceof RetireOutcome.Retired) {
            slot.keptInARow = 0;
            retired(slot, reason);
        } else if (slot.mayRetire(state.now())) {
            // Never ask in a loop for what is not there. Several that are taken back together are one failure.
            slot.keptInARow++;
            slot.retireAgainAt = state.now() + AGAIN.nominal(slot.keptInARow).toNanos();
        }
    }

    private void retired(Slot slot, RetireReason reason) {
        slot.seats--;
        state.tell(
                reason == RetireReason.AGE
                        ? new EvenkeelEvent.ConnectionExpired(state.pool, slot.key())
                        : new EvenkeelEvent.ConnectionRetired(
                                state.pool, slot.key(), reason.name().toLowerCase(Locale.ROOT)));
    }

    /** Counts as overdue what takes longer than a move may. */
    void expire(long now) {
        List<Retirement> due = new ArrayList<>();
        for (Retirement retirement : pending) {
            if (!retirement.overdue && retirement.overdueAt.isDue(now)) {
                due.add(retirement);
            }
        }
        for (Retirement retirement : due) {
            retirement.overdue = true;
            retirement.slot.overdue++;
            retirement.onOverdue.run();
        }
    }

    /**
     * The endpoint has no more than is planned, so nothing there need be closed on its return, except for its age.
     * Asked again until it is answered: an adapter takes back any one of its marks, and may miss one that is on its
     * way.
     */
    void takeBack(Slot slot, long now) {
        int marks = unneeded(slot);
        if (marks > 0 && slot.keepAgainAt - now <= 0) {
            slot.keepAgainAt = now + KEEP_AGAIN;
            for (int i = 0; i < marks; i++) {
                state.adapter.keep(slot.key());
            }
        }
    }

    private int unneeded(Slot slot) {
        int marks = 0;
        for (Retirement retirement : pending) {
            marks += retirement.slot == slot && retirement.reason != RetireReason.AGE ? 1 : 0;
        }
        return slot.leaving || slot.seats > slot.target ? 0 : marks;
    }

    /** When time alone changes something. */
    DueTime nextAt(long now) {
        DueTime next = DueTime.never();
        for (Retirement retirement : pending) {
            if (!retirement.overdue) {
                next = next.or(retirement.overdueAt);
            }
            if (unneeded(retirement.slot) > 0) {
                next = next.or(DueTime.at(retirement.slot.keepAgainAt).ifAfter(now));
            }
        }
        return next;
    }
}
