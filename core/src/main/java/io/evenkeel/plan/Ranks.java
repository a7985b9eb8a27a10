package io.evenkeel.plan;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Which name each endpoint is hashed under: its own identity, unless it replaced another endpoint and inherited that
 * one's. Immutable; every change gives a new value.
 *
 * <p>To the planner a Pod of a Deployment that is replaced is one endpoint leaving and an unrelated one joining: the
 * first spreads its connections over all others, the second collects connections from all others. In a rolling update
 * most of those moves are undone by the next ones. If the new Pod is hashed under the rank of the one that it replaced,
 * its seats are exactly the seats that became free, and every connection is opened anew once.
 *
 * <p>Ranks are handed out in this order, always by endpoint key, so that the result doesn't depend on the order of the
 * arguments:
 * <ol>
 *   <li>Endpoints that stay keep their rank.
 *   <li>An identity that comes back at another address (a StatefulSet's Pod) takes the rank that it had.
 *   <li>Arrivals inherit from endpoints that left the same zone, then from any that left.
 *   <li>Other arrivals use their identity, or, should an heir be using that, their identity with a number.
 * </ol>
 *
 * <p>Invariant: two endpoints that are present never share a rank (they would get odd seats together in every client).
 */
public final class Ranks {

    private static final Ranks NONE = new Ranks(Map.of());
    private static final Comparator<Endpoint> BY_KEY = Comparator.comparing(Endpoint::key);

    /** Only ranks that differ from the endpoint's identity. */
    private final Map<EndpointKey, String> inherited;

    private Ranks(Map<EndpointKey, String> inherited) {
        this.inherited = Map.copyOf(inherited);
    }

    /** Every endpoint is hashed under its own identity. */
    public static Ranks none() {
        return NONE;
    }

    /** What the endpoint is hashed under. */
    public String of(Endpoint endpoint) {
        return inherited.getOrDefault(endpoint.key(), endpoint.identity());
    }

    /**
     * The ranks after a change.
     *
     * @param left endpoints that left and whose rank may be inherited; one whose rank a present endpoint uses already
     *     is passed over
     * @param arrived endpoints that were not there before; any that are not in {@code present} are ignored
     * @param present all endpoints there are now, {@code arrived} included
     * @return ranks of {@code present}, and of {@code left} for a later call; everything else is forgotten
     */
    public Ranks after(Collection<Endpoint> left, Collection<Endpoint> arrived, Collection<Endpoint> present) {
        return new Succession(this, left, arrived, present).ranks();
    }

    /** How many endpoints are not hashed under their own identity. */
    int size() {
        return inherited.size();
    }

    @Override
    public boolean equals(@Nullable Object o) {
        return o instanceof Ranks other && inherited.equals(other.inherited);
    }

    @Override
    public int hashCode() {
        return inherited.hashCode();
    }

    @Override
    public String toString() {
        return "Ranks" + inherited;
    }

    /** One change in the making. */
    private static final class Succession {

        private final Ranks before;
        private final List<Endpoint> donors;
        private final List<Endpoint> heirs = new ArrayList<>();
        private final Map<EndpointKey, String> assigned = new HashMap<>();
        private final Set<String> taken = new HashSet<>();

        Succession(
                Ranks before, Collection<Endpoint> left, Collection<Endpoint> arrived, Collection<Endpoint> present) {
            this.before = before;
            this.donors = new ArrayList<>(left);
            donors.sort(BY_KEY);
            Set<EndpointKey> arrivedKeys = new HashSet<>();
            arrived.forEach(endpoint -> arrivedKeys.add(endpoint.key()));
            List<Endpoint> ordered = new ArrayList<>(present);
            ordered.sort(BY_KEY);
            keep(ordered, arrivedKeys);
        }

        private void keep(List<Endpoint> present, Set<EndpointKey> arrived) {
            List<Endpoint> underOwnName = new ArrayList<>();
            for (Endpoint endpoint : present) {
                if (arrived.contains(endpoint.key())) {
                    heirs.add(endpoint);
                } else if (before.inherited.containsKey(endpoint.key())) {
                    assignFree(endpoint, before.of(endpoint));
                } else {
                    underOwnName.add(endpoint);
                }
            }
            underOwnName.forEach(endpoint -> assignFree(endpoint, endpoint.identity()));
        }

        Ranks ranks() {
            inheritWhereSame(Endpoint::identity);
            inheritWhereSame(Endpoint::zone);
            inheritWhereSame(endpoint -> "anywhere");
            heirs.forEach(heir -> assignFree(heir, heir.identity()));
            // A donor whose rank was not taken over yet must still be known by its rank in a later call.
            for (Endpoint donor : donors) {
                assigned.putIfAbsent(donor.key(), before.of(donor));
            }
            return new Ranks(onlyInherited());
        }

        /** Pairs each heir with the first donor, both in order of keys, for which the trait is the same and known. */
        private void inheritWhereSame(Function<Endpoint, @Nullable String> trait) {
            Map<String, Deque<Endpoint>> byTrait = new HashMap<>();
            for (Endpoint donor : donors) {
                String value = trait.apply(donor);
                if (value != null) {
                    byTrait.computeIfAbsent(value, key -> new ArrayDeque<>()).add(donor);
                }
            }
            heirs.removeIf(heir -> {
                String value = trait.apply(heir);
                return value != null && inheritFromFirst(heir, byTrait.getOrDefault(value, new ArrayDeque<>()));
            });
        }

        private boolean inheritFromFirst(Endpoint heir, Deque<Endpoint> queue) {
            while (!queue.isEmpty()) {
                String rank = before.of(queue.remove());
                if (taken.add(rank)) {
                    assigned.put(heir.key(), rank);
                    return true;
                }
            }
            return false;
        }

        private void assignFree(Endpoint endpoint, String wanted) {
            String rank = wanted;
            for (int n = 2; !taken.add(rank); n++) {
                rank = endpoint.identity() + "#" + n;
            }
            assigned.put(endpoint.key(), rank);
        }

        private Map<EndpointKey, String> onlyInherited() {
            Map<EndpointKey, String> inherited = new HashMap<>();
            assigned.forEach((key, rank) -> {
                if (!rank.equals(key.identity())) {
                    inherited.put(key, rank);
                }
            });
            return inherited;
        }
    }
}
