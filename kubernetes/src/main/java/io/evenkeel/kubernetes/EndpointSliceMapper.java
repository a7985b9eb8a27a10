package io.evenkeel.kubernetes;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.endpoint.EndpointSet;
import io.evenkeel.kubernetes.EndpointSlice.Entry;
import io.evenkeel.kubernetes.EndpointSlice.Port;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a set of EndpointSlices means. {@link #map} is a pure function of the set; an instance gives the same result,
 * kept up to date slice by slice, in which a change costs as much as the slice that changed.
 *
 * <p>From slices to endpoints in three steps:
 *
 * <ol>
 *   <li>Every entry of a slice, with the slice's own number of the chosen port, is a <em>sighting</em>.
 *   <li>All sightings of one Pod are one endpoint. Sightings are the same Pod's if they have the same {@code
 *       targetRef.uid}, else if they have the same address and port. While a Pod is carried over from one slice to
 *       another it stands in both: if one says that it terminates, it does; else if one says that it is ready, it is.
 *       Of two addresses that of the preferred family counts.
 *   <li>Two Pods at the same address and port: addresses are given out again once their Pod is gone, so the one that is
 *       ready is there and the other is not any more.
 * </ol>
 *
 * <p>The condition, with the API's defaults ({@code ready} and {@code serving} true, {@code terminating} false) applied
 * before:
 *
 * <table>
 *   <caption>Conditions</caption>
 *   <tr><th>ready</th><th>serving</th><th>terminating</th><th>means</th></tr>
 *   <tr><td>true</td><td>true</td><td>false</td><td>{@code READY}</td></tr>
 *   <tr><td>any</td><td>true</td><td>true</td><td>{@code TERMINATING}</td></tr>
 *   <tr><td colspan="3">anything else</td><td>{@code NOT_READY}</td></tr>
 * </table>
 *
 * On a Service that publishes addresses that are not ready, {@code ready} is always true, so {@code serving} and
 * {@code terminating} decide.
 *
 * <p>An endpoint's identity is the Pod's name, else its address.
 *
 * <p>A slice with an address, a port or a name that is none is refused as a whole and by the name of the field, see
 * {@link #fault}; what it said before stays. Instances are not thread-safe.
 */
public final class EndpointSliceMapper implements SliceMapping {

    private static final Comparator<Sighting> FIRST = Comparator.comparing(Sighting::host)
            .thenComparingInt(Sighting::port)
            .thenComparing(Sighting::slice);

    private final PortChoice choice;
    private final AddressFamily preferred;

    private final Map<String, EndpointSlice> slices = new TreeMap<>();
    private final Map<String, Set<Sighting>> sightings = new HashMap<>();
    // How many slices have this port and any endpoint.
    private final Map<Port, Integer> ports = new HashMap<>();
    private Set<String> portNames = Set.of();
    // Whether there are endpoints, and none of their slices has a port: a headless Service without ports.
    private boolean portless;
    private int portlessSlices;
    // By the name of the slice, why it is refused.
    private final Map<String, String> faults = new TreeMap<>();
    private final Map<String, Pod> pods = new HashMap<>();
    // By address and port.
    private final Map<String, Place> places = new HashMap<>();
    // Invariant: exactly what the places show.
    private final TreeMap<EndpointKey, Endpoint> endpoints = new TreeMap<>();

    /** An entry of a slice at the chosen port; the same entry in two slices is two sightings. */
    private record Sighting(String slice, String addressType, int port, Entry entry) {
        String host() {
            return entry.address();
        }

        String pod() {
            String uid = entry.podUid();
            return uid == null ? EndpointKey.address(host(), port) : uid;
        }
    }

    private static final class Pod {
        final String key;
        final List<Sighting> sightings = new ArrayList<>(1);

        @Nullable
        Endpoint endpoint;

        Pod(String key) {
            this.key = key;
        }
    }

    private static final class Place {
        final List<Pod> claimants = new ArrayList<>(1);

        @Nullable
        Endpoint shown;
    }

    /**
     * A mapper that knows no slice yet.
     *
     * @param port name or number of the Pods' port, or null for the only one
     * @param preferred which address of a dual-stack Pod counts
     */
    public EndpointSliceMapper(@Nullable String port, AddressFamily preferred) {
        this.choice = new PortChoice(port);
        this.preferred = Objects.requireNonNull(preferred, "preferred");
    }

    /**
     * The endpoints of all slices of one Service, as version 0; a pure function, the order of the slices has no
     * influence.
     *
     * @param port name or number of the Pods' port, or null for the only one
     * @param preferred which address of a dual-stack Pod counts
     */
    public static EndpointSet map(@Nullable String port, AddressFamily preferred, Collection<EndpointSlice> slices) {
        EndpointSliceMapper mapper = new EndpointSliceMapper(port, preferred);
        slices.forEach(mapper::put);
        return EndpointSet.of(0, mapper.endpoints.values());
    }

    /**
     * A slice is new or changed.
     *
     * @return false if the endpoints are what they were; true if they changed, or did and changed back
     */
    @Override
    public boolean put(EndpointSlice slice) {
        String refused = SliceFaults.of(slice);
        if (refused != null) {
            return !refused.equals(faults.put(slice.name(), refused));
        }
        boolean mended = faults.remove(slice.name()) != null;
        return accept(slice) || mended;
    }

    private boolean accept(EndpointSlice slice) {
        EndpointSlice before = slices.put(slice.name(), slice);
        return replaced(slice.name(), before, slice);
    }

    /**
     * A slice is gone.
     *
     * @return false if the endpoints are what they were; true if they changed, or did and changed back
     */
    @Override
    public boolean remove(String name) {
        boolean mended = faults.remove(name) != null;
        EndpointSlice before = slices.remove(name);
        return (before != null && replaced(name, before, null)) || mended;
    }

    /**
     * These are all slices there are.
     *
     * @return false if the endpoints are what they were; true if they changed, or did and changed back
     */
    @Override
    public boolean replace(Collection<EndpointSlice> all) {
        Set<String> gone = new HashSet<>(slices.keySet());
        gone.addAll(faults.keySet());
        boolean changed = false;
        // First what is there, then what is gone: a Pod that moved between slices does not vanish in between.
        for (EndpointSlice slice : all) {
            gone.remove(slice.name());
            changed |= put(slice);
        }
        for (String name : gone) {
            changed |= remove(name);
        }
        return changed;
    }

    /** The slices now, in order of their names; a copy. */
    @Override
    public List<EndpointSlice> slices() {
        return List.copyOf(slices.values());
    }

    /** The endpoints now, in order of their keys; a copy. */
    @Override
    public List<Endpoint> endpoints() {
        return List.copyOf(endpoints.values());
    }

    /** Why there is no endpoint although there are Pods: the port that was chosen isn't there. Null if all is well. */
    @Override
    public @Nullable String complaint() {
        boolean none = portless ? !choice.isNumber() : portNames.isEmpty() && !ports.isEmpty();
        return none ? choice.complaint(ports.keySet()) : null;
    }

    /**
     * Why slices are refused, such as {@code EndpointSlice pg-abc: ports[0].port: 70000 (expected: 1 to 65535)}: then
     * the endpoints may be those of before. Null if all is well.
     */
    @Override
    public @Nullable String fault() {
        if (faults.isEmpty()) {
            return null;
        }
        String first = faults.values().iterator().next();
        return faults.size() == 1 ? first : first + "; and " + (faults.size() - 1) + " more EndpointSlices are refused";
    }

    private boolean replaced(String name, @Nullable EndpointSlice before, @Nullable EndpointSlice now) {
        countPorts(before, -1);
        countPorts(now, 1);
        Set<String> names = choice.names(ports.keySet());
        boolean without = ports.isEmpty() && portlessSlices > 0;
        if (names.equals(portNames) && without == portless) {
            return see(name, now);
        }
        portNames = names;
        portless = without;
        boolean changed = see(name, now);
        for (EndpointSlice slice : slices.values()) {
            changed |= see(slice.name(), slice);
        }
        return changed;
    }

    private void countPorts(@Nullable EndpointSlice slice, int by) {
        if (slice == null || slice.endpoints().isEmpty()) {
            return;
        }
        if (slice.ports().isEmpty()) {
            portlessSlices += by;
        }
        for (Port port : slice.ports()) {
            ports.merge(port, by, (a, b) -> a + b == 0 ? null : a + b);
        }
    }

    /** Exchanges the sightings of one slice, and works out anew all that they touch. */
    private boolean see(String name, @Nullable EndpointSlice slice) {
        Set<Sighting> now = slice == null ? Set.of() : sightingsIn(slice);
        Set<Sighting> before = now.isEmpty() ? sightings.remove(name) : sightings.put(name, now);
        Set<Pod> touched = new LinkedHashSet<>();
        if (before != null) {
            for (Sighting sighting : before) {
                if (!now.contains(sighting)) {
                    Pod pod = Objects.requireNonNull(pods.get(sighting.pod()));
                    pod.sightings.remove(sighting);
                    touched.add(pod);
                }
            }
        }
        for (Sighting sighting : now) {
            if (before == null || !before.contains(sighting)) {
                Pod pod = pods.computeIfAbsent(sighting.pod(), Pod::new);
                pod.sightings.add(sighting);
                touched.add(pod);
            }
        }
        return settle(touched);
    }

    private Set<Sighting> sightingsIn(EndpointSlice slice) {
        int port = portless ? choice.withoutPorts() : choice.in(slice, portNames);
        if (port == 0) {
            return Set.of();
        }
        Set<Sighting> found = new LinkedHashSet<>();
        for (Entry entry : slice.endpoints()) {
            found.add(new Sighting(slice.name(), slice.addressType(), port, entry));
        }
        return found;
    }

    private boolean settle(Set<Pod> touched) {
        Set<String> disputed = new LinkedHashSet<>();
        for (Pod pod : touched) {
            Endpoint before = pod.endpoint;
            Endpoint now = pod.sightings.isEmpty() ? null : endpoint(pod.sightings);
            pod.endpoint = now;
            if (now == null) {
                pods.remove(pod.key);
            }
            if (before != null) {
                place(before).claimants.remove(pod);
                disputed.add(before.address());
            }
            if (now != null) {
                place(now).claimants.add(pod);
                disputed.add(now.address());
            }
        }
        boolean changed = false;
        for (String address : disputed) {
            changed |= show(address);
        }
        return changed;
    }

    private Place place(Endpoint endpoint) {
        return places.computeIfAbsent(endpoint.address(), address -> new Place());
    }

    private boolean show(String address) {
        Place place = Objects.requireNonNull(places.get(address));
        Endpoint before = place.shown;
        Endpoint now = winner(place.claimants);
        place.shown = now;
        if (now == null) {
            places.remove(address);
        }
        if (Objects.equals(before, now)) {
            return false;
        }
        if (before != null) {
            endpoints.remove(before.key());
        }
        if (now != null) {
            endpoints.put(now.key(), now);
        }
        return true;
    }

    private static @Nullable Endpoint winner(List<Pod> claimants) {
        Pod best = null;
        for (Pod pod : claimants) {
            best = best == null || order(pod, best) < 0 ? pod : best;
        }
        return best == null ? null : best.endpoint;
    }

    private static int order(Pod a, Pod b) {
        // READY before TERMINATING before NOT_READY, as they are declared.
        int byCondition = condition(a).compareTo(condition(b));
        return byCondition != 0 ? byCondition : a.key.compareTo(b.key);
    }

    private static EndpointCondition condition(Pod pod) {
        return Objects.requireNonNull(pod.endpoint).condition();
    }

    private Endpoint endpoint(List<Sighting> ofOnePod) {
        Sighting chosen = null;
        for (Sighting sighting : ofOnePod) {
            chosen = chosen == null || byFamily(sighting, chosen) < 0 ? sighting : chosen;
        }
        Sighting seen = Objects.requireNonNull(chosen);
        Entry entry = seen.entry();
        String name = entry.podName();
        String identity = name == null ? EndpointKey.address(seen.host(), seen.port()) : name;
        EndpointKey key = new EndpointKey(identity, seen.host(), seen.port());
        return new Endpoint(key, entry.zone(), entry.nodeName(), 1.0, conditionOf(ofOnePod), entry.hintedZones());
    }

    private int byFamily(Sighting a, Sighting b) {
        boolean aPreferred = a.addressType().equals(preferred.addressType());
        boolean bPreferred = b.addressType().equals(preferred.addressType());
        if (aPreferred != bPreferred) {
            return aPreferred ? -1 : 1;
        }
        int byType = a.addressType().compareTo(b.addressType());
        return byType != 0 ? byType : FIRST.compare(a, b);
    }

    private static EndpointCondition conditionOf(List<Sighting> ofOnePod) {
        boolean ready = false;
        boolean terminating = false;
        boolean servingWhileTerminating = false;
        for (Sighting sighting : ofOnePod) {
            Entry entry = sighting.entry();
            terminating |= entry.terminating();
            servingWhileTerminating |= entry.terminating() && entry.serving();
            ready |= entry.ready() && entry.serving() && !entry.terminating();
        }
        if (terminating) {
            return servingWhileTerminating ? EndpointCondition.TERMINATING : EndpointCondition.NOT_READY;
        }
        return ready ? EndpointCondition.READY : EndpointCondition.NOT_READY;
    }
}
