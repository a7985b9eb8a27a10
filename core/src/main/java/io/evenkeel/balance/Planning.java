package io.evenkeel.balance;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.endpoint.EndpointSet;
import io.evenkeel.plan.Candidate;
import io.evenkeel.plan.Plan;
import io.evenkeel.plan.Planner;
import io.evenkeel.plan.Ranks;
import io.evenkeel.plan.SlowStart;
import io.evenkeel.plan.ZonePreference;
import io.evenkeel.spi.SeatPolicy;
import io.evenkeel.time.DueTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides which endpoints take part, with what weight and rank, and asks the planner. Confined to the control thread;
 * all of its memory is what must be remembered between plans: ranks, weights in force, who joined when, who flaps.
 *
 * <p>Which endpoints take part, in tiers: those that are ready; else those that terminate but still serve; else no new
 * one is chosen and what is there stays, for ever (an empty or useless answer never closes a connection that works).
 */
final class Planning {

    /**
     * How long after an endpoint left a newcomer may still take its rank: while the leaver's seats are being retired.
     */
    private final long inheritNanos;

    private final RebalancerConfig config;
    private final String client;
    private final FlapDamping flaps;
    private Ranks ranks = Ranks.none();
    private Map<EndpointKey, Endpoint> ready = Map.of();
    private final Map<EndpointKey, Departure> departures = new LinkedHashMap<>();
    private final Map<EndpointKey, Double> weights = new HashMap<>();
    private final Map<EndpointKey, Long> ramping = new HashMap<>();
    private Set<EndpointKey> excluded = Set.of();
    private boolean planned;
    private @Nullable String ownZone;

    Planning(String pool, RebalancerConfig config) {
        this.config = config;
        this.client = config.clientId() + "/" + pool;
        this.ownZone = config.zone();
        this.flaps = new FlapDamping(config.holdDown(), config.holdDownMax());
        this.inheritNanos = config.drainSpread().toNanos();
    }

    /**
     * The endpoints that stay and the seats of those that take part.
     *
     * @param staying every endpoint that is not to be drained, whether it takes part or not
     * @param seats how many there are in all
     * @param plan who gets them
     */
    record Decision(Map<EndpointKey, Endpoint> staying, int seats, Plan plan) {}

    /**
     * Plans anew.
     *
     * @param unhealthy endpoints that have been ejected for so long that others should have their seats
     * @return null if no endpoint can take part: keep what there is
     */
    @Nullable
    Decision decide(EndpointSet set, Set<EndpointKey> unhealthy, SeatPolicy policy, long now) {
        Map<EndpointKey, Endpoint> usable = usable(set);
        if (usable.isEmpty()) {
            return null;
        }
        follow(usable, now);
        List<Endpoint> chosen = new ArrayList<>(usable.values());
        chosen = unlessEmpty(chosen, without(chosen, endpoint -> flaps.isHeld(endpoint.identity(), now)));
        chosen = unlessEmpty(chosen, without(chosen, endpoint -> unhealthy.contains(endpoint.key())));
        rampReturned(unhealthy, now);
        chosen = ZonePreference.prefer(chosen, ownZone(set));
        List<Candidate> candidates = new ArrayList<>();
        for (Endpoint endpoint : chosen) {
            double weight = policy.areSeatsWeighted() ? weight(endpoint, now) : 1;
            candidates.add(new Candidate(endpoint.key(), ranks.of(endpoint), weight));
        }
        planned = true;
        int seats = policy.seats(candidates.size());
        return new Decision(usable, seats, Planner.plan(client, seats, candidates));
    }

    /**
     * As configured, else as an endpoint on our own node says; a node doesn't change its zone, so that is remembered.
     */
    private @Nullable String ownZone(EndpointSet set) {
        String node = config.node();
        if (ownZone == null && node != null) {
            for (Endpoint endpoint : set.endpoints()) {
                if (node.equals(endpoint.node()) && endpoint.zone() != null) {
                    ownZone = endpoint.zone();
                }
            }
        }
        return ownZone;
    }

    private static Map<EndpointKey, Endpoint> usable(EndpointSet set) {
        Map<EndpointKey, Endpoint> usable = of(set, EndpointCondition.READY);
        return usable.isEmpty() ? of(set, EndpointCondition.TERMINATING) : usable;
    }

