package io.evenkeel.balance;

import io.evenkeel.balance.EndpointConnections.OpenOutcome;
import io.evenkeel.balance.EndpointConnections.RetireOutcome;
import io.evenkeel.balance.EndpointConnections.RetireReason;
import io.evenkeel.event.EvenkeelEvent;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the adapter for seats and gives them up, and keeps the books. Confined to the control thread; outcomes come back to
 * it through {@code post}.
 *
 * <p>Invariant (budget): over all slots, {@code seats + opening} is at most the pool's size, plus the surge while a move is
 * in the air. It holds because a seat is counted before the adapter hears of it and until the adapter has confirmed that
 * its connection is closed.
 */
final class Seating {

    private static final Logger LOG = LoggerFactory.getLogger(Seating.class);
    private static final long FIRST_BACKOFF = Duration.ofMillis(100).toNanos();
    private static final long MAX_BACKOFF = Duration.ofSeconds(10).toNanos();
    private static final long NOTHING_TO_RETIRE = Duration.ofSeconds(1).toNanos();

    private final PoolState state;
    private final Consumer<Runnable> post;

    Seating(PoolState state, Consumer<Runnable> post) {
        this.state = state;
        this.post = post;
    }

    /** Gives the free seats to the endpoints that lack most, at most one dial at each at a time. */
    void fill(Consumer<Slot> filled, long now) {
        while (state.slots.occupied() < state.seats) {
            Slot slot = state.slots.largest(Slot::deficit, candidate -> state.mayDial(candidate, now));
            if (slot == null) {
                return;
            }
            open(slot, outcome -> {
                if (outcome instanceof OpenOutcome.Opened) {
                    filled.accept(slot);
                }
            });
        }
    }

    void open(Slot slot, Consumer<OpenOutcome> then) {
        slot.opening = true;
        state.connections()
                .open(
                        slot.key(),
                        outcome -> post.accept(() -> {
                            slot.opening = false;
                            if (outcome instanceof OpenOutcome.Failed failed) {
                                backOff(slot, failed.cause());
                            } else {
                                slot.seats++;
                                slot.failures = 0;
                            }
                            then.accept(outcome);
                        }));
    }

    private void backOff(Slot slot, Throwable cause) {
        long backoff = Math.min(MAX_BACKOFF, FIRST_BACKOFF << Math.min(slot.failures, 10));
        slot.failures++;
        // Between half and the whole of it: many clients that failed together are not to come back together.
        slot.retryAt =
                state.now() + (long) (backoff * (0.5 + state.context.random().nextDouble() / 2));
        LOG.debug("Pool {}: no connection to {}, attempt {}", state.pool, slot.key(), slot.failures, cause);
    }

    void retire(Slot slot, RetireReason reason, Consumer<RetireOutcome> then) {
        slot.retiring++;
        state.connections()
                .retire(
                        slot.key(),
                        reason,
                        outcome -> post.accept(() -> {
                            slot.retiring--;
                            if (outcome instanceof RetireOutcome.Retired) {
                                slot.seats--;
                                tellRetired(slot, reason);
                            } else {
                                // Never ask in a loop for what is not there.
                                slot.retireAgainAt = state.now() + NOTHING_TO_RETIRE;
                            }
                            then.accept(outcome);
                        }));
    }

    private void tellRetired(Slot slot, RetireReason reason) {
        state.tell(
                reason == RetireReason.AGE
                        ? new EvenkeelEvent.ConnectionExpired(state.pool, slot.key())
                        : new EvenkeelEvent.ConnectionRetired(
                                state.pool, slot.key(), reason.name().toLowerCase(Locale.ROOT)));
    }

    /** Gives up what exceeds the pool's size and won't go anyway because its endpoint leaves, where there is most too much. */
    void shrink(int allowance, long now) {
        int excess = state.slots.sum(slot -> slot.leaving ? 0 : slot.effective()) - state.seats - allowance;
        for (; excess > 0; excess--) {
            Slot slot = state.slots.largest(Slot::surplus, candidate -> !candidate.leaving && candidate.mayRetire(now));
            if (slot == null) {
                return;
            }
            retire(slot, RetireReason.RESIZE, outcome -> {});
        }
    }

    /** Seats without a connection go where they are planned at once: no connection moves, so nothing need be paced. */
    void moveHoles(long now) {
        int lacking = 0;
        for (Slot slot : state.slots.all()) {
            if (!slot.leaving && !state.isEjected(slot.key())) {
                lacking += slot.deficit();
            }
        }
        int free = Math.max(0, state.seats - state.slots.occupied()) + state.slots.sum(slot -> slot.retiring);
        for (lacking -= free; lacking > 0; lacking--) {
            Slot slot = state.slots.largest(
                    candidate -> Math.min(candidate.surplus(), candidate.holes()),
                    candidate -> !candidate.leaving && candidate.mayRetire(now));
            if (slot == null) {
                return;
            }
            retire(slot, RetireReason.REBALANCE, outcome -> {});
        }
    }
}
