package io.evenkeel.balance;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.spi.EndpointConnections.OpenOutcome;
import io.evenkeel.time.DueTime;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows health: which endpoints are left out, are to be probed, or have been out for so long that others get their
 * seats.
 */
final class Ejections {

    /**
     * One fault must not push all connections onto the rest: only an endpoint that has been out for so long
     * loses its seats.
     */
    static final Duration UNTIL_REPLANNED = Duration.ofMinutes(2);

    private static final Logger LOG = LoggerFactory.getLogger(Ejections.class);

    private final PoolState state;
    private final SeatOperations seats;
    private Set<EndpointKey> told = Set.of();

    Ejections(PoolState state, SeatOperations seats) {
        this.state = state;
        this.seats = seats;
    }

    void refresh(long now) {
        Set<EndpointKey> known = new HashSet<>();
        for (Slot slot : state.slots.all()) {
            if (!slot.leaving) {
                known.add(slot.key());
            }
        }
        state.health.retain(known);
        state.healthView = state.health.view();
        Set<EndpointKey> ejected = state.healthView.ejected();
        if (!ejected.equals(told)) {
            tell(ejected, known, now);
            told = ejected;
        }
    }

    private void tell(Set<EndpointKey> ejected, Set<EndpointKey> known, long now) {
        for (EndpointKey key : ejected) {
            if (!told.contains(key)) {
                Long until = state.healthView.ejectedUntil(key);
                Duration howLong = Duration.ofNanos(until == null ? 0 : Math.max(0, until - now));
                String reason = String.valueOf(state.healthView.reason(key));
                LOG.warn(
                        "Pool {}: {} is ejected: {}; last error: {}; first probe in {} ms",
                        state.pool,
                        key,
                        reason,
                        state.healthView.lastError(key),
                        howLong.toMillis());
                state.metrics.endpointEjected(state.pool, key);
                state.tell(new EvenkeelEvent.EndpointEjected(state.pool, key, howLong, reason));
            }
        }
        for (EndpointKey key : told) {
            if (!ejected.contains(key) && known.contains(key)) {
                LOG.info("Pool {}: {} readmitted", state.pool, key);
                state.metrics.endpointReadmitted(state.pool, key);
                state.tell(new EvenkeelEvent.EndpointReturned(state.pool, key));
            }
        }
    }

    void probe() {
        for (EndpointKey key : state.healthView.probeDue()) {
            Slot slot = state.slots.get(key);
            if (slot != null && slot.joined && !slot.leaving && state.health.beginProbe(key)) {
                state.adapter.probe(key, outcome -> probed(key, outcome), late -> probedLate(key, late));
            }
        }
    }

    private void probed(EndpointKey key, OpenOutcome outcome) {
        Throwable cause = outcome instanceof OpenOutcome.Failed failed ? failed.cause() : null;
        state.health.probed(key, cause == null, cause);
        Slot slot = state.slots.get(key);
        if (slot != null && cause == null) {
            seats.worked(slot);
        }
    }

    /** A probe that was counted as failed since it took too long: if it succeeded after all, the endpoint works. */
    private void probedLate(EndpointKey key, OpenOutcome outcome) {
        if (!(outcome instanceof OpenOutcome.Failed)) {
            state.health.alive(key);
        }
    }

    /** An adapter has evidence that the endpoint works: seats there need not wait for their back-off. */
    void alive(EndpointKey key) {
        Slot slot = state.slots.get(key);
        if (slot != null && slot.failures > 0 && slot.joined) {
            seats.worked(slot);
        }
    }

    /** Those whose seats go to others. */
    Set<EndpointKey> givenUp() {
        return state.healthView.ejectedFor(UNTIL_REPLANNED);
    }

    /** When time alone changes something. */
    DueTime nextAt(long now) {
        DueTime next = state.health.nextDue();
        for (EndpointKey key : state.healthView.ejected()) {
            Long since = state.healthView.ejectedSince(key);
            if (since != null) {
                next = next.or(DueTime.at(since + UNTIL_REPLANNED.toNanos()).ifAfter(now));
            }
        }
        return next;
    }
}
