package io.evenkeel.balance;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import io.evenkeel.spi.EndpointConnections.OpenOutcome;
import io.evenkeel.spi.EndpointConnections.RetireOutcome;
import io.evenkeel.spi.EndpointConnections.RetireReason;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
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
final class SeatOperations {

    private static final Logger LOG = LoggerFactory.getLogger(SeatOperations.class);
    private static final long FIRST_BACKOFF = Duration.ofMillis(100).toNanos();
    private static final long MAX_BACKOFF = Duration.ofSeconds(10).toNanos();
    private static final long WITHDRAWN = Duration.ofMillis(20).toNanos();
    private static final long NOTHING_TO_RETIRE = Duration.ofSeconds(1).toNanos();

    private final PoolState state;
    private final Consumer<Runnable> post;

    SeatOperations(PoolState state, Consumer<Runnable> post) {
        this.state = state;
        this.post = post;
    }

    /** Gives the free seats to the endpoints that lack most, at most one dial at each at a time. */
    void fill(Consumer<Slot> filled, long now) {
        while (missing() > 0) {
            Slot slot = placeFor(now);
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

    private @Nullable Slot placeFor(long now) {
        Slot planned = state.slots.largest(Slot::deficit, candidate -> state.mayDial(candidate, now));
        if (planned != null || !state.held() || missing() <= lackingWhereWell(now)) {
            return planned;
        }
        return refuge(candidate -> state.mayDial(candidate, now), now);
    }

    /** Held seats are under no budget: one that moves counts where it goes to, not at both ends. */
    private int missing() {
        int counted = state.held() ? state.slots.sum(Slot::effective) : state.slots.occupied();
        return state.seats - counted;
    }

    private int lackingWhereWell(long now) {
        return state.slots.sum(slot -> state.isWell(slot, now) ? slot.deficit() : 0);
    }

    /**
     * Where a held seat goes that the plan has no place for that can be reached: to the endpoint with the least for its
     * weight, any one of several, so that many clients of a lost endpoint do not all flee to the same. It moves to its
     * planned place later, as any other surplus.
     */
    @Nullable
    Slot refuge(Predicate<Slot> usable, long now) {
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
        Slot slot = state.slots.get(best.key());
        return slot == null ? state.join(best, now) : slot;
    }

    /**
     * Moves one connection as a whole and keeps the books: it counts at both ends until it is known where it is, so neither
     * is given more than planned meanwhile.
     */
    void move(Slot from, Slot to, RetireReason reason, Duration deadline, Consumer<MoveOutcome> then) {
        to.arriving++;
        from.retiring++;
        state.connections()
                .move(
                        from.key(),
                        to.key(),
                        reason,
                        deadline,
                        outcome -> post.accept(() -> {
                            to.arriving--;
                            from.retiring--;
                            if (outcome instanceof MoveOutcome.Moved) {
                                to.seats++;
                                from.seats--;
                                to.failures = 0;
                            } else if (outcome instanceof MoveOutcome.Failed failed) {
                                backOff(to, failed.cause());
                            } else if (outcome instanceof MoveOutcome.Postponed postponed) {
                                state.tell(new EvenkeelEvent.MovePostponed(
                                        state.pool, from.key(), to.key(), postponed.reason()));
                            }
                            then.accept(outcome);
                        }));
    }

    /** The connection of a held seat is gone. Its endpoint is not dialled again at once. */
    void lost(Slot slot) {
        slot.seats--;
        long until = state.now() + FIRST_BACKOFF;
        slot.retryAt = slot.retryAt - until > 0 ? slot.retryAt : until;
        slot.failures = Math.max(1, slot.failures);
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
                            } else if (outcome instanceof OpenOutcome.Refused refused) {
                                backOff(slot, refused.cause());
                            } else if (outcome instanceof OpenOutcome.Withdrawn) {
                                // Never ask in a loop for what nobody wants.
                                slot.retryAt = state.now() + WITHDRAWN;
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
