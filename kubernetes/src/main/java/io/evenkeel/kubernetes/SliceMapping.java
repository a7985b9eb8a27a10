package io.evenkeel.kubernetes;

import io.evenkeel.endpoint.Endpoint;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what the slices of one Service mean, slice by slice; see {@link EndpointSliceMapper}, which is the one that
 * sources use. A call that throws leaves it in any state: it is thrown away and the next one begins with all slices.
 * Not thread-safe.
 */
interface SliceMapping {

    /**
     * A slice is new or changed.
     *
     * @return false if the endpoints are what they were
     */
    boolean put(EndpointSlice slice);

    /**
     * A slice is gone.
     *
     * @return false if the endpoints are what they were
     */
    boolean remove(String name);

    /**
     * These are all slices there are.
     *
     * @return false if the endpoints are what they were
     */
    boolean replace(Collection<EndpointSlice> all);

    /** The slices now, in order of their names; a copy. */
    List<EndpointSlice> slices();

    /** The endpoints now, in order of their keys; a copy. */
    List<Endpoint> endpoints();

    /** Why there is no endpoint although there are Pods; null if all is well. */
    @Nullable
    String complaint();

    /** Why slices are refused; null if all is well. */
    @Nullable
    String fault();
}
