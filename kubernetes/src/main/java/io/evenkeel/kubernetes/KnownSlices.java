package io.evenkeel.kubernetes;

import io.evenkeel.kubernetes.ApiObject.SliceList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What is known of the slices of one Service, and from where on it can be watched further.
 *
 * <p>A server's versions only grow, and a watch sends its events in order. So an event that comes with a version below
 * the newest seen is of another time line: etcd was restored from a backup, or a proxy repeats what it has kept.
 * Nothing of it is taken over, and only a list of the newest state, asked for without a version, can tell what is true.
 * Not thread-safe.
 */
final class KnownSlices {

    private final Map<String, EndpointSlice> slices = new TreeMap<>();
    // The latest that was seen. 0, which is any, before the first.
    private String newest = "0";
    // Whether it can be watched on from there, or only a list can help.
    private boolean resumable;
    // Whether a list may not be asked for by version: the server may have been set back to a backup.
    private boolean listAnew;

    /** What an object of a watch means. */
    enum News {
        /** It changed something. */
        NEW,
        /** It was known. */
        KNOWN,
        /** It is older than what was seen before: what is known is in doubt. */
        OLDER
    }

    Collection<EndpointSlice> all() {
        return List.copyOf(slices.values());
    }

    /** Where to watch on from, or null if it has to be listed first. */
    @Nullable
    String watchFrom() {
        return resumable ? newest : null;
    }

    /** The latest version that was seen. */
    String newest() {
        return newest;
    }

    /** How old a list may be, as the API takes it: empty for the newest that there is. */
    String listVersion() {
        return listAnew ? "" : newest;
    }

    /**
     * These are all, and what was known before doesn't count.
     *
     * @return false, with nothing changed, if the list was to be at least as new as what is known and is older
     */
    boolean replaceBy(SliceList list) {
        if (!listAnew && isOlder(list.resourceVersion(), newest)) {
            return false;
        }
        newest = list.resourceVersion();
        resumable = true;
        listAnew = false;
        slices.clear();
        for (EndpointSlice slice : list.slices()) {
            slices.put(slice.name(), slice);
        }
        return true;
    }

    /** A slice is new or changed. */
    News put(EndpointSlice slice) {
        News news = moveOn(slice.resourceVersion());
        if (news == News.OLDER) {
            return news;
        }
        EndpointSlice before = slices.put(slice.name(), slice);
        boolean same = before != null && before.resourceVersion().equals(slice.resourceVersion());
        return same && !slice.resourceVersion().isEmpty() ? News.KNOWN : News.NEW;
    }

    /** A slice is gone. */
    News remove(EndpointSlice slice) {
        News news = moveOn(slice.resourceVersion());
        if (news == News.OLDER) {
            return news;
        }
        return slices.remove(slice.name()) == null ? News.KNOWN : News.NEW;
    }

    /** Everything up to this version was seen. */
    News moveOn(String to) {
        if (isOlder(to, newest)) {
            return News.OLDER;
        }
        if (to.isEmpty() || to.equals(newest)) {
            return News.KNOWN;
        }
        newest = to;
        return News.NEW;
    }

    /** A list is needed before it is watched again; it may be asked for by version. */
    void relist() {
        resumable = false;
    }

    /** The server doesn't know that version any more. */
    void expire() {
        // If it was the list that was refused, then only one without a version is left to ask for.
        listAnew |= !resumable;
        resumable = false;
    }

    /** What is known may be of another time line: it is listed without a version before it is watched again. */
    void doubt() {
        listAnew = true;
        resumable = false;
    }

    /** Versions are numbers that grow. Where they are something else, nothing is known to be older. */
    private static boolean isOlder(String a, String b) {
        return isNumber(a) && isNumber(b) && (a.length() != b.length() ? a.length() < b.length() : a.compareTo(b) < 0);
    }

    private static boolean isNumber(String text) {
        return !text.isEmpty() && text.charAt(0) != '0' && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }
}
