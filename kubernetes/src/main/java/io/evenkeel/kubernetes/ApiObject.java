package io.evenkeel.kubernetes;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an API server sends where an object is expected: a slice, a bookmark or a Status. One shape for all three, since
 * in an event the type may follow the object. Fields that were not there are empty, 0 or null.
 *
 * @param kind such as {@code EndpointSlice} or {@code Status}; items of a list have none
 * @param slice the object as a slice; its name is empty in a bookmark and in a Status
 * @param status the object as a Status
 */
record ApiObject(String kind, EndpointSlice slice, ApiStatus status) {

    String resourceVersion() {
        return slice.resourceVersion();
    }

    /**
     * A {@code v1} Status: why something was not done.
     *
     * @param code as of HTTP, 0 where it was left out
     * @param retryAfterSeconds how long to wait, or null where it doesn't say
     */
    record ApiStatus(
            int code,
            String reason,
            String message,
            @Nullable Long retryAfterSeconds) {

        static final ApiStatus NONE = new ApiStatus(0, "", "", null);
    }

    /**
     * A list of slices.
     *
     * @param resourceVersion from where to watch on
     * @param continuation what to ask for the next page with, empty in the last one
     */
    record SliceList(String resourceVersion, String continuation, List<EndpointSlice> slices) {
        SliceList {
            slices = List.copyOf(slices);
        }

        /** Of all slices together; an endpoint in two of them counts twice. */
        long endpoints() {
            return slices.stream().mapToLong(slice -> slice.endpoints().size()).sum();
        }
    }

    /** One line of a watch. */
    record WatchEvent(String type, ApiObject object) {}
}
