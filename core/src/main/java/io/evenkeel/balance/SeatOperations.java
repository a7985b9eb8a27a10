package io.evenkeel.balance;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import io.evenkeel.spi.EndpointConnections.OpenOutcome;
import io.evenkeel.spi.EndpointConnections.RetireReason;
import io.evenkeel.time.Backoff;
import java.time.Duration;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the adapter for seats and moves them, and keeps the books; {@link SeatRetirements} gives them up. Confined to
 * the control thread.
 *
 * <p>Invariant (budget): over all slots, {@code seats + opening} is at most the pool's size, plus the surge while a
 * move is in the air. It holds because a seat is counted before the adapter is asked for it and until the adapter has
 * confirmed that its connection is closed.
 *
 * <p>An open whose outcome is overdue is counted as failed, so that its seat can be filled elsewhere. If it succeeds
 * after all, its seat is counted from that moment, and what the pool then has too many of is retired in the same round.
 */
final class SeatOperations {

    private static final Logger LOG = LoggerFactory.getLogger(SeatOperations.class);
    private static final Backoff RECONNECT = Backoff.reconnect(Duration.ofMillis(100));
    private static final long WITHDRAWN = Duration.ofMillis(20).toNanos();

    private final PoolState state;

    SeatOperations(PoolState state) {
        this.state = state;
    }

    // Joining.

    /** Adds an endpoint that had no seat. */
    Slot add(Endpoint endpoint, long now) {
        Slot slot = state.slots.add(endpoint, now);
        // Before anything can fail there.
        state.health.admit(endpoint.key());
        state.tell(new EvenkeelEvent.EndpointJoined(state.pool, endpoint));
        join(slot);
        return slot;
    }

    /** Makes the endpoint, as it is described now, known to the adapter; if that fails it is tried again later. */
    void join(Slot slot) {
        Throwable thrown = state.adapter.join(slot.endpoint());
        slot.joined = thrown == null;
        slot.everJoined |= slot.joined;
        if (thrown != null) {
            backOff(slot, thrown);
        }
    }

    void joinAgain(long now) {
        for (Slot slot : state.slots.all()) {
            if (!slot.joined && !slot.leaving && slot.retryAt - now <= 0) {
                join(slot);
            }
        }
    }

    // Opening.

    void open(Slot slot, Consumer<OpenOutcome> then) {
        slot.opening = true;
        state.adapter.open(
                slot.key(),
                outcome -> {
                    slot.opening = false;
                    booked(slot, outcome);
                    then.accept(outcome);
                },
                late -> openedLate(slot, late));
    }

    private void booked(Slot slot, OpenOutcome outcome) {
        if (outcome instanceof OpenOutcome.Failed failed) {
            backOff(slot, failed.cause());
        } else if (outcome instanceof OpenOutcome.Refused refused) {
            backOff(slot, refused.cause());
        } else if (outcome instanceof OpenOutcome.Withdrawn) {
            // Never ask in a loop for what is not wanted.
            slot.retryAt = state.now() + WITHDRAWN;
        } else {
            slot.seats++;
            worked(slot);
        }
    }

    private void openedLate(Slot slot, OpenOutcome outcome) {
        if (outcome instanceof OpenOutcome.Opened && state.isPresent(slot)) {
            LOG.debug("Pool {}: a connection to {} opened after its deadline", state.pool, slot.key());
            slot.seats++;
            worked(slot);
        }
    }

    /** The endpoint can be reached: the next failure begins a new series. */
    void worked(Slot slot) {
        slot.failures = 0;
        slot.retryAt = state.now();
    }

    private void backOff(Slot slot, Throwable cause) {
        slot.failures++;
        slot.retryAt = state.now()
                + RECONNECT.after(slot.failures, state.context.random()).toNanos();
        LOG.debug("Pool {}: no connection to {}, attempt {}", state.pool, slot.key(), slot.failures, cause);
    }

    // Moving.

    /**
     * Moves one connection as a whole and keeps the books: it counts at both ends until it is known where it is, so
     * neither is given more than planned meanwhile.
     */
    void move(Slot from, Slot to, RetireReason reason, Duration deadline, Consumer<MoveOutcome> then) {
        to.arriving++;
        from.retiring++;
        state.adapter.move(
                from.key(),
                to.key(),
                reason,
                deadline,
                outcome -> {
                    to.arriving--;
                    from.retiring--;
                    if (outcome instanceof MoveOutcome.Moved) {
                        moved(from, to);
                    } else if (outcome instanceof MoveOutcome.Failed failed) {
                        backOff(to, failed.cause());
                    } else if (outcome instanceof MoveOutcome.Postponed postponed) {
                        state.tell(
                                new EvenkeelEvent.MovePostponed(state.pool, from.key(), to.key(), postponed.reason()));
                    }
                    then.accept(outcome);
                },
                late -> {
                    if (late instanceof MoveOutcome.Moved) {
                        moved(from, to);
                    }
                });
    }

    private void moved(Slot from, Slot to) {
        if (state.isPresent(to)) {
            to.seats++;
            worked(to);
        }
        if (state.isPresent(from)) {
            from.seats--;
        }
    }

    /** The connection of a held seat is lost. Its endpoint is not dialled again at once. */
    void lost(Slot slot) {
        slot.seats--;
        long until = state.now() + RECONNECT.first().toNanos();
        slot.retryAt = slot.retryAt - until > 0 ? slot.retryAt : until;
        slot.failures = Math.max(1, slot.failures);
    }
}
