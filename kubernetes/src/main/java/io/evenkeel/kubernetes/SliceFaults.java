package io.evenkeel.kubernetes;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.endpoint.HostSyntax;
import io.evenkeel.kubernetes.EndpointSlice.Entry;
import io.evenkeel.kubernetes.EndpointSlice.Port;
import org.jspecify.annotations.Nullable;

/**
 * What is wrong with a slice. The API server checks what it stores, but more than it can write EndpointSlices: other
 * controllers, proxies, and all who may edit one.
 */
final class SliceFaults {

    private static final int LONGEST_UID = 253;

    private SliceFaults() {}

    /** Why a slice is refused, beginning with its name and the field; null if it is well. */
    static @Nullable String of(EndpointSlice slice) {
        String fault = inPorts(slice);
        fault = fault == null ? inEndpoints(slice) : fault;
        return fault == null ? null : "EndpointSlice " + bare(slice.name()) + ": " + fault;
    }

    private static @Nullable String inPorts(EndpointSlice slice) {
        int i = 0;
        for (Port port : slice.ports()) {
            Integer number = port.number();
            if (number != null && (number < 1 || number > 65535)) {
                return "ports[" + i + "].port: " + number + " (expected: 1 to 65535)";
            }
            i++;
        }
        return null;
    }

    private static @Nullable String inEndpoints(EndpointSlice slice) {
        int i = 0;
        for (Entry entry : slice.endpoints()) {
            String fault = inEntry(slice.addressType(), entry);
            if (fault != null) {
                return "endpoints[" + i + "]." + fault;
            }
            i++;
        }
        return null;
    }

    private static @Nullable String inEntry(String addressType, Entry entry) {
        String address = entry.address();
        boolean right = switch (addressType) {
            case "IPv4" -> HostSyntax.isIpv4(address);
            case "IPv6" -> HostSyntax.isIpv6(address);
            default -> HostSyntax.isHost(address);
        };
        if (!right) {
            return "addresses[0]: " + HostSyntax.shown(address) + " (expected: an address of type "
                    + bare(addressType.isEmpty() ? "FQDN" : addressType) + ")";
        }
        String uid = entry.podUid();
        if (uid != null && uid.length() > LONGEST_UID) {
            return "targetRef.uid: " + HostSyntax.shown(uid) + " (expected: at most " + LONGEST_UID + " characters)";
        }
        String name = entry.podName();
        try {
            // The rules are the endpoint's own.
            EndpointKey key = new EndpointKey(name == null ? address : name, address, 1);
            Endpoint valid = new Endpoint(
                    key, entry.zone(), entry.nodeName(), 1.0, EndpointCondition.READY, entry.hintedZones());
            return valid.key().equals(key) ? null : "endpoint: " + valid.key() + " (expected: " + key + ")";
        } catch (IllegalArgumentException invalid) {
            return invalid.getMessage();
        }
    }

    private static String bare(String text) {
        String shown = HostSyntax.shown(text);
        return shown.substring(1, shown.lastIndexOf('"'));
    }
}
