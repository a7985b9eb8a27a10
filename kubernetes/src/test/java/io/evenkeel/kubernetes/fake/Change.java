package io.evenkeel.kubernetes.fake;

import com.google.gson.JsonObject;
import org.jspecify.annotations.Nullable;

/**
 * One write to the store.
 *
 * @param before the object as it was, or null if it is new
 * @param after the object as it is, or, if it was deleted, as it last was with the revision of its deletion
 */
record Change(long revision, String collection, @Nullable JsonObject before, JsonObject after, boolean deleted) {

    /** The event that a watch with this selector gets, or null: an object that begins to match is new to it. */
    @Nullable
    String eventFor(Selector selector) {
        boolean did = before != null && selector.matches(before);
        boolean does = !deleted && selector.matches(after);
        if (did) {
            return does ? "MODIFIED" : "DELETED";
        }
        return does ? "ADDED" : null;
    }
}
