package io.evenkeel.kubernetes;

import io.evenkeel.kubernetes.EndpointSlice.Port;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Which port of the Pods is meant. Slices carry the Pods' ports and their names, and not the Service's port numbers.
 * The same name can stand for different numbers in different slices, while the Pods are changed from one to the other.
 *
 * <p>A number means what bears it: where it belongs to a name in one slice, it means that name in every slice. A
 * headless Service may have no ports at all; then a number is taken as it is. Where only some slices have none, their
 * Pods lack the named port that the others have.
 *
 * @param text a name or a number, or null for the only port there is
 */
record PortChoice(@Nullable String text) {

    private static final String PROTOCOL = "TCP";

    /** The names that are meant, given the ports of all slices; empty if none is, or if it is ambiguous. */
    Set<String> names(Collection<Port> ports) {
        Set<String> names = new HashSet<>();
        for (Port port : ports) {
            if (port.protocol().equals(PROTOCOL) && isMeant(port)) {
                names.add(port.name());
            }
        }
        return text == null && names.size() > 1 ? Set.of() : names;
    }

    private boolean isMeant(Port port) {
        return text == null || port.name().equals(text) || numberOf(port) == number();
    }

    /**
     * The number in one slice, or 0 if it has no such port.
     *
     * @param names that are meant
     */
    int in(EndpointSlice slice, Set<String> names) {
        int byName = 0;
        for (Port port : slice.ports()) {
            if (!port.protocol().equals(PROTOCOL) || !names.contains(port.name())) {
                continue;
            }
            int number = numberOf(port);
            if (number == number()) {
                return number;
            }
            byName = byName == 0 ? number : byName;
        }
        return byName;
    }

    /** 0 where it is not given; a port without a number stands for every number, so for the one that is asked for. */
    private int numberOf(Port port) {
        Integer number = port.number();
        return number == null ? Math.max(0, number()) : number;
    }

    /** The number where no slice has a port: the one that is asked for, or 0 if it is not a number. */
    int withoutPorts() {
        return Math.max(0, number());
    }

    boolean isNumber() {
        return number() > 0;
    }

    /** The number that the text is, or -1 if it is none. */
    private int number() {
        return text != null && !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9')
                ? Integer.parseInt(text)
                : -1;
    }

    /** What to say when no slice has it. */
    String complaint(Collection<Port> ports) {
        Set<String> shown = new TreeSet<>();
        for (Port port : ports) {
            String name = port.name().isEmpty() ? "without a name" : port.name();
            shown.add(name + " (" + (port.number() == null ? "any" : port.number()) + "/" + port.protocol() + ")");
        }
        if (shown.isEmpty()) {
            return "port: " + (text == null ? "none named" : text) + " (expected: a port number in the target, as in"
                    + " k8s:///pg.default:5432, since the Service is headless and has no ports)";
        }
        String are = String.join(", ", shown);
        if (text == null) {
            return "port: none named (expected: one, since there are several: " + are + ")";
        }
        return "port: " + text + " (expected: name or number of one of the Pods' TCP ports, which are " + are
                + "; a Service's own port numbers are not in its EndpointSlices)";
    }
}
