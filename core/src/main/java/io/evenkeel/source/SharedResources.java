package io.evenkeel.source;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What several users have in common: the connection or the watch of two sources of one {@link SourceContext}, the watch
 * of two pools, the pool of two connection factories. A resource is made for its first lease and closed with its last.
 * Thread-safe.
 *
 * <pre>
 *   no entry ── first lease ──&gt; MAKING ── made ──&gt; MADE, leases ≥ 1 ── last lease ended ──&gt; no entry, closing
 *                                  └── the maker throws ──&gt; no entry
 * </pre>
 *
 * <p>Makers and closes run outside of the lock, since they may be foreign code. While one is being made, those that
 * want it wait for that; where the maker throws, the next of them makes its own. One that is closing is out of the
 * way: a lease that is taken meanwhile is of another.
 */
public final class SharedResources {

    private final ReentrantLock lock = new ReentrantLock();
    // Invariant under the lock: every entry has leases > 0, those that wait for it to be made included.
    private final Map<Key, Entry> entries = new HashMap<>();

    private static final class Entry {
        /** Completed outside of the lock by the thread that made the entry; with null if its maker threw. */
        final CompletableFuture<@Nullable AutoCloseable> made = new CompletableFuture<>();

        int leases;
    }

    /**
     * A share in a resource.
     *
     * @param <T> what is shared
     */
    public interface Lease<T> extends AutoCloseable {

        T resource();

        /** Gives the share back; the last one closes the resource. May be called again. */
        @Override
        void close();
    }

    /**
     * Joins the resource of this key, or makes it. Blocks while another thread makes it.
     *
     * @param type of the resource; part of the key
     * @param key equal for those that are to share
     * @param maker makes one; must not lease the same key. What it throws goes to this caller alone, and nothing of it
     *     is kept
     */
    public <T extends AutoCloseable> Lease<T> lease(Class<T> type, Object key, Supplier<? extends T> maker) {
        Key whole = new Key(type, key);
        while (true) {
            Entry entry;
            boolean first;
            lock.lock();
            try {
                Entry known = entries.get(whole);
                first = known == null;
                entry = known == null ? new Entry() : known;
                entry.leases++;
                entries.put(whole, entry);
            } finally {
                lock.unlock();
            }
            AutoCloseable resource = first ? make(whole, entry, maker) : entry.made.join();
            if (resource != null) {
                return new Share<>(type.cast(resource), () -> giveBack(whole, entry, resource));
            }
        }
    }

    private AutoCloseable make(Key key, Entry entry, Supplier<? extends AutoCloseable> maker) {
        AutoCloseable made = null;
        try {
            made = Objects.requireNonNull(maker.get(), "maker (expected: makes a resource)");
            return made;
        } finally {
            if (made == null) {
                remove(key, entry);
            }
            // After that, so that those that waited find no entry and make their own.
            entry.made.complete(made);
        }
    }

    private void remove(Key key, Entry entry) {
        lock.lock();
        try {
            entries.remove(key, entry);
        } finally {
            lock.unlock();
        }
    }

    private void giveBack(Key key, Entry entry, AutoCloseable resource) {
        boolean last;
        lock.lock();
        try {
            entry.leases--;
            last = entry.leases == 0;
            if (last) {
                entries.remove(key, entry);
            }
        } finally {
            lock.unlock();
        }
        if (last) {
            close(resource);
        }
    }

    private static void close(AutoCloseable resource) {
        try {
            resource.close();
        } catch (RuntimeException failure) {
            throw failure;
        } catch (Exception failure) {
            throw new IllegalStateException(
                    "closing a shared " + resource.getClass().getName() + " failed", failure);
        }
    }

    private record Key(Class<?> type, Object key) {}

    private static final class Share<T> implements Lease<T> {

        private final T resource;
        private final AtomicReference<@Nullable Runnable> giveBack;

        Share(T resource, Runnable giveBack) {
            this.resource = resource;
            this.giveBack = new AtomicReference<>(giveBack);
        }

        @Override
        public T resource() {
            return resource;
        }

        @Override
        public void close() {
            Runnable first = giveBack.getAndSet(null);
            if (first != null) {
                first.run();
            }
        }
    }
}
