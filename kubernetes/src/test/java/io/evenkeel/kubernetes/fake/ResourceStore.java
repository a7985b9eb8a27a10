package io.evenkeel.kubernetes.fake;

import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What etcd is to the real one: objects under one revision that grows with every write, and the writes themselves back to
 * the last compaction. Thread-safe.
 */
final class ResourceStore {

    private final ReentrantLock lock = new ReentrantLock();
    // All guarded by the lock. Objects by collection and then by name, which is the order that a list has.
    private final Map<String, TreeMap<String, JsonObject>> collections = new TreeMap<>();
    private final List<Change> history = new ArrayList<>();
    private final List<Watcher> watchers = new ArrayList<>();
    private long revision = 1;
    private long compacted;

    /** All objects of a collection at one revision. */
    record Snapshot(long revision, List<JsonObject> objects) {
        Snapshot {
            objects = List.copyOf(objects);
        }
    }

    /** Told under the store's lock, so that it misses nothing and gets everything in order; it must not block. */
    interface Watcher {
        /** Comes first: what there is, and the changes since the revision that it asked for. */
        void begun(Snapshot now, List<Change> missed);

        void changed(Change change);
    }

    Snapshot list(String collection) {
        lock.lock();
        try {
            return new Snapshot(revision, List.copyOf(of(collection).values()));
        } finally {
            lock.unlock();
        }
    }

    Optional<JsonObject> get(String collection, String name) {
        lock.lock();
        try {
            return Optional.ofNullable(of(collection).get(name));
        } finally {
            lock.unlock();
        }
    }

    /**
     * Begins to tell of every change, of any collection, after {@code from}.
     *
     * @return whether it began; not if {@code from} is older than the last compaction
     */
    boolean watch(String collection, long from, Watcher watcher) {
        lock.lock();
        try {
            if (from < compacted) {
                return false;
            }
            watchers.add(watcher);
            watcher.begun(
                    list(collection),
                    history.stream().filter(change -> change.revision() > from).toList());
            return true;
        } finally {
            lock.unlock();
        }
    }

    void unwatch(Watcher watcher) {
        lock.lock();
        try {
            watchers.remove(watcher);
        } finally {
            lock.unlock();
        }
    }

    /** Writes an object at the next revision and returns it as it is now. */
    JsonObject put(String collection, JsonObject object) {
        lock.lock();
        try {
            JsonObject now = Json.atRevision(object, revision + 1);
            record(new Change(revision + 1, collection, of(collection).put(Json.name(now), now), now, false));
            return now;
        } finally {
            lock.unlock();
        }
    }

    Optional<JsonObject> delete(String collection, String name) {
        lock.lock();
        try {
            JsonObject before = of(collection).remove(name);
            if (before == null) {
                return Optional.empty();
            }
            JsonObject last = Json.atRevision(before, revision + 1);
            record(new Change(revision + 1, collection, before, last, true));
            return Optional.of(last);
        } finally {
            lock.unlock();
        }
    }

    /** Puts a collection as it was recorded in place of what is there; nobody is told. */
    void restore(String collection, long at, List<JsonObject> objects) {
        lock.lock();
        try {
            TreeMap<String, JsonObject> all = of(collection);
            all.clear();
            objects.forEach(object -> all.put(Json.name(object), object));
            revision = at;
            compacted = at;
            history.clear();
        } finally {
            lock.unlock();
        }
    }

    /** A backup takes the place of what is there; watches go on, and hear of what is written from now on. */
    void setBack(String collection, long at, List<JsonObject> objects) {
        lock.lock();
        try {
            TreeMap<String, JsonObject> all = of(collection);
            all.clear();
            objects.forEach(object -> all.put(Json.name(object), Json.atRevision(object, at)));
            revision = at;
            compacted = 0;
            history.clear();
        } finally {
            lock.unlock();
        }
    }

    /** Repeats a recorded write at its own revision. */
    void replay(String collection, JsonObject object, boolean deleted) {
        lock.lock();
        try {
            TreeMap<String, JsonObject> all = of(collection);
            String name = Json.name(object);
            JsonObject before = deleted ? all.remove(name) : all.put(name, object);
            record(new Change(Json.revision(object), collection, before, object, deleted));
        } finally {
            lock.unlock();
        }
    }

    /** Forgets how it came to be what it is: a watch from any earlier revision is refused from now on. */
    void compact() {
        lock.lock();
        try {
            compacted = revision;
            history.clear();
        } finally {
            lock.unlock();
        }
    }

    /** Uses up revisions, as writes to other resources do. */
    void skipTo(long later) {
        lock.lock();
        try {
            revision = Math.max(revision, later);
        } finally {
            lock.unlock();
        }
    }

    long revision() {
        lock.lock();
        try {
            return revision;
        } finally {
            lock.unlock();
        }
    }

    long compacted() {
        lock.lock();
        try {
            return compacted;
        } finally {
            lock.unlock();
        }
    }

    /** Deletes everything in a namespace. */
    void deleteAllIn(String namespace) {
        lock.lock();
        try {
            List.copyOf(collections.keySet()).stream()
                    .filter(collection -> collection.endsWith("/" + namespace))
                    .forEach(collection ->
                            List.copyOf(of(collection).keySet()).forEach(name -> delete(collection, name)));
        } finally {
            lock.unlock();
        }
    }

    private void record(Change change) {
        revision = change.revision();
        history.add(change);
        watchers.forEach(watcher -> watcher.changed(change));
    }

    private TreeMap<String, JsonObject> of(String collection) {
        return collections.computeIfAbsent(collection, name -> new TreeMap<>());
    }
}
