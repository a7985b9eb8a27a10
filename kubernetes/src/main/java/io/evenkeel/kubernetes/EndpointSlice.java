package io.evenkeel.kubernetes;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What this library reads of a {@code discovery.k8s.io/v1} EndpointSlice, with the API's defaults applied. Immutable.
 *
 * @param name unique in its namespace; not empty
 * @param resourceVersion of the object, opaque; empty where it was left out
 * @param addressType {@code IPv4}, {@code IPv6} or {@code FQDN}
 * @param endpoints in the order of the slice
 * @param ports of every endpoint of this slice, and of no other slice
 */
public record EndpointSlice(
        String name, String resourceVersion, String addressType, List<Entry> endpoints, List<Port> ports) {

    public EndpointSlice {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(resourceVersion, "resourceVersion");
        Objects.requireNonNull(addressType, "addressType");
        endpoints = List.copyOf(endpoints);
        ports = List.copyOf(ports);
    }

    /**
     * One endpoint, usually a Pod.
     *
     * @param address the first of its addresses, the only one that counts
     * @param ready whether it takes new connections; true where the slice doesn't say. Always true on a Service that
     *     publishes addresses that are not ready
     * @param serving whether it serves, leaving or not; true where the slice doesn't say
     * @param terminating whether it is about to leave; false where the slice doesn't say
     * @param podName name of the Pod (or other object) behind it, or null where there is none
     * @param podUid the same object's uid, or null
     * @param nodeName the node it runs on, or null
     * @param zone its topology zone, or null
     * @param hintedZones zones whose clients are advised to use it; empty where there is no advice
     */
    public record Entry(
            String address,
            boolean ready,
            boolean serving,
            boolean terminating,
            @Nullable String podName,
            @Nullable String podUid,
            @Nullable String nodeName,
            @Nullable String zone,
            List<String> hintedZones) {

        public Entry {
            Objects.requireNonNull(address, "address");
            hintedZones = List.copyOf(hintedZones);
        }
    }

    /**
     * A port.
     *
     * @param name empty where a Service has one port without a name
     * @param protocol {@code TCP}, {@code UDP} or {@code SCTP}
     * @param number where the Pods listen, 1 to 65535, or null where the slice doesn't restrict it
     */
    public record Port(
            String name, String protocol, @Nullable Integer number) {

        public Port {
            Objects.requireNonNull(name, "name");
            Objects.requireNonNull(protocol, "protocol");
        }
    }
}