    private static Map<EndpointKey, Endpoint> of(EndpointSet set, EndpointCondition condition) {
        Map<EndpointKey, Endpoint> those = new LinkedHashMap<>();
        for (Endpoint endpoint : set.endpoints()) {
            if (endpoint.condition() == condition) {
                those.put(endpoint.key(), endpoint);
            }
        }
        return those;
    }

    /** Notes who came and who went since the last plan, so that newcomers inherit ranks and flapping is seen. */
    private void follow(Map<EndpointKey, Endpoint> usable, long now) {
        departures.values().removeIf(departure -> now - departure.at() > inheritNanos);
        for (Endpoint before : ready.values()) {
            if (!usable.containsKey(before.key())) {
                departures.put(before.key(), new Departure(before, now));
                flaps.left(before.identity(), now);
                weights.remove(before.key());
                ramping.remove(before.key());
            }
        }
        List<Endpoint> arrived = new ArrayList<>();
        for (Endpoint endpoint : usable.values()) {
            if (!ready.containsKey(endpoint.key())) {
                arrived.add(endpoint);
                departures.remove(endpoint.key());
                flaps.arrived(endpoint.identity(), now);
                if (planned) {
                    ramp(endpoint.key(), now);
                }
            }
        }
        inherit(arrived, usable.values());
        ready = usable;
    }

    private void inherit(List<Endpoint> arrived, Collection<Endpoint> present) {
        List<Endpoint> left = new ArrayList<>();
        for (Departure departure : departures.values()) {
            left.add(departure.endpoint());
        }
        Ranks before = ranks;
        ranks = ranks.after(left, arrived, present);
        for (Endpoint endpoint : arrived) {
            String rank = ranks.of(endpoint);
            // A rank is inherited once: the endpoint that left it offers it no longer.
            departures
                    .values()
                    .removeIf(departure -> before.of(departure.endpoint()).equals(rank));
        }
    }

    private void rampReturned(Set<EndpointKey> unhealthy, long now) {
        for (EndpointKey key : excluded) {
            if (!unhealthy.contains(key) && ready.containsKey(key)) {
                ramp(key, now);
            }
        }
        excluded = Set.copyOf(unhealthy);
    }

    private double weight(Endpoint endpoint, long now) {
        Double inForce = weights.get(endpoint.key());
        double weight = endpoint.weight();
        if (inForce == null || Math.abs(weight - inForce) > config.weightHysteresis() * inForce) {
            weights.put(endpoint.key(), weight);
        } else {
            weight = inForce;
        }
        Long since = ramping.get(endpoint.key());
        return since == null ? weight : weight * SlowStart.factor(Duration.ofNanos(now - since), config.slowStart());
    }

    /** When a plan would differ by time alone, or never: a hold-down ends, or a ramp takes its next step. */
    DueTime nextChangeAt(long now) {
        return holdDownEndsAt(now).or(rampStepsAt(now));
    }

    /** Why the plan differs by time alone at this moment, for people; asked before {@link #decide}. */
    String changeReason(long now) {
        return rampStepsAt(now).isNever() ? "a hold-down ended" : "slow start goes on";
    }

    private DueTime holdDownEndsAt(long now) {
        DueTime next = DueTime.never();
        for (Endpoint endpoint : ready.values()) {
            if (flaps.isHeld(endpoint.identity(), now)) {
                next = next.or(DueTime.at(flaps.heldUntil(endpoint.identity())));
            }
        }
        return next;
    }

    private DueTime rampStepsAt(long now) {
        DueTime next = DueTime.never();
        long window = config.slowStart().toNanos();
        ramping.values().removeIf(since -> now - since > window);
        for (Long since : ramping.values()) {
            long step = Math.max(1, window / 10);
            next = next.or(DueTime.at(since + ((now - since) / step + 1) * step));
        }
        return next;
    }

    private void ramp(EndpointKey key, long now) {
        if (!config.slowStart().isZero()) {
            ramping.put(key, now);
        }
    }

    private static List<Endpoint> without(List<Endpoint> all, java.util.function.Predicate<Endpoint> out) {
        List<Endpoint> rest = new ArrayList<>(all);
        rest.removeIf(out);
        return rest;
    }

    private static List<Endpoint> unlessEmpty(List<Endpoint> all, List<Endpoint> some) {
        return some.isEmpty() ? all : some;
    }

    private record Departure(Endpoint endpoint, long at) {}
}
