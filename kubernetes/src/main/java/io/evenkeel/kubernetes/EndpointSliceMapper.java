package io.evenkeel.kubernetes;

import io.evenkeel.endpoint.EndpointSet;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** What a set of EndpointSlices means. */
public final class EndpointSliceMapper {

    private EndpointSliceMapper() {}

    /**
     * The endpoints of all slices of one Service; a pure function.
     *
     * @param port name or number, or null for the only port
     * @param preferred which address of a dual-stack Pod counts
     */
    public static EndpointSet map(@Nullable String port, AddressFamily preferred, Collection<EndpointSlice> slices) {
        throw new UnsupportedOperationException("not there yet");
    }
}
