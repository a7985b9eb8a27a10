package io.evenkeel.plan;

import io.evenkeel.endpoint.Endpoint;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keeps traffic in the client's own zone where that overloads no endpoint.
 *
 * <p>A client can't see how many clients are in which zone. "Its share" is therefore read so:
 * <ul>
 *   <li>If <em>every</em> endpoint carries zone hints, the controller that gave them knew the load or was configured to
 *       ignore it: the endpoints hinted for our zone are ours. A single endpoint without a hint means that the hints
 *       are being changed, and they are ignored.
 *   <li>Otherwise clients are taken to be spread evenly over the Z zones that have endpoints. If all clients stay at
 *       home, our zone's endpoints carry 1/Z of the load with w of the total weight W, which is W / (Z · w) of what
 *       they would carry in an even spread. That must not exceed {@value #MAX_LOAD}. An endpoint whose zone is unknown
 *       makes Z unknown: no preference then.
 * </ul>
 *
 * <p>In both cases at least {@value #MIN_ENDPOINTS} endpoints must remain, so that the loss of one can be borne at
 * home. Clients of other zones that stay undecided and use all endpoints, ours included, are not counted.
 */
public final class ZonePreference {

    static final int MIN_ENDPOINTS = 3;
    static final double MAX_LOAD = 1.2;

    private ZonePreference() {}

    /**
     * The endpoints that a client of this zone is to use.
     *
     * @param endpoints those that may be used at all, normally the ready ones
     * @param ownZone the client's zone, or null where it is not known: no preference
     * @return our zone's endpoints in the given order, or all of them if there is no reason for a preference
     */
    public static List<Endpoint> prefer(List<Endpoint> endpoints, @Nullable String ownZone) {
        List<Endpoint> all = List.copyOf(endpoints);
        if (ownZone == null || all.isEmpty()) {
            return all;
        }
        boolean hinted =
                all.stream().noneMatch(endpoint -> endpoint.hintedZones().isEmpty());
        List<Endpoint> own = hinted ? hintedFor(all, ownZone) : inZone(all, ownZone);
        if (own.size() < MIN_ENDPOINTS || (!hinted && !bearable(own, all))) {
            return all;
        }
        return own;
    }

    private static List<Endpoint> hintedFor(List<Endpoint> all, String zone) {
        return all.stream()
                .filter(endpoint -> endpoint.hintedZones().contains(zone))
                .toList();
    }

    private static List<Endpoint> inZone(List<Endpoint> all, String zone) {
        List<Endpoint> own = new ArrayList<>();
        for (Endpoint endpoint : all) {
            if (zone.equals(endpoint.zone())) {
                own.add(endpoint);
            }
        }
        return List.copyOf(own);
    }

    private static boolean bearable(List<Endpoint> own, List<Endpoint> all) {
        Set<String> zones = new HashSet<>();
        for (Endpoint endpoint : all) {
            String zone = endpoint.zone();
            if (zone == null) {
                return false;
            }
            zones.add(zone);
        }
        return weight(all) <= MAX_LOAD * zones.size() * weight(own);
    }

    private static double weight(List<Endpoint> endpoints) {
        return endpoints.stream().mapToDouble(Endpoint::weight).sum();
    }
}
