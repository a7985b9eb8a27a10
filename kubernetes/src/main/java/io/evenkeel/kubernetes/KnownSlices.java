package io.evenkeel.kubernetes;

import io.evenkeel.kubernetes.ApiObject.SliceList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What is known of the slices of one Service, and from where on it can be watched further.
 *
 * <p>Invariant: between two lists nothing gets older. A proxy may repeat events or let one overtake another, and a list that
 * is asked for by version is as new as what was heard before. Not thread-safe.
 */
final class KnownSlices {

    private final Map<String, EndpointSlice> slices = new TreeMap<>();
    // Of every slice that was heard of since the last list, also of those that are gone.
    private final Map<String, String> versions = new HashMap<>();
    // The latest that was heard of; a list may not be older. 0, which is any, before the first.
    private String newest = "0";
    // Whether it can be watched on from there, or only a list can help.
    private boolean resumable;
    // Whether the server refused to list by version: it may have been set back to a backup.
    private boolean listAnew;

    Collection<EndpointSlice> all() {
        return List.copyOf(slices.values());
    }

    /** Where to watch on from, or null if it has to be listed first. */
    @Nullable
    String watchFrom() {
        return resumable ? newest : null;
    }

    /** How old a list may be, as the API takes it: empty for the newest that there is. */
    String listVersion() {
        return listAnew ? "" : newest;
    }

    /** These are all, and whatever was known before doesn't count. */
    void replaceBy(SliceList list) {
        newest = list.resourceVersion();
        resumable = true;
        listAnew = false;
        slices.clear();
        versions.clear();
        for (EndpointSlice slice : list.slices()) {
            slices.put(slice.name(), slice);
            versions.put(slice.name(), slice.resourceVersion());
        }
    }

    /** @return whether this is news */
    boolean put(EndpointSlice slice) {
        boolean news = isNews(slice);
        if (news) {
            slices.put(slice.name(), slice);
        }
        moveOn(slice.resourceVersion());
        return news;
    }

    /** @return whether this is news */
    boolean remove(EndpointSlice slice) {
        boolean news = isNews(slice) && slices.remove(slice.name()) != null;
        moveOn(slice.resourceVersion());
        return news;
    }

    /** Everything up to this version was heard. */
    void moveOn(String to) {
        if (!to.isEmpty() && !isOlder(to, newest)) {
            newest = to;
        }
    }

    /** The server doesn't know that version any more. */
    void expire() {
        // If it was the list that was refused, then only one without a version is left to ask for.
        listAnew = !resumable;
        resumable = false;
    }

    private boolean isNews(EndpointSlice slice) {
        String known = versions.get(slice.name());
        if (known != null && (known.equals(slice.resourceVersion()) || isOlder(slice.resourceVersion(), known))) {
            return false;
        }
        versions.put(slice.name(), slice.resourceVersion());
        return true;
    }

    /** Versions are numbers that grow. Where they are something else, nothing is known to be older. */
    private static boolean isOlder(String a, String b) {
        return isNumber(a) && isNumber(b) && (a.length() != b.length() ? a.length() < b.length() : a.compareTo(b) < 0);
    }

    private static boolean isNumber(String text) {
        return !text.isEmpty() && text.charAt(0) != '0' && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }
}
