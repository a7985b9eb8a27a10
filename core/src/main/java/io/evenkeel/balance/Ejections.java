package io.evenkeel.balance;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.spi.EndpointConnections.OpenOutcome;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Follows health: who is left out, who is to be probed, who has been out for so long that others get its seats. */
final class Ejections {

    /**
     * One fault must not push everyone's connections onto the rest: only an endpoint that has been out for so long gives
     * up its seats.
     */
    static final Duration UNTIL_REPLANNED = Duration.ofMinutes(2);

    private static final Logger LOG = LoggerFactory.getLogger(Ejections.class);

    private final PoolState state;
    private final Consumer<Runnable> post;
    private Set<EndpointKey> told = Set.of();

    Ejections(PoolState state, Consumer<Runnable> post) {
        this.state = state;
        this.post = post;
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
                LOG.warn("Pool {}: {} is ejected for {} s: {}", state.pool, key, howLong.toSeconds(), reason);
                state.context.metrics().endpointEjected(state.pool, key);
                state.tell(new EvenkeelEvent.EndpointEjected(state.pool, key, howLong, reason));
            }
        }
        for (EndpointKey key : told) {
            if (!ejected.contains(key) && known.contains(key)) {
                LOG.info("Pool {}: {} is back", state.pool, key);
                state.tell(new EvenkeelEvent.EndpointReturned(state.pool, key));
            }
        }
    }

    void probe() {
        for (EndpointKey key : state.healthView.probeDue()) {
            Slot slot = state.slots.get(key);
            if (slot != null && !slot.leaving && state.health.beginProbe(key)) {
                state.connections().probe(key, outcome -> post.accept(() -> probed(key, outcome)));
            }
        }
    }

    private void probed(EndpointKey key, OpenOutcome outcome) {
        Throwable cause = outcome instanceof OpenOutcome.Failed failed ? failed.cause() : null;
        state.health.probed(key, cause == null, cause);
        Slot slot = state.slots.get(key);
        if (slot != null && cause == null) {
            slot.failures = 0;
            slot.retryAt = state.now();
        }
    }

    /** Those whose seats go to others. */
    Set<EndpointKey> givenUp() {
        return state.healthView.ejectedFor(UNTIL_REPLANNED);
    }

    /** When time alone changes something, or null. */
    @Nullable
    Long nextAt(long now) {
        Long next = state.health.nextDue();
        for (EndpointKey key : state.healthView.ejected()) {
            Long since = state.healthView.ejectedSince(key);
            Long givenUpAt = since == null ? null : since + UNTIL_REPLANNED.toNanos();
            if (givenUpAt != null && givenUpAt - now > 0) {
                next = Planning.earlier(next, givenUpAt);
            }
        }
        return next;
    }
}
